// Matrix products for other families: what the head needs.
#pragma once

#include "api.h"

namespace candor {

// y (N,O) float32 = x (N,I) wT, w (O,I).
cudaError_t matmul_to_float(
    float* y, int64_t y_stride, const candor_bf16* x, int64_t x_stride, const candor_bf16* w, int64_t w_stride, int n, int i, int o,
    const candor_stream* stream);

// dx (N,I) float32 =, or += where add, dy (N,O) w, w (O,I).
cudaError_t matmul_backward_to_float(
    float* dx, int64_t dx_stride, const candor_bf16* dy, int64_t dy_stride, const candor_bf16* w, int64_t w_stride, bool add,
    int n, int i, int o, const candor_stream* stream);

}  // namespace candor
