// Matrix products with mma.sync, for sm_80 and all that came after: both operands travel by cp.async through a ring of
// stages in shared memory and reach the tensor cores by ldmatrix. The sum over k runs in steps of 16 in rising order whatever
// the tile, and the adapters' columns come behind it, so that a row's bytes depend neither on its neighbours nor on the tile.
#include <algorithm>
#include <atomic>

#include "candor_tuning.h"
#include "matmul_finish.h"
#include "matmul_kernel.h"

namespace candor {
namespace {

// A block's tile, the tile of one of its warps, and the ring.
template <int Rows, int Columns, int WarpRows, int WarpColumns, int Stages = 3>
struct Tile {
    static constexpr int kRows = Rows, kColumns = Columns, kWarpRows = WarpRows, kWarpColumns = WarpColumns;
    static constexpr int kDepth = 32, kStages = Stages;
    static constexpr int kWarpsAcross = Columns / WarpColumns;
    static constexpr int kThreads = Rows / WarpRows * kWarpsAcross * kWarp;
    // Whether it can take a piece of an extension's depth: those of few rows alone, as others have no register to spare.
    static constexpr bool kInPieces = Rows <= 64;
    struct Shared {
        alignas(128) bf16 x[kStages][Rows * kDepth];
        alignas(128) bf16 w[kStages][Columns * kDepth];
    };
};

// The blocks' walk over k: first the product's own steps, then those of every run that has rows in this tile.
template <class T>
struct Steps {
    int own, per_run, first_run, count;

    __device__ __forceinline__ Steps(const MatmulArguments& g, int row, int piece) {
        own = (g.k + T::kDepth - 1) / T::kDepth;
        per_run = (end_k(g, piece) - first_k(g, piece) + T::kDepth - 1) / T::kDepth;
        first_run = 0;
        while (first_run < g.lora.count && g.lora.run(first_run).end <= row) first_run++;
        int runs = 0;
        while (first_run + runs < g.lora.count && g.lora.run(first_run + runs).start < row + T::kRows) runs++;
        count = own + runs * per_run;
    }

    // Of a run's depth.
    static __device__ __forceinline__ int first_k(const MatmulArguments& g, int piece) {
        return T::kInPieces ? g.lora.first_of(piece) : 0;
    }
    static __device__ __forceinline__ int end_k(const MatmulArguments& g, int piece) {
        return T::kInPieces ? g.lora.end_of(piece) : g.lora.depth;
    }
};

template <class T, bool Transposed>
__device__ __forceinline__ void load_right(
    bf16* tile, const Matrix& w, int column, int columns, int k, int depth) {
    if (Transposed) {
        load_tile<T::kDepth, T::kColumns, T::kThreads>(tile, w, k, 0, depth, column, columns, threadIdx.x);
    } else {
        load_tile<T::kColumns, T::kDepth, T::kThreads>(tile, w, column, 0, columns, k, depth, threadIdx.x);
    }
}

template <class T, bool Transposed>
__device__ __forceinline__ void load_step(
    typename T::Shared& s, const MatmulArguments& g, const Steps<T>& steps, int step, int row, int column) {
    if (step < steps.count) {
        bf16* x = s.x[step % T::kStages];
        bf16* w = s.w[step % T::kStages];
        if (step < steps.own) {
            const int k = step * T::kDepth;
            load_tile<T::kRows, T::kDepth, T::kThreads>(x, g.x, row, 0, g.m, k, g.k, threadIdx.x);
            load_right<T, Transposed>(w, g.w, column, g.n, k, g.k);
        } else {
            const LoraRun run = g.lora.run(steps.first_run + (step - steps.own) / steps.per_run);
            const int piece = blockIdx.z, end = steps.end_k(g, piece);
            const int k = steps.first_k(g, piece) + (step - steps.own) % steps.per_run * T::kDepth;
            const Matrix factors = {g.lora.factors + run.slot * g.lora.size, g.lora.stride, true};
            // Rows of other runs are zeros, so that they add nothing.
            load_tile<T::kRows, T::kDepth, T::kThreads>(
                x, g.lora.left, row, run.start, run.end, k, end, threadIdx.x);
            load_right<T, Transposed>(w, factors, column, g.n, k, end);
        }
    }
    cp_async_commit();  // empty at the end, so that the count of groups in flight stays the same
}

template <class T, bool Transposed>
__device__ __forceinline__ void multiply_step(
    float (&d)[T::kWarpRows / 16][T::kWarpColumns / 8][4], const bf16* x, const bf16* w, int warp_row, int warp_column) {
#pragma unroll
    for (int k = 0; k < T::kDepth; k += 16) {
        uint32_t a[T::kWarpRows / 16][4];
#pragma unroll
        for (int i = 0; i < T::kWarpRows / 16; i++) load_a<T::kDepth>(a[i], x, warp_row + i * 16, k);
#pragma unroll
        for (int j = 0; j < T::kWarpColumns / 16; j++) {
            uint32_t b[2][2];
            if (Transposed) {
                load_b_transposed<T::kColumns>(b, w, k, warp_column + j * 16);
            } else {
                load_b<T::kDepth>(b, w, warp_column + j * 16, k);
            }
#pragma unroll
            for (int i = 0; i < T::kWarpRows / 16; i++) {
                mma_m16n8k16_bf16(d[i][2 * j], a[i], b[0]);
                mma_m16n8k16_bf16(d[i][2 * j + 1], a[i], b[1]);
            }
        }
    }
}

template <class T, bool Transposed>
__global__ void __launch_bounds__(T::kThreads) matmul_kernel(const MatmulArguments g) {
    typename T::Shared& s = shared<typename T::Shared>();
    const int row = blockIdx.x * T::kRows, column = blockIdx.y * T::kColumns;
    const int warp = threadIdx.x / kWarp;
    const int warp_row = warp / T::kWarpsAcross * T::kWarpRows, warp_column = warp % T::kWarpsAcross * T::kWarpColumns;
    const Steps<T> steps(g, row, blockIdx.z);
    float d[T::kWarpRows / 16][T::kWarpColumns / 8][4] = {};
#pragma unroll
    for (int step = 0; step < T::kStages - 1; step++) load_step<T, Transposed>(s, g, steps, step, row, column);
    for (int step = 0; step < steps.count; step++) {
        cp_async_wait<T::kStages - 2>();
        __syncthreads();  // this step's tiles are there for all, and all have read the stage that is filled next
        load_step<T, Transposed>(s, g, steps, step + T::kStages - 1, row, column);
        multiply_step<T, Transposed>(d, s.x[step % T::kStages], s.w[step % T::kStages], warp_row, warp_column);
    }
#pragma unroll
    for (int i = 0; i < T::kWarpRows / 16; i++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int r = row + warp_row + i * 16 + fragment_row(2 * half);
            if (r >= g.m) continue;
            const int slot = g.scaled_runs_only ? slot_of(g.lora, r) : 0;
            if (slot < 0) continue;
#pragma unroll
            for (int j = 0; j < T::kWarpColumns / 8; j++) {
                const int c = column + warp_column + j * 8 + fragment_column(0);
                if (c >= g.n) continue;
                const float scale = g.scaled_runs_only && !(T::kInPieces && g.lora.pieces > 1) ? g.lora.scale(slot, c) : 1.0f;
                finish(g, T::kInPieces ? (int)blockIdx.z * g.m + r : r, c, d[i][j][2 * half] * scale, d[i][j][2 * half + 1] * scale);
            }
        }
    }
}

template <class T, bool Transposed>
cudaError_t launch_tile(const MatmulArguments& g, cudaStream_t stream) {
    const dim3 grid((g.m + T::kRows - 1) / T::kRows, (g.n + T::kColumns - 1) / T::kColumns,
        std::max(g.lora.pieces, 1));
    return launch("matmul", matmul_kernel<T, Transposed>,
        {grid, dim3(T::kThreads), sizeof(typename T::Shared), stream}, g);
}

// A warp of 64 by 64 reads a third less of shared memory for a product than one of 64 by 32. Deep takes nearly all shared memory that a
// block has on compute capability 8.6 and 8.9.
using Deep = Tile<128, 256, 64, 64, 4>;
using Square = Tile<128, 128, 64, 64, 4>;
using Large = Tile<128, 128, 64, 32>;
using Medium = Tile<64, 64, 32, 32>;
using FewRows = Tile<16, 128, 16, 32>;    // decoding
using FewColumns = Tile<64, 16, 16, 16>;  // down to an adapter's rank

typedef cudaError_t (*Launcher)(const MatmulArguments&, cudaStream_t);

struct TileChoice {
    const char* name;
    Launcher launchers[2];  // y = x wT, y = x w
};

template <class T>
constexpr TileChoice choice(const char* name) {
    return {name, {launch_tile<T, false>, launch_tile<T, true>}};
}

enum Number { deep, square, large, medium, few_rows, few_columns };

const TileChoice kTiles[] = {choice<Deep>("128x256, 4 stages of 32"), choice<Square>("128x128, 4 stages of 32, 4 warps"),
    choice<Large>("128x128, 3 stages of 32, 8 warps"), choice<Medium>("64x64, 3 stages of 32"),
    choice<FewRows>("16x128, 3 stages of 32"), choice<FewColumns>("64x16, 3 stages of 32")};
constexpr int kTileCount = sizeof kTiles / sizeof kTiles[0];

std::atomic<int> asked_tile{-1};

template <class T>
bool fills(int m, int n, int multiprocessors) {
    return (int64_t)ceil_div(m, T::kRows) * ceil_div(n, T::kColumns) >= multiprocessors;
}

// From shape and device to a tile. Reasoned, not measured: large tiles read each operand least often, and are worth it
// once there are enough of them for every multiprocessor. On 8.0 the tensor cores want twice as much in a cycle as on 8.6 and 8.9,
// where two blocks of the smaller tile hide each other's waits instead.
Number choose(int m, int n, const candor_device* device) {
    if (n <= FewColumns::kColumns) return few_columns;
    if (m <= FewRows::kRows) return few_rows;
    if (m <= Medium::kRows) return medium;
    if (device->architecture == 80 && fills<Deep>(m, n, device->multiprocessors)) return deep;
    return fills<Large>(m, n, device->multiprocessors) ? large : medium;
}

}  // namespace

bool mma_asked() {
    return asked_tile.load() >= 0;
}

cudaError_t matmul_mma(const MatmulArguments& g, bool transposed, const candor_device* device, cudaStream_t stream) {
    const int asked = asked_tile.load(), number = asked >= 0 ? asked : choose(g.m, g.n, device);
    const bool in_pieces = g.lora.pieces > 1;
    return kTiles[in_pieces ? std::max(number, (int)medium) : number].launchers[transposed](g, stream);
}

}  // namespace candor

CANDOR_API int candor_mma_tile_count(void) {
    return candor::kTileCount;
}

CANDOR_API const char* candor_mma_tile_name(int tile) {
    return tile >= 0 && tile < candor::kTileCount ? candor::kTiles[tile].name : nullptr;
}

CANDOR_API void candor_mma_tile_use(int tile) {
    candor::asked_tile = tile < candor::kTileCount ? tile : -1;
}
