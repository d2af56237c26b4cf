// bf16 to float32 and back, one, two or eight at a time.
#pragma once
#include <cuda_bf16.h>

namespace candor {

typedef __nv_bfloat16 bf16;

__device__ __forceinline__ float to_float(bf16 v) {
    return __bfloat162float(v);
}

__device__ __forceinline__ bf16 to_bf16(float v) {
    return __float2bfloat16_rn(v);
}

// A pair in one register, `low` in the lower half, as the fragments of mma.sync want it.
__device__ __forceinline__ uint32_t pack(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const uint32_t*>(&pair);
}

__device__ __forceinline__ float2 unpack(uint32_t pair) {
    return make_float2(__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000u));
}

// Eight neighbours, 16-byte aligned: one load, one store.
struct Eight {
    float v[8];
};

__device__ __forceinline__ Eight load8(const bf16* p) {
    const uint4 words = *reinterpret_cast<const uint4*>(p);
    const uint32_t w[4] = {words.x, words.y, words.z, words.w};
    Eight e;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float2 pair = unpack(w[i]);
        e.v[2 * i] = pair.x;
        e.v[2 * i + 1] = pair.y;
    }
    return e;
}

__device__ __forceinline__ void store8(bf16* p, const Eight& e) {
    *reinterpret_cast<uint4*>(p) =
        make_uint4(pack(e.v[0], e.v[1]), pack(e.v[2], e.v[3]), pack(e.v[4], e.v[5]), pack(e.v[6], e.v[7]));
}

}  // namespace candor
