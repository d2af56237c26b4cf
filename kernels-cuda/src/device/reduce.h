// Sums and maxima over a warp and a block, in a fixed order: the same bytes at every run.
#pragma once
#include <cuda_runtime.h>

namespace candor {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// Every lane gets the sum. Width: lanes that belong together, a power of two.
template <int Width = kWarp, class T>
__device__ __forceinline__ T warp_sum(T v) {
#pragma unroll
    for (int offset = Width / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kAllLanes, v, offset);
    return v;
}

template <int Width = kWarp>
__device__ __forceinline__ float warp_max(float v) {
#pragma unroll
    for (int offset = Width / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(kAllLanes, v, offset));
    return v;
}

// Part of a kernel's shared struct for one block reduction at a time.
template <int Threads, class T = float>
struct BlockSum {
    T parts[Threads / kWarp];
};

// Every thread gets the sum over the block. The scratch may be used again after the return.
template <int Threads, class T>
__device__ __forceinline__ T block_sum(T v, BlockSum<Threads, T>& scratch) {
    v = warp_sum(v);
    if (threadIdx.x % kWarp == 0) scratch.parts[threadIdx.x / kWarp] = v;
    __syncthreads();  // the parts are written
    T sum = scratch.parts[0];
#pragma unroll
    for (int i = 1; i < Threads / kWarp; i++) sum += scratch.parts[i];
    __syncthreads();  // the parts are read
    return sum;
}

template <int Threads>
__device__ __forceinline__ float block_max(float v, BlockSum<Threads, float>& scratch) {
    v = warp_max(v);
    if (threadIdx.x % kWarp == 0) scratch.parts[threadIdx.x / kWarp] = v;
    __syncthreads();  // the parts are written
    float most = scratch.parts[0];
#pragma unroll
    for (int i = 1; i < Threads / kWarp; i++) most = fmaxf(most, scratch.parts[i]);
    __syncthreads();  // the parts are read
    return most;
}

}  // namespace candor
