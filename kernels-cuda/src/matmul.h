// Matrix products for other families: what the head needs.
#pragma once

#include "api.h"

namespace candor {

// y (N,O) float32 = x (N,I) wT, w (O,I).
cudaError_t matmul_to_float(
    const candor_matrix& y, const candor_matrix& x, const candor_matrix& w, const candor_stream* stream);

// dx (N,I) float32 =, or += where add, dy (N,O) w, w (O,I).
cudaError_t matmul_backward_to_float(
    const candor_matrix& dx, const candor_matrix& dy, const candor_matrix& w, bool add, const candor_stream* stream);

}  // namespace candor
