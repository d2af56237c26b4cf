// Tiles of bf16 in shared memory: filled by asynchronous copies, read as fragments of mma.m16n8k16.
#pragma once
#include "convert.h"
#include "swizzle.h"

namespace candor {

// A matrix in global memory. `aligned`: every row begins at a multiple of 16 bytes.
struct Matrix {
    const bf16* data;
    int64_t stride;
    bool aligned;
};

// Whether rows so many elements apart all begin at a multiple of 16 bytes.
inline bool rows_are_aligned(const void* data, int64_t stride, int element_bytes = 2) {
    return reinterpret_cast<uintptr_t>(data) % 16 == 0 && stride * element_bytes % 16 == 0;
}

// tile (Rows, Columns) = source from (row, column) on, zero outside rows [first_row, end_row) and columns below end_column.
// Threads with numbers 0 to Threads - 1 take part, `thread` is the caller's. What is aligned arrives when its cp.async group is waited for, the rest at once; both
// are visible to others after the next barrier.
template <int Rows, int Columns, int Threads>
__device__ __forceinline__ void load_tile(
    bf16* tile, const Matrix& source, int row, int first_row, int end_row, int column, int end_column, int thread) {
    constexpr int kRowChunks = Columns / kChunk;
#pragma unroll 4
    for (int i = thread; i < Rows * kRowChunks; i += Threads) {
        const int r = i / kRowChunks, c = i % kRowChunks;
        const int from_column = column + c * kChunk;
        const bool inside = row + r >= first_row && row + r < end_row && from_column < end_column;
        const int elements = inside ? min(kChunk, end_column - from_column) : 0;
        const bf16* from = elements ? source.data + (row + r) * source.stride + from_column : source.data;
        bf16* to = tile + swizzled<Columns>(r, c);
        if (source.aligned) {
            cp_async16(shared_address(to), from, elements * (int)sizeof(bf16));
        } else {
            for (int e = 0; e < kChunk; e++) to[e] = e < elements ? from[e] : to_bf16(0.0f);
        }
    }
}

// The left operand's 16 x 16 at (row, column) of a tile that holds it row by row.
template <int Columns>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], const bf16* tile, int row, int column) {
    const int lane = threadIdx.x % 32;
    ldmatrix_x4(a, shared_address(tile + swizzled<Columns>(row + lane % 16, column / kChunk + lane / 16)));
}

// The same where the tile holds the transposed matrix: its 16 x 16 at tile row k, tile column m.
template <int Columns>
__device__ __forceinline__ void load_a_transposed(uint32_t (&a)[4], const bf16* tile, int k, int m) {
    const int lane = threadIdx.x % 32;
    const int row = k + lane % 8 + lane / 16 * 8;
    ldmatrix_x4_trans(a, shared_address(tile + swizzled<Columns>(row, m / kChunk + lane / 8 % 2)));
}

// The right operand's 16 (k) x 16 (n), two fragments side by side, of a tile whose rows are n and whose columns are k.
template <int Columns>
__device__ __forceinline__ void load_b(uint32_t (&b)[2][2], const bf16* tile, int n, int k) {
    const int lane = threadIdx.x % 32;
    const int row = n + lane % 8 + lane / 16 * 8;
    uint32_t r[4];
    ldmatrix_x4(r, shared_address(tile + swizzled<Columns>(row, k / kChunk + lane / 8 % 2)));
    b[0][0] = r[0], b[0][1] = r[1], b[1][0] = r[2], b[1][1] = r[3];
}

// The same where the tile's rows are k and its columns are n.
template <int Columns>
__device__ __forceinline__ void load_b_transposed(uint32_t (&b)[2][2], const bf16* tile, int k, int n) {
    const int lane = threadIdx.x % 32;
    uint32_t r[4];
    ldmatrix_x4_trans(r, shared_address(tile + swizzled<Columns>(k + lane % 16, n / kChunk + lane / 16)));
    b[0][0] = r[0], b[0][1] = r[1], b[1][0] = r[2], b[1][1] = r[3];
}

// Where an element of an accumulator fragment lies in its 16 x 8: value i of this lane.
__device__ __forceinline__ int fragment_row(int i) {
    return threadIdx.x % 32 / 4 + i / 2 * 8;
}
__device__ __forceinline__ int fragment_column(int i) {
    return threadIdx.x % 4 * 2 + i % 2;
}

}  // namespace candor
