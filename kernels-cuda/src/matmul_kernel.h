// What a matrix product on tensor cores is asked for: matmul_wgmma.cu or matmul_mma.cu computes it.
#pragma once
#include "api.h"
#include "device/device.h"

namespace candor {

// Rows of a batch whose adapters are those of a slot of an image (lora.h).
struct LoraRun {
    int start, end;
    int slot;
};

constexpr int kScaleColumns = 16;  // of t that have one scale
constexpr int kFewRuns = 16;       // in the parameters of a launch

// Adapters in one product, packed for the tensor cores.
struct LoraExtension {
    Matrix left;          // (M, depth)
    const bf16* factors;  // per slot (N, depth), or (depth, N) as the right operand of the product lies
    int64_t size;         // elements of a slot
    int64_t stride;       // elements of a row of the factors; all aligned
    const float* scales;  // (slots, scale_groups) in device memory: of each slot, for 16 columns of t
    int slots, scale_groups;
    int count;            // runs, rows rising
    int depth;
    int pieces, piece_depth;  // of the depth, where rows of runs alone are wanted, and more than one
    LoraRun few[kFewRuns];
    const LoraRun* many;  // in device memory, where they are more

    // Where a piece of the depth begins and ends.
    __device__ __forceinline__ int first_of(int piece) const { return piece * piece_depth; }
    __device__ __forceinline__ int end_of(int piece) const {
        return pieces > 1 ? min(depth, (piece + 1) * piece_depth) : depth;
    }
    __host__ __device__ __forceinline__ int slot_rows() const { return (int)(size / stride); }
    __device__ __forceinline__ LoraRun run(int index) const { return count <= kFewRuns ? few[index] : many[index]; }
    __device__ __forceinline__ float scale(int slot, int column) const {
        return scales[slot * scale_groups + column / kScaleColumns];
    }
};

// What becomes of y on its way out, where matmul_joins says so; bias, but no residual, is added before.
struct Epilogue {
    const float* table;       // (P,width): how heads turn, or null where none do
    int64_t table_stride;
    const int32_t* positions; // (M)
    int width, columns;       // of a head, and of all heads that turn: the first ones of y
    bf16* gated;              // (M,N/2): what comes of y = [gate | up], or null where nothing does
    int64_t gated_stride;
    bool gelu, kept;          // kept: y is written too
};

// y (M,N) = x (M,K) wT + bias + residual + the extension, w (N,K); or x w, w (K,N), where `transposed`. The extension adds
// left * factors for the rows of each run; in pieces, y is (pieces,M,N) float32, the sums of each, without scales.
struct MatmulArguments {
    Matrix x, w;
    Packed packed;            // in place of w, where it has a form
    int m, n, k;
    LoraExtension lora;       // count 0: none
    bool scaled_runs_only;    // rows of runs only, times their run's scale of each column; the others are left alone
    const float* bias;        // (N), or null
    const bf16* residual;     // (M,N), or null; may be y
    int64_t residual_stride;
    void* y;
    int64_t y_stride;
    bool float_output, add;   // add: to a float32 output, which is set otherwise
    Epilogue then;
};

cudaError_t matmul(const MatmulArguments& arguments, bool transposed, const candor_device* device, cudaStream_t stream);

// With m and n above 0: on any device, and where the tensor cores of sm_90a can take it.
cudaError_t matmul_mma(const MatmulArguments& arguments, bool transposed, const candor_device* device, cudaStream_t stream);
// Whether a tile of mma.sync's was asked for (candor_mma_tile_use).
bool mma_asked();
bool wgmma_takes(const MatmulArguments& arguments, const candor_device* device);
cudaError_t matmul_wgmma(const MatmulArguments& arguments, bool transposed, const candor_device* device, cudaStream_t stream);

// Whether y = x wT goes out with its epilogue. The bytes are those of a kernel behind it.
bool matmul_joins(const MatmulArguments& arguments, const candor_device* device);
bool wgmma_joins(const MatmulArguments& arguments);

// Whether a product y = x wT reads a packed w as it is: few rows, and k in whole blocks. Its bytes are those of w unpacked before.
bool matmul_takes(const MatmulArguments& arguments, const Packed& w, const candor_device* device);

// How many rows the two kernels take, one tile of their instructions.
constexpr int kPackedRowsOfMma = 16, kPackedRowsOfWgmma = 64;
cudaError_t matmul_mma_packed(const MatmulArguments& arguments, cudaStream_t stream);
cudaError_t matmul_wgmma_packed(const MatmulArguments& arguments, cudaStream_t stream);

}  // namespace candor
