// Matrices of the C API as the tensor cores' kernels read them.
#pragma once
#include "api.h"
#include "device/device.h"

namespace candor {

// A bf16 matrix, or nothing where there is none.
inline Matrix operand(const candor_matrix* m) {
    return {data<const bf16>(m), stride(m), rows_are_aligned(data<void>(m), stride(m))};
}

}  // namespace candor
