// Inverted dropout (Srivastava et al. 2014) by counter: whether an element is kept is a function of its sequence's key, the
// layer, its position and its column, through Philox 4x32-10 (Salmon et al. 2011).
#include "rows.h"

namespace candor {
namespace {

// Four random words for a key of two and this counter.
__device__ __forceinline__ void philox(uint32_t (&c)[4], uint32_t k0, uint32_t k1) {
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
        c[0] = static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0;
        c[1] = static_cast<uint32_t>(p1);
        c[2] = static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1;
        c[3] = static_cast<uint32_t>(p0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

// What is dropped: a word below the threshold drops its element, and the others are scaled.
struct Mask {
    const int32_t *keys, *sequences, *positions;
    uint32_t module, threshold;
    float scale;
};

__global__ void drop(
    bf16* y, int64_t y_stride, const bf16* x, int64_t x_stride, const Mask mask, int add, int start, int rows, int cols) {
    each_piece(rows, cols, [=](int index, int col) {
        const int row = start + index;
        const int32_t* key = mask.keys + 2 * static_cast<int64_t>(mask.sequences[row]);
        const uint32_t position = static_cast<uint32_t>(mask.positions[row]);
        Eight out = read8(x + row * x_stride, col, cols);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            uint32_t words[4] = {static_cast<uint32_t>(col / 4 + half), mask.module, position, 0};
            philox(words, static_cast<uint32_t>(key[0]), static_cast<uint32_t>(key[1]));
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float& v = out.v[4 * half + i];
                v = words[i] >= mask.threshold ? v * mask.scale : 0.0f;
            }
        }
        bf16* to = y + row * y_stride;
        if (add) {
            const Eight before = read8(to, col, cols);
#pragma unroll
            for (int i = 0; i < 8; i++) out.v[i] += before.v[i];
        }
        write8(to, col, cols, out);
    });
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_dropout(
    candor_bf16* y, int64_t y_stride, const candor_bf16* x, int64_t x_stride, const int32_t* keys, const int32_t* sequences,
    const int32_t* positions, int32_t module, int32_t threshold, float scale, int32_t add, int32_t start, int32_t end, int32_t i,
    candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("dropout");
    const int status = enter(stream, where);
    if (status != 0 || end <= start) return status;
    const Mask mask = {keys, sequences, positions, static_cast<uint32_t>(module), static_cast<uint32_t>(threshold), scale};
    return report(
        launch(
            where.op, drop, piece_shape(end - start, i, stream), cast(y), y_stride, cast(x), x_stride, mask, add, start,
            end - start, i),
        where, "rows %d to %d, I=%d", start, end, i);
}
