// Float32 added in place: the gradients of micro-batches.
#include "rows.h"

namespace candor {
namespace {

__global__ void __launch_bounds__(kRowThreads) accumulate(
    float* y, int64_t y_stride, const float* x, int64_t x_stride, int n, int c, bool aligned) {
    each_piece(n, c, [=](int row, int col) {
        float* to = y + row * y_stride + col;
        const float* from = x + row * x_stride + col;
        if (aligned && col + 8 <= c) {
#pragma unroll
            for (int i = 0; i < 8; i += 4) {
                float4 sum = *reinterpret_cast<const float4*>(to + i);
                const float4 more = *reinterpret_cast<const float4*>(from + i);
                sum.x += more.x, sum.y += more.y, sum.z += more.z, sum.w += more.w;
                *reinterpret_cast<float4*>(to + i) = sum;
            }
            return;
        }
        for (int i = 0; i < 8 && col + i < c; i++) to[i] += from[i];
    });
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_accumulate(const candor_matrix* y, const candor_matrix* x, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("accumulate");
    const int n = rows(y), c = cols(y);
    int status = check(where, {{"y", y, CANDOR_F32, n, c}, {"x", x, CANDOR_F32, n, c}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0 || c == 0) return status;
    const auto fits = [n](const candor_matrix* m) {
        return reinterpret_cast<uintptr_t>(m->data) % sizeof(float4) == 0 && (n == 1 || m->stride % 4 == 0);
    };
    return report(
        launch(
            where.op, accumulate, piece_shape(n, c, stream), data<float>(y), stride(y), data<const float>(x), stride(x), n, c,
            fits(y) && fits(x)),
        where, "N=%d C=%d", n, c);
}
