// Adapters on a linear layer: their factors packed in bf16 for the tensor cores, and their gradients.
#pragma once
#include "api.h"
#include "device/device.h"
#include "layout.h"
#include "matmul_kernel.h"

namespace candor {

// Where the packed factors of a product lie, in scratch memory: for each run of rows the factors of all its entries, which stand
// at their columns of t and at their outputs, zeros around them.
struct PackedLora {
    bf16* a;         // per run (P, a_stride): the down projections
    bf16* b;         // per run (O, P): the up projections
    LoraRun* runs;
    float* scales;   // per run, for every 16 columns of t
    uint32_t* marks; // per entry and packing block: whether it met a factor that is not finite
    int entries, count, padded_rank, inputs, outputs;  // count: runs
    int64_t a_stride;

    __host__ __device__ int64_t a_size() const { return padded_rank * a_stride; }
    __host__ __device__ int64_t b_size() const { return (int64_t)outputs * padded_rank; }
};

// Whether an entry is the first of its rows: those that follow speak of the same ones, and of columns of t behind its own.
bool begins_run(const candor_lora* entries, int index);

PackedLora lay_out_lora(Layout& layout, const candor_lora* entries, int count, int padded_rank, int inputs, int outputs);

// Fills what was laid out, from float32. Factors that are not finite in bf16 become zeros, and the
// entry's scale NaN: rows of other runs, which are zeros, share tiles with them, and 0 times infinity is no zero.
cudaError_t pack_lora(const PackedLora& packed, const candor_lora* entries, cudaStream_t stream);

// Which of the two gradients: da (R,I) += dtT x, or db (O,R) += dyT t.
enum class Factor { a, b };

// Floats of scratch memory that lora_gradient wants for both factors.
int64_t gradient_floats(const candor_lora* entries, int count, int padded_rank, int inputs);

// narrow (N,padded_rank): dt or t; wide (N,I) or (N,O): x or dy. Sums over tokens are cut in pieces by position in the run, and
// the pieces are added in order. x is read once for all entries of a run, and each column of dy once.
cudaError_t lora_gradient(Factor factor, const Matrix& narrow, const Matrix& wide, int inputs, int padded_rank,
    const candor_lora* entries, int count, float* partials, cudaStream_t stream);

}  // namespace candor
