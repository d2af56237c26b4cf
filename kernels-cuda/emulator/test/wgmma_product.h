// A product on sm_90a's machinery, for the emulator's tests: TMA fills a ring that mbarriers guard, one warpgroup multiplies
// by wgmma, TMA stores the result. c (M,N) = op(a) op(b), bf16; T… = 1: the operand is stored with k as its rows.
#pragma once
#include "device.h"

namespace wgmma_product {

using candor::bf16;

constexpr int kTile = 64, kDepth = 64, kStages = 3, kProducer = 128, kThreads = 256;

struct Shared {
    alignas(1024) bf16 a[kStages][kTile * kDepth];
    alignas(1024) bf16 b[kStages][kTile * kDepth];
    alignas(1024) bf16 c[kTile * kTile];
    alignas(8) uint64_t full[kStages], empty[kStages];
};

// Descriptor of a tile with rows of 128 bytes, swizzled; `leading` is read for MN-major tiles alone.
__device__ __forceinline__ uint64_t descriptor(uint32_t address, uint32_t leading, uint32_t stride) {
    const auto field = [](uint32_t bytes) { return (uint64_t)((bytes & 0x3FFFF) >> 4); };
    return field(address) | field(leading) << 16 | field(stride) << 32 | 1ull << 62;
}

__device__ __forceinline__ void produce(
    Shared& s, const CUtensorMap* a, const CUtensorMap* b, bool ta, bool tb, int row, int column, int steps) {
    for (int step = 0; step < steps; step++) {
        const int stage = step % kStages, phase = step / kStages & 1, k = step * kDepth;
        candor::mbarrier_wait(&s.empty[stage], phase ^ 1);
        candor::mbarrier_arrive_expect_tx(&s.full[stage], sizeof(s.a[0]) + sizeof(s.b[0]));
        candor::tma_load_2d(s.a[stage], a, &s.full[stage], ta ? row : k, ta ? k : row);
        candor::tma_load_2d(s.b[stage], b, &s.full[stage], tb ? column : k, tb ? k : column);
    }
}

template <int TA, int TB>
__device__ __forceinline__ void consume(Shared& s, float (&d)[32], int steps) {
    const int lane = threadIdx.x % 32;
    for (int step = 0; step < steps; step++) {
        const int stage = step % kStages, phase = step / kStages & 1;
        candor::mbarrier_wait(&s.full[stage], phase);
        candor::wgmma_fence();
        // K-major: 32 bytes further along the row; MN-major: 16 rows of k further.
        for (int k = 0; k < kDepth / 16; k++) {
            const uint64_t a = descriptor(candor::shared_address(s.a[stage]) + k * (TA ? 2048 : 32), 8192, 1024);
            const uint64_t b = descriptor(candor::shared_address(s.b[stage]) + k * (TB ? 2048 : 32), 8192, 1024);
            candor::wgmma_m64n64k16_bf16<TA, TB>(d, a, b, 1);
        }
        candor::wgmma_commit();
        candor::wgmma_wait<0>();
        if (lane == 0) candor::mbarrier_arrive(&s.empty[stage]);
    }
}

template <int TA, int TB>
__global__ void __launch_bounds__(kThreads, 1) product(const __grid_constant__ CUtensorMap a,
    const __grid_constant__ CUtensorMap b, const __grid_constant__ CUtensorMap c, int depth) {
    Shared& s = candor::shared<Shared>();
    const int row = blockIdx.y * kTile, column = blockIdx.x * kTile, steps = (depth + kDepth - 1) / kDepth;
    if (threadIdx.x == 0) {
        for (int i = 0; i < kStages; i++) {
            candor::mbarrier_init(&s.full[i], 1);
            candor::mbarrier_init(&s.empty[i], 4);  // one lane of each warp that multiplies
        }
        candor::fence_mbarrier_init();
    }
    __syncthreads();
    if (threadIdx.x < kProducer) {
        candor::setmaxnreg_dec<40>();
        if (threadIdx.x == 0) produce(s, &a, &b, TA, TB, row, column, steps);
        return;
    }
    candor::setmaxnreg_inc<232>();
    const int t = threadIdx.x - kProducer, lane = t % 32, warp = t / 32;
    float d[32] = {};
    consume<TA, TB>(s, d, steps);
    for (int j = 0; j < 8; j++) {
        for (int half = 0; half < 2; half++) {  // the result lies in the swizzle that its map declares
            const int r = warp * 16 + lane / 4 + half * 8;
            const int at = r * kTile + ((j ^ (r & 7)) << 3) + lane % 4 * 2;
            *reinterpret_cast<__nv_bfloat162*>(&s.c[at]) =
                __floats2bfloat162_rn(d[j * 4 + half * 2], d[j * 4 + half * 2 + 1]);
        }
    }
    candor::fence_proxy_async();
    candor::barrier_sync(1, kThreads - kProducer);
    if (t == 0) {
        candor::tma_store_2d(&c, s.c, column, row);
        candor::bulk_commit();
        candor::bulk_wait<0>();
    }
}

inline CUtensorMap map_of(const void* p, uint64_t rows, uint64_t columns) {
    CUtensorMap map;
    const cuuint64_t dims[2] = {columns, rows}, strides[1] = {columns * 2};
    const cuuint32_t box[2] = {64, 64}, steps[2] = {1, 1};
    const CUresult status = cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<void*>(p), dims,
        strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (status != CUDA_SUCCESS) map.opaque[0] = 0;  // no kernel takes it
    return map;
}

template <int TA, int TB>
cudaError_t run(const bf16* a, const bf16* b, bf16* c, int m, int n, int k) {
    const CUtensorMap ma = TA ? map_of(a, k, m) : map_of(a, m, k), mb = TB ? map_of(b, k, n) : map_of(b, n, k);
    const dim3 grid((n + kTile - 1) / kTile, (m + kTile - 1) / kTile);
    return candor::launch("wgmma product", product<TA, TB>, {grid, dim3(kThreads), sizeof(Shared)}, ma, mb, map_of(c, m, n), k);
}

}  // namespace wgmma_product
