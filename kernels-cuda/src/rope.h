// Rotary positions for other families: behind a product that has no epilogue for them.
#pragma once
#include "api.h"

namespace candor {

// Turns the first `heads` heads of the rows of y (N,.) by table (P,D) at positions (N); direction 1 or -1.
cudaError_t rotate(const candor_matrix& y, int heads, const candor_matrix& table, const int32_t* positions, int direction,
    const candor_stream* stream);

}  // namespace candor
