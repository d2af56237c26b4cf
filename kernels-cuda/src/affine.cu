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
    const candor_matrix* y, const candor_matrix* scale, const candor_matrix* bias, const candor_matrix* residual,
    candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("affine");
    const int n = rows(y), o = cols(y);
    int status = check(where,
        {{"y", y, CANDOR_BF16, n, o}, {"scale", scale, CANDOR_F32, 1, o, true}, {"bias", bias, CANDOR_F32, 1, o, true},
            {"residual", residual, CANDOR_BF16, n, o, true}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, affine, piece_shape(n, o, stream), data<bf16>(y), stride(y), data<const float>(scale),
            data<const float>(bias), data<const bf16>(residual), stride(residual), n, o),
        where, "N=%d O=%d", n, o);
}
