// CUDA C++'s device language as plain C++: keywords, built-in variables, vector types, intrinsics.
#pragma once
#include <cmath>
#include <cstring>
#include <type_traits>

#include "emulator/collectives.h"
#include "emulator/thread.h"

#define __host__
#define __device__
#define __global__
#define __constant__ static
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __align__(n) alignas(n)

#define threadIdx (emulator::current->thread)
#define blockIdx (emulator::current->block)
#define blockDim (emulator::current->block_dim)
#define gridDim (emulator::current->grid_dim)
static constexpr int warpSize = 32;

#define EMULATED_VECTOR(T, NAME2, NAME4, ALIGN2, ALIGN4)                        \
    struct alignas(ALIGN2) NAME2 {                                              \
        T x, y;                                                                 \
    };                                                                          \
    struct alignas(ALIGN4) NAME4 {                                              \
        T x, y, z, w;                                                           \
    };                                                                          \
    inline NAME2 make_##NAME2(T x, T y) { return {x, y}; }                      \
    inline NAME4 make_##NAME4(T x, T y, T z, T w) { return {x, y, z, w}; }
EMULATED_VECTOR(float, float2, float4, 8, 16)
EMULATED_VECTOR(int, int2, int4, 8, 16)
EMULATED_VECTOR(unsigned, uint2, uint4, 8, 16)
EMULATED_VECTOR(double, double2, double4, 16, 16)
#undef EMULATED_VECTOR

inline unsigned __float_as_uint(float f) {
    unsigned u;
    std::memcpy(&u, &f, 4);
    return u;
}
inline float __uint_as_float(unsigned u) {
    float f;
    std::memcpy(&f, &u, 4);
    return f;
}
inline int __float_as_int(float f) { return (int)__float_as_uint(f); }
inline float __int_as_float(int i) { return __uint_as_float((unsigned)i); }

inline void __syncthreads() { emulator::barrier_sync(0, emulator::kWholeBlock); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { emulator::sync_warp(mask); }

namespace emulator {
template <class T>
T shuffle_words(unsigned mask, T value, int argument, int width, Shuffle kind) {
    static_assert(sizeof(T) % 4 == 0 || sizeof(T) < 4, "a shuffle moves whole words");
    uint32_t words[(sizeof(T) + 3) / 4] = {};
    std::memcpy(words, &value, sizeof(T));
    for (uint32_t& word : words) word = shuffle(mask, word, argument, width, kind);
    std::memcpy(&value, words, sizeof(T));
    return value;
}
}  // namespace emulator

template <class T>
T __shfl_sync(unsigned mask, T v, int lane, int width = 32) {
    return emulator::shuffle_words(mask, v, lane, width, emulator::Shuffle::index);
}
template <class T>
T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32) {
    return emulator::shuffle_words(mask, v, (int)delta, width, emulator::Shuffle::up);
}
template <class T>
T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32) {
    return emulator::shuffle_words(mask, v, (int)delta, width, emulator::Shuffle::down);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = 32) {
    return emulator::shuffle_words(mask, v, lanes, width, emulator::Shuffle::exclusive_or);
}
inline unsigned __ballot_sync(unsigned mask, int p) { return emulator::ballot(mask, p != 0); }
inline int __any_sync(unsigned mask, int p) { return emulator::ballot(mask, p != 0) != 0; }
inline int __all_sync(unsigned mask, int p) { return emulator::ballot(mask, p == 0) == 0; }

// Execution is sequentially consistent here, so fences order nothing more: a missing one is not found.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) { emulator::yield(); }
inline void __trap() { emulator::fail("trap"); }

inline size_t __cvta_generic_to_shared(const void* p) {
    return (const unsigned char*)p - emulator::current->shared + emulator::kSharedBase;
}

template <class T>
T __ldg(const T* p) {
    return *p;
}
template <class T>
T __ldcs(const T* p) {
    return *p;
}
template <class T>
void __stcs(T* p, T value) {
    *p = value;
}

template <class T>
T atomicAdd(T* p, T v) {
    return emulator::atomic_update(p, v, emulator::Atomic::add);
}
template <class T>
T atomicMax(T* p, T v) {
    return emulator::atomic_update(p, v, emulator::Atomic::max);
}
template <class T>
T atomicMin(T* p, T v) {
    return emulator::atomic_update(p, v, emulator::Atomic::min);
}
template <class T>
T atomicExch(T* p, T v) {
    return emulator::atomic_update(p, v, emulator::Atomic::exchange);
}
template <class T>
T atomicOr(T* p, T v) {
    return emulator::atomic_update(p, v, emulator::Atomic::any_bit);
}
template <class T>
T atomicCAS(T* p, T expected, T v) {
    return emulator::atomic_compare_exchange(p, expected, v);
}

// Arithmetic. Approximate functions of the device are exact ones here: their error is not modelled.
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
// Never contracted with a neighbour, as on the device.
inline float __fmul_rn(float a, float b) {
    float r = a * b;
    asm("" : "+m"(r));
    return r;
}
inline float __fadd_rn(float a, float b) {
    float r = a + b;
    asm("" : "+m"(r));
    return r;
}
inline double __dmul_rn(double a, double b) {
    double r = a * b;
    asm("" : "+m"(r));
    return r;
}
inline double __longlong_as_double(long long i) {
    double d;
    std::memcpy(&d, &i, 8);
    return d;
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((uint64_t)a * b) >> 32); }
inline float __saturatef(float x) { return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x; }

template <class T>
constexpr T min(T a, T b) {
    return b < a ? b : a;
}
template <class T>
constexpr T max(T a, T b) {
    return a < b ? b : a;
}
