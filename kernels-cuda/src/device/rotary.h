// How a head turns: one function, so that all kernels that turn heads give the same bytes.
#pragma once
#include "device.h"

namespace candor {

// (low, high), columns of a head half its width apart, by an angle. What is fused is said here, and not left to compilers, which may
// choose differently in different kernels.
__device__ __forceinline__ void turn(float& low, float& high, float cosine, float sine) {
    const float turned = __fmaf_rn(low, cosine, -(high * sine));
    high = __fmaf_rn(high, cosine, low * sine);
    low = turned;
}

}  // namespace candor
