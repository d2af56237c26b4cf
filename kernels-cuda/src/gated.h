// Gated units for other families: behind a product that has no epilogue for them.
#pragma once
#include "api.h"

namespace candor {

// out (N,F) = f(gate) up of gate_up (N,2F); f is silu or, where `gelu`, gelu in its form with tanh.
cudaError_t gate(bool gelu, const candor_matrix& out, const candor_matrix& gate_up, const candor_stream* stream);

}  // namespace candor
