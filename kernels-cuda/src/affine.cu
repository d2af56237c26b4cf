// Columns scaled and shifted: y = scale y + bias + residual, for adapters that do more than add.
#include "rows.h"

namespace candor {
namespace {

__global__ void affine(
    bf16* y, int64_t y_stride, const float* scale, const float* bias, const bf16* residual, int64_t residual_stride, int n, int o) {
    each_piece(n, o, [=](int row, int col) {
        bf16* out = y + row * y_stride;
        Eight value = read8(out, col, o);
        if (scale != nullptr) {
#pragma unroll
            for (int i = 0; i < 8; i++) value.v[i] *= col + i < o ? scale[col + i] : 1.0f;
        }
        if (bias != nullptr) {
#pragma unroll
            for (int i = 0; i < 8; i++) value.v[i] += col + i < o ? bias[col + i] : 0.0f;
        }
        if (residual != nullptr) {
            const Eight rest = read8(residual + row * residual_stride, col, o);
#pragma unroll
            for (int i = 0; i < 8; i++) value.v[i] += rest.v[i];
        }
        write8(out, col, o, value);
    });
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_affine(
    candor_bf16* y, int64_t y_stride, const float* scale, const float* bias, const candor_bf16* residual, int64_t residual_stride,
    int32_t n, int32_t o, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("affine");
    const int status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(where.op, affine, piece_shape(n, o, stream), cast(y), y_stride, scale, bias, cast(residual), residual_stride, n, o),
        where, "N=%d O=%d", n, o);
}
