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
    const candor_matrix* y, const candor_matrix* x, const candor_dropping* dropping, int32_t add, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("dropout");
    const int n = rows(x), i = cols(x);
    const candor_dropping& drops = *dropping;
    int status = check(where, {{"y", y, CANDOR_BF16, n, i}, {"x", x, CANDOR_BF16, n, i}});
    if (status == 0 && (drops.start < 0 || drops.end > n)) {
        status = refuse(CANDOR_BAD_ARGUMENT, where, "rows %d to %d of %d", drops.start, drops.end, n);
    }
    if (status == 0) status = enter(stream, where);
    const int count = drops.end - drops.start;
    if (status != 0 || count <= 0) return status;
    const Mask mask = {drops.keys, drops.sequences, drops.positions, static_cast<uint32_t>(drops.module),
        static_cast<uint32_t>(drops.threshold), drops.scale};
    return report(
        launch(
            where.op, drop, piece_shape(count, i, stream), data<bf16>(y), stride(y), data<const bf16>(x), stride(x), mask, add,
            drops.start, count, i),
        where, "rows %d to %d, I=%d", drops.start, drops.end, i);
}
