// Gated units: one function of a gate and what goes through it, so that all kernels that have them give the same bytes.
#pragma once
#include "device.h"

namespace candor {

// What could be fused is said here, and not left to compilers, which may choose differently in different kernels.
__device__ __forceinline__ float sigmoid(float x) {
    return 1.0f / __fadd_rn(1.0f, expf(-x));
}

// An activation is g factor(g), and its derivative factor(g) slope(g, factor(g)).

// silu(g) = g sigma(g), whose derivative is sigma(g) (1 + g (1 - sigma(g))).
struct Silu {
    static __device__ __forceinline__ float factor(float g) { return sigmoid(g); }
    static __device__ __forceinline__ float slope(float g, float s) { return 1.0f + g * (1.0f - s); }
};

// The form of gelu with tanh (Hendrycks and Gimpel 2016), gelu(g) = g sigma(2z), z = sqrt(2/pi) (g + 0.044715 g^3), whose
// derivative is sigma(2z) (1 + g (1 - sigma(2z)) 2z').
struct Gelu {
    static constexpr float kTwice = 1.5957691216057308f, kCube = 0.044715f;  // 2 sqrt(2/pi)
    static __device__ __forceinline__ float factor(float g) { return sigmoid(kTwice * __fmaf_rn(kCube * g * g, g, g)); }
    static __device__ __forceinline__ float slope(float g, float s) {
        return 1.0f + g * (1.0f - s) * (kTwice * (1.0f + 3.0f * kCube * g * g));
    }
};

// up through its gate.
template <class Activation>
__device__ __forceinline__ float gated(float gate, float up) {
    return up * (gate * Activation::factor(gate));
}

}  // namespace candor
