// Rotary positions (Su et al. 2021), in place; the first half of a head's columns turns with the second.
#include "rope.h"

#include "device/rotary.h"
#include "rows.h"

namespace candor {
namespace {

__global__ void rotate_heads(
    bf16* x, int64_t x_stride, const float* table, int64_t table_stride, const int32_t* positions, float direction, int n, int g,
    int d) {
    const int half = d / 2;
    // A piece is eight columns of the first half of a head, with those that they turn with.
    each_piece(n * g, half, [=](int head, int col) {
        const int row = head / g;
        bf16* low = x + row * x_stride + static_cast<int64_t>(head % g) * d;
        bf16* high = low + half;
        const float* cosines = table + positions[row] * table_stride;
        const float* sines = cosines + half;
        Eight a = read8(low, col, half);
        Eight b = read8(high, col, half);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            if (col + i < half) turn(a.v[i], b.v[i], cosines[col + i], direction * sines[col + i]);
        }
        write8(low, col, half, a);
        write8(high, col, half, b);
    });
}

}  // namespace

cudaError_t rotate(const candor_matrix& y, int heads, const candor_matrix& table, const int32_t* positions, int direction,
    const candor_stream* stream) {
    const int n = y.rows, d = table.cols;
    if (n == 0 || heads == 0) return cudaSuccess;
    return launch("rope", rotate_heads, piece_shape(n * heads, d / 2, stream), data<bf16>(&y), y.stride, data<const float>(&table),
        table.stride, positions, static_cast<float>(direction), n, heads, d);
}

}  // namespace candor

CANDOR_API int candor_rope(
    const candor_matrix* x, const candor_matrix* table, const int32_t* positions, int32_t direction, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("rope");
    const int n = rows(x), d = cols(table), g = d > 0 ? cols(x) / d : 0;
    int status = check(where,
        {{"table", table, CANDOR_F32, rows(table), d / 2 * 2}, {"x", x, CANDOR_BF16, n, static_cast<int64_t>(g) * d}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    if (static_cast<int64_t>(n) * g > INT32_MAX) {
        return candor::refuse(CANDOR_UNSUPPORTED, where, "%d rows of %d heads are more than are counted in 32 bits", n, g);
    }
    return report(rotate(*x, g, *table, positions, direction, stream), where, "N=%d G=%d D=%d", n, g, d);
}
