// Counter-based random numbers: Philox 4x32 with 10 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
// 3"). The numbers depend on key and counter alone, so on no order of threads.
#pragma once
#include <cuda_runtime.h>
#include <stdint.h>

namespace candor {

__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
    constexpr unsigned kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
    constexpr unsigned kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const unsigned high0 = __umulhi(kMultiplier0, counter.x), low0 = kMultiplier0 * counter.x;
        const unsigned high1 = __umulhi(kMultiplier1, counter.z), low1 = kMultiplier1 * counter.z;
        counter = make_uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key.x += kWeyl0;
        key.y += kWeyl1;
    }
    return counter;
}

// In [0, 1), a multiple of 2^-24.
__device__ __forceinline__ float uniform(unsigned bits) {
    return (float)(bits >> 8) * (1.0f / 16777216.0f);
}

}  // namespace candor
