// The emulator's bodies of the instruction wrappers: same names and signatures as instructions_gpu.h.
#pragma once
#include "emulator/collectives.h"
#include "emulator/instructions.h"

namespace candor {

template <class T>
inline T& shared() {
    if (sizeof(T) > emulator::current->shared_bytes) {
        emulator::fail("shared memory of %zu bytes in a launch with %u", sizeof(T), emulator::current->shared_bytes);
    }
    return *reinterpret_cast<T*>(emulator::current->shared);
}

inline uint32_t shared_address(const void* p) {
    return (uint32_t)__cvta_generic_to_shared(p);
}

inline void cp_async16(uint32_t to, const void* from, int source_bytes) {
    emulator::cp_async(to, from, 16, source_bytes);
}
inline void cp_async_commit() {
    emulator::cp_async_commit();
}
template <int N>
inline void cp_async_wait() {
    emulator::cp_async_wait(N);
}

inline void ldmatrix_x4(uint32_t (&r)[4], uint32_t row) {
    emulator::ldmatrix(r, 4, row, false);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], uint32_t row) {
    emulator::ldmatrix(r, 4, row, true);
}
inline void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    emulator::mma_m16n8k16_bf16(d, a, b);
}

inline float exp2_approx(float x) {
    return exp2f(x);
}

inline void barrier_sync(int id, int count) {
    emulator::barrier_sync(id, count);
}
inline void barrier_arrive(int id, int count) {
    emulator::barrier_arrive(id, count);
}

inline void mbarrier_init(uint64_t* barrier, uint32_t count) {
    emulator::mbarrier_init(barrier, count);
}
inline void fence_mbarrier_init() {}
inline void mbarrier_arrive(uint64_t* barrier) {
    emulator::mbarrier_arrive(barrier);
}
inline void mbarrier_arrive_expect_tx(uint64_t* barrier, uint32_t bytes) {
    emulator::mbarrier_arrive_expect_tx(barrier, bytes);
}
inline void mbarrier_wait(uint64_t* barrier, uint32_t parity) {
    emulator::mbarrier_wait_parity(barrier, parity);
}
inline void tma_load_2d(void* to, const CUtensorMap* map, uint64_t* barrier, int column, int row) {
    emulator::tma_load_2d(to, map, barrier, column, row);
}
inline void tma_store_2d(const CUtensorMap* map, const void* from, int column, int row) {
    emulator::tma_store_2d(map, from, column, row);
}
inline void bulk_commit() {
    emulator::bulk_commit();
}
template <int N>
inline void bulk_wait() {
    emulator::bulk_wait(N);
}
// The emulator's copies read and write at once.
template <int N>
inline void bulk_wait_read() {
    emulator::bulk_wait(N);
}
inline void fence_proxy_async() {
    emulator::fence_proxy_async();
}

inline void wgmma_fence() {
    emulator::wgmma_fence();
}
inline void wgmma_commit() {
    emulator::wgmma_commit();
}
template <int N>
inline void wgmma_wait() {
    emulator::wgmma_wait(N);
}
// The host's compiler sees every write.
template <int Count>
inline void wgmma_registers(float (&)[Count]) {}
template <int Steps>
inline void wgmma_registers(uint32_t (&)[Steps][4]) {}
template <int TA = 0, int TB = 0>
inline void wgmma_m64n32k16_bf16(float (&d)[16], uint64_t a, uint64_t b, int accumulate) {
    emulator::wgmma_bf16(d, 32, a, b, accumulate != 0, TA != 0, TB != 0);
}
template <int TA = 0, int TB = 0>
inline void wgmma_m64n64k16_bf16(float (&d)[32], uint64_t a, uint64_t b, int accumulate) {
    emulator::wgmma_bf16(d, 64, a, b, accumulate != 0, TA != 0, TB != 0);
}
template <int TA = 0, int TB = 0>
inline void wgmma_m64n128k16_bf16(float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
    emulator::wgmma_bf16(d, 128, a, b, accumulate != 0, TA != 0, TB != 0);
}
template <int TA = 0, int TB = 0>
inline void wgmma_m64n192k16_bf16(float (&d)[96], uint64_t a, uint64_t b, int accumulate) {
    emulator::wgmma_bf16(d, 192, a, b, accumulate != 0, TA != 0, TB != 0);
}
template <int TA = 0, int TB = 0>
inline void wgmma_m64n256k16_bf16(float (&d)[128], uint64_t a, uint64_t b, int accumulate) {
    emulator::wgmma_bf16(d, 256, a, b, accumulate != 0, TA != 0, TB != 0);
}
template <int TB = 0>
inline void wgmma_m64n64k16_bf16_ra(float (&d)[32], const uint32_t (&a)[4], uint64_t b, int accumulate) {
    emulator::wgmma_bf16_ra(d, 64, a, b, accumulate != 0, TB != 0);
}
template <int TB = 0>
inline void wgmma_m64n128k16_bf16_ra(float (&d)[64], const uint32_t (&a)[4], uint64_t b, int accumulate) {
    emulator::wgmma_bf16_ra(d, 128, a, b, accumulate != 0, TB != 0);
}
// Registers are not modelled.
template <int N>
inline void setmaxnreg_inc() {}
template <int N>
inline void setmaxnreg_dec() {}

}  // namespace candor
