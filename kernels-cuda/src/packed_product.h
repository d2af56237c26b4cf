// y = x wT for few rows, where w is packed: its codes travel by cp.async to the thread that asked for them, which puts their
// numbers as bf16 into a tile; all else is as in other products. The sum over k runs in the same steps of 16, by the same
// instructions, so that a row's bytes are those of a product with w unpacked before.
//
// A Core holds the sums and multiplies: mma.sync or wgmma. A block takes 32 columns of y, in steps of 128 columns of k; tiles lie
// as wgmma wants them, 64 columns of k behind the other 64. Each thread unpacks 32 neighbours of a row of w.
#pragma once
#include "matmul_finish.h"
#include "matmul_kernel.h"

namespace candor {

struct PackedTile {
    static constexpr int kColumns = 32, kDepth = 128, kBoxDepth = 64, kStages = 3, kThreads = 128;
    static constexpr int kPiece = 32, kPieces = kDepth / kPiece;
    static_assert(kColumns * kPieces == kThreads, "a piece for each thread");
};

template <Form F, class Core>
struct PackedShared {
    alignas(1024) bf16 x[PackedTile::kStages][Core::kRows * PackedTile::kDepth];
    alignas(1024) bf16 w[PackedTile::kStages][PackedTile::kColumns * PackedTile::kDepth];
    // Each thread's codes, which nobody else reads.
    alignas(16) uint8_t codes[PackedTile::kStages][PackedTile::kThreads][PackedTile::kPiece * kCodeBits<F> / 8];
    Codebook<F> book;
};

// The steps over k: the product's own, then those of every run of rows with an adapter.
struct PackedSteps {
    int own, per_run, count;

    __device__ __forceinline__ explicit PackedSteps(const MatmulArguments& g)
        : own((g.k + PackedTile::kDepth - 1) / PackedTile::kDepth),
          per_run((g.lora.depth + PackedTile::kDepth - 1) / PackedTile::kDepth), count(own + g.lora.count * per_run) {}

    __device__ __forceinline__ int run(int step) const { return (step - own) / per_run; }
    __device__ __forceinline__ int k(int step) const {
        return (step < own ? step : (step - own) % per_run) * PackedTile::kDepth;
    }
    // Products of 16 columns in a step.
    __device__ __forceinline__ int products(const MatmulArguments& g, int step) const {
        return min(PackedTile::kDepth, (step < own ? g.k : g.lora.depth) - k(step) + 15) / 16;
    }
};

// tile = the first `rows` rows of the source from column k on, zero outside [first_row, end_row) and below `depth`, as far as
// `products` read it.
template <int Rows>
__device__ __forceinline__ void load_boxes(
    bf16* tile, int rows, const Matrix& source, int first_row, int end_row, int k, int depth, int products) {
    constexpr int kChunks = PackedTile::kDepth / kChunk, kBoxChunks = PackedTile::kBoxDepth / kChunk;
    for (int i = threadIdx.x; i < rows * kChunks; i += PackedTile::kThreads) {
        const int r = i / kChunks, c = i % kChunks, column = k + c * kChunk;
        if (c >= products * 2) continue;
        const int elements = r >= first_row && r < end_row && column < depth ? min(kChunk, depth - column) : 0;
        const bf16* from = elements ? source.data + r * source.stride + column : source.data;
        bf16* to = tile + c / kBoxChunks * (Rows * PackedTile::kBoxDepth) + swizzled<PackedTile::kBoxDepth>(r, c % kBoxChunks);
        if (source.aligned) {
            cp_async16(shared_address(to), from, elements * (int)sizeof(bf16));
        } else {
            for (int e = 0; e < kChunk; e++) to[e] = e < elements ? from[e] : to_bf16(0.0f);
        }
    }
}

template <Form F, class Core>
struct PackedProduct {
    using T = PackedTile;
    PackedShared<F, Core>& s;
    const MatmulArguments& g;
    const PackedSteps steps;
    const int column;              // of y, the block's first
    const int row;                 // of w, this thread's; beyond the last one, the last one, whose sums go nowhere
    const int piece;

    __device__ __forceinline__ PackedProduct(PackedShared<F, Core>& s, const MatmulArguments& g)
        : s(s), g(g), steps(g), column(blockIdx.x * T::kColumns), row(min(column + (int)threadIdx.x / T::kPieces, g.n - 1)),
          piece(threadIdx.x % T::kPieces) {}

    __device__ __forceinline__ int piece_column(int step) const { return steps.k(step) + piece * T::kPiece; }
    __device__ __forceinline__ bool has_piece(int step) const { return step < steps.own && piece_column(step) < g.k; }
    __device__ __forceinline__ float scale(int step) const {
        return has_piece(step) ? scale_of<F>(g.packed, s.book, row, piece_column(step)) : 0.0f;
    }

    __device__ __forceinline__ void load(int step) {
        if (step < steps.count) {
            const int stage = step % T::kStages, k = steps.k(step), products = steps.products(g, step);
            if (step < steps.own) {
                load_boxes<Core::kRows>(s.x[stage], g.m, g.x, 0, g.m, k, g.k, products);
                if (has_piece(step)) load_codes(stage, piece_column(step));
            } else {
                const LoraRun run = g.lora.run(steps.run(step));
                const Matrix factors = {g.lora.factors + run.slot * g.lora.size + column * g.lora.stride, g.lora.stride, true};
                // Rows of other runs are zeros, so that they add nothing.
                load_boxes<Core::kRows>(
                    s.x[stage], g.m, g.lora.left, run.start, run.end, k, g.lora.depth, products);
                load_boxes<T::kColumns>(s.w[stage], T::kColumns, factors, 0, g.n - column, k, g.lora.depth, products);
            }
        }
        cp_async_commit();  // empty at the end, so that the count of groups in flight stays the same
    }

    __device__ __forceinline__ void load_codes(int stage, int k) {
        constexpr int kBytes = sizeof s.codes[0][0];
        const uint8_t* from = g.packed.codes + (row * g.packed.stride + k) / 8 * kCodeBits<F>;
#pragma unroll
        for (int i = 0; i < kBytes; i += 16) cp_async16(shared_address(s.codes[stage][threadIdx.x] + i), from + i, 16);
    }

    __device__ __forceinline__ void unpack_piece(int stage, float scale) {
        constexpr int kWords = sizeof s.codes[0][0] / 4, kChunks = T::kPiece / kChunk;
        uint32_t words[kWords];
#pragma unroll
        for (int i = 0; i < kWords; i += 4) {
            const uint4 four = *reinterpret_cast<const uint4*>(s.codes[stage][threadIdx.x] + 4 * i);
            words[i] = four.x, words[i + 1] = four.y, words[i + 2] = four.z, words[i + 3] = four.w;
        }
        const int first = piece * kChunks, r = threadIdx.x / T::kPieces;
        bf16* box = s.w[stage] + first / (T::kBoxDepth / kChunk) * (T::kColumns * T::kBoxDepth);
#pragma unroll
        for (int c = 0; c < kChunks; c++) {
            constexpr int kEach = kWords / kChunks;
            const Eight e = unpack8<F>(s.book, words[c * kEach], words[c * kEach + kEach - 1], scale);
            store8(box + swizzled<T::kBoxDepth>(r, (first + c) % (T::kBoxDepth / kChunk)), e);
        }
    }

    __device__ __forceinline__ void run() {
        load_codebook<F, T::kThreads>(s.book, g.packed, threadIdx.x);
        // Rows that do not exist are multiplied, too.
        for (int i = threadIdx.x; i < T::kStages * Core::kRows * T::kDepth / kChunk; i += T::kThreads) {
            *reinterpret_cast<uint4*>(s.x[0] + i * kChunk) = make_uint4(0, 0, 0, 0);
        }
        __syncthreads();  // the codebook and the zeros are there
#pragma unroll
        for (int step = 0; step < T::kStages - 1; step++) load(step);
        Core core;
        float next = scale(0);
        for (int step = 0; step < steps.count; step++) {
            const int stage = step % T::kStages;
            cp_async_wait<T::kStages - 2>();
            if (has_piece(step)) unpack_piece(stage, next);
            Core::written();
            __syncthreads();  // this step's tiles are there for all, and all have multiplied the stage that is filled next
            load(step + T::kStages - 1);
            next = scale(step + 1);
            core.multiply(s.x[stage], s.w[stage], steps.products(g, step), step > 0);
        }
        core.finish(g, column);
    }
};

template <Form F, class Core>
cudaError_t launch_packed(
    const char* name, void (*kernel)(const MatmulArguments), const MatmulArguments& g, cudaStream_t stream) {
    const dim3 grid(ceil_div(g.n, PackedTile::kColumns));
    return launch(name, kernel, {grid, dim3(PackedTile::kThreads), sizeof(PackedShared<F, Core>), stream}, g);
}

}  // namespace candor
