// The instructions of sm_80 and sm_90 that kernels reach through the wrappers of src/device.
#pragma once
#include "cuda.h"
#include "emulator/thread.h"

namespace emulator {

// sm_80: cp.async, ldmatrix, mma.sync
void cp_async(uint32_t destination, const void* source, int bytes, int source_bytes);
void cp_async_commit();
void cp_async_wait(int groups_in_flight);
void ldmatrix(uint32_t* registers, int matrices, uint32_t row_address, bool transpose);
void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);

// sm_90: mbarrier, TMA, wgmma
void mbarrier_init(uint64_t* barrier, uint32_t count);
void mbarrier_arrive(uint64_t* barrier);
void mbarrier_arrive_expect_tx(uint64_t* barrier, uint32_t bytes);
void mbarrier_wait_parity(uint64_t* barrier, uint32_t parity);
void tma_load_2d(void* destination, const CUtensorMap* map, uint64_t* barrier, int column, int row);
void tma_store_2d(const CUtensorMap* map, const void* source, int column, int row);
void bulk_commit();
void bulk_wait(int groups_in_flight);
void fence_proxy_async();
void wgmma_fence();
void wgmma_commit();
void wgmma_wait(int groups_in_flight);
void wgmma_bf16(
    float* d, int n, uint64_t descriptor_a, uint64_t descriptor_b, bool accumulate, bool transpose_a, bool transpose_b);
void wgmma_bf16_ra(float* d, int n, const uint32_t* a, uint64_t descriptor_b, bool accumulate, bool transpose_b);

}  // namespace emulator
