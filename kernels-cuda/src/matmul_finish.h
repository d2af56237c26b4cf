// How sums leave the registers of a matrix product: bias, residual, float32 or bf16.
#pragma once
#include "matmul_kernel.h"

namespace candor {

// The slot of the run that holds a row, or -1.
__device__ __forceinline__ int slot_of(const LoraExtension& lora, int row) {
    for (int e = 0; e < lora.count; e++) {
        const LoraRun run = lora.run(e);
        if (row >= run.start && row < run.end) return run.slot;
    }
    return -1;
}

// Values of two neighbouring columns go out, the second one only if it exists.
__device__ __forceinline__ void finish(const MatmulArguments& g, int row, int column, float v0, float v1) {
    const bool pair = column + 1 < g.n;
    if (g.bias) {
        v0 += g.bias[column];
        if (pair) v1 += g.bias[column + 1];
    }
    if (g.residual) {
        const bf16* from = g.residual + row * g.residual_stride + column;
        v0 += to_float(from[0]);
        if (pair) v1 += to_float(from[1]);
    }
    const int64_t at = row * g.y_stride + column;
    if (g.float_output) {
        float* y = static_cast<float*>(g.y) + at;
        y[0] = g.add ? y[0] + v0 : v0;
        if (pair) y[1] = g.add ? y[1] + v1 : v1;
        return;
    }
    bf16* y = static_cast<bf16*>(g.y) + at;
    if (pair && reinterpret_cast<uintptr_t>(y) % sizeof(uint32_t) == 0) {
        *reinterpret_cast<__nv_bfloat162*>(y) = __floats2bfloat162_rn(v0, v1);
    } else {
        y[0] = to_bf16(v0);
        if (pair) y[1] = to_bf16(v1);
    }
}

}  // namespace candor
