// What operations on rows share: eight neighbouring columns are a piece, a thread takes pieces, and whether a piece is read at
// once or element by element changes no byte of the result.
#pragma once

#include "api.h"
#include "device/device.h"

namespace candor {

constexpr int kRowThreads = 256;

// Columns col to col + 8 of a row; beyond `cols`, zeros.
__device__ __forceinline__ Eight read8(const bf16* row, int col, int cols) {
    const bf16* p = row + col;
    if (cols - col >= 8 && reinterpret_cast<uintptr_t>(p) % 16 == 0) return load8(p);
    Eight e;
#pragma unroll
    for (int i = 0; i < 8; i++) e.v[i] = col + i < cols ? to_float(p[i]) : 0.0f;
    return e;
}

// Writes those that are within `cols`.
__device__ __forceinline__ void write8(bf16* row, int col, int cols, const Eight& e) {
    bf16* p = row + col;
    if (cols - col >= 8 && reinterpret_cast<uintptr_t>(p) % 16 == 0) {
        store8(p, e);
        return;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
        if (col + i < cols) p[i] = to_bf16(e.v[i]);
    }
}

// The pieces of rows x cols in a grid of one dimension: call body(row, first column) for each piece of this thread.
template <class Body>
__device__ __forceinline__ void each_piece(int rows, int cols, const Body& body) {
    const int pieces = (cols + 7) / 8;
    const int64_t total = static_cast<int64_t>(rows) * pieces;
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        body(static_cast<int>(i / pieces), static_cast<int>(i % pieces) * 8);
    }
}

// Enough blocks for all pieces, or enough to fill the device, whichever is less.
inline LaunchShape piece_shape(int rows, int cols, const candor_stream* stream) {
    const int64_t total = static_cast<int64_t>(rows) * ((cols + 7) / 8);
    const int blocks = ceil_div(total, kRowThreads);
    const int most = 16 * stream->device->multiprocessors;
    return {dim3(blocks < most ? blocks : most), dim3(kRowThreads), 0, stream->handle};
}

}  // namespace candor
