// The wrappers of sm_90a: mbarriers, tensor copies and wgmma, compiled for that architecture alone.
#include <cstring>

#include "device.h"
#include "wrappers.h"

#ifndef CANDOR_EMULATED
#include <dlfcn.h>
#endif

namespace {

using candor::bf16;
using candor::launch;
using wrappers::Bytes;
using wrappers::Random;

constexpr int kSide = 64, kTileBytes = kSide * kSide * 2;

// Encodes a tensor map; the driver's function, wherever it is: nothing is linked with it.
template <class... Arguments>
bool encode(Arguments... arguments) {
#ifdef CANDOR_EMULATED
    return cuTensorMapEncodeTiled(arguments...) == CUDA_SUCCESS;
#else
    static const auto f = reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(
        dlsym(dlopen("libcuda.so.1", RTLD_NOW), "cuTensorMapEncodeTiled"));
    return f != nullptr && f(arguments...) == CUDA_SUCCESS;
#endif
}

// Boxes of 64 by 64 elements of a (rows, columns) matrix without gaps.
bool map_of(CUtensorMap* map, const void* p, uint64_t rows, uint64_t columns, CUtensorMapSwizzle swizzle) {
    const cuuint64_t dims[2] = {columns, rows}, strides[1] = {columns * 2};
    const cuuint32_t box[2] = {kSide, kSide}, steps[2] = {1, 1};
    return encode(map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<void*>(p), dims, strides, box, steps,
        CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle, CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

// ---- mbarriers: three phases of a warp that fills and one that reads

struct Phases {
    alignas(8) uint64_t full, empty;
    uint32_t words[32];
};

__global__ void mbarriers(const uint32_t* in, uint32_t* out) {
    Phases& s = candor::shared<Phases>();
    if (threadIdx.x == 0) {
        candor::mbarrier_init(&s.full, 32);
        candor::mbarrier_init(&s.empty, 32);
        candor::fence_mbarrier_init();
    }
    __syncthreads();  // both barriers are there
    const int lane = threadIdx.x % 32;
    for (int phase = 0; phase < 3; phase++) {
        if (threadIdx.x < 32) {
            candor::mbarrier_wait(&s.empty, (phase & 1) ^ 1);
            s.words[lane] = in[phase * 32 + lane];
            candor::mbarrier_arrive(&s.full);
        } else {
            candor::mbarrier_wait(&s.full, phase & 1);
            out[phase * 32 + lane] = s.words[(lane + 7) % 32];
            candor::mbarrier_arrive(&s.empty);
        }
    }
}

// ---- tensor copies: a box that hangs over the lower right corner goes to shared memory, and back to another place

constexpr int kRows = 104, kColumns = 120, kRow = 56, kColumn = 72;

struct Box {
    alignas(1024) bf16 tile[kSide * kSide];
    alignas(8) uint64_t full;
};

__global__ void tma(
    const __grid_constant__ CUtensorMap from, const __grid_constant__ CUtensorMap to, uint4* swizzled) {
    Box& s = candor::shared<Box>();
    if (threadIdx.x == 0) {
        candor::mbarrier_init(&s.full, 1);
        candor::fence_mbarrier_init();
        candor::mbarrier_arrive_expect_tx(&s.full, sizeof(s.tile));
        candor::tma_load_2d(s.tile, &from, &s.full, kColumn, kRow);
    }
    __syncthreads();  // the barrier is there
    candor::mbarrier_wait(&s.full, 0);
    // As it lies in shared memory.
    for (int i = threadIdx.x; i < kTileBytes / 16; i += 32) swizzled[i] = reinterpret_cast<const uint4*>(s.tile)[i];
    __syncthreads();  // all of it is read
    // And changed by ordinary writes, which the copy must see.
    for (int i = threadIdx.x; i < kSide * kSide / 2; i += 32) reinterpret_cast<uint32_t*>(s.tile)[i] ^= 0x00010001u;
    candor::fence_proxy_async();
    __syncthreads();  // the changes are written
    if (threadIdx.x == 0) {
        candor::tma_store_2d(&to, s.tile, 16, kRow);
        candor::bulk_commit();
        candor::bulk_wait<0>();
    }
}

template <CUtensorMapSwizzle Swizzle>
cudaError_t run_tma(const void* in, void* out) {
    CUtensorMap from, to;
    char* stored = static_cast<char*>(out) + kTileBytes;
    if (!map_of(&from, in, kRows, kColumns, Swizzle) || !map_of(&to, stored, kRows, kColumns, Swizzle)) {
        return cudaErrorInvalidValue;
    }
    return launch("tma", tma, {dim3(1), dim3(32), sizeof(Box)}, from, to, (uint4*)out);
}

// ---- wgmma: one tile product over k = 64, operands through tensor copies, the registers as they are

struct Operands {
    alignas(1024) bf16 a[kSide * kSide];
    alignas(1024) bf16 b[kSide * kSide];
    alignas(8) uint64_t full;
};

// Rows of 128 bytes, swizzled; groups of 8 rows are 1024 bytes apart.
__device__ __forceinline__ uint64_t descriptor(uint32_t address) {
    return (uint64_t)((address & 0x3FFFF) >> 4) | (uint64_t)(8192 >> 4) << 16 | (uint64_t)(1024 >> 4) << 32 | 1ull << 62;
}

template <int TA, int TB>
__global__ void __launch_bounds__(256, 1) wgmma(
    const __grid_constant__ CUtensorMap a, const __grid_constant__ CUtensorMap b, const float* c, float* out) {
    Operands& s = candor::shared<Operands>();
    if (threadIdx.x == 0) {
        candor::mbarrier_init(&s.full, 1);
        candor::fence_mbarrier_init();
    }
    __syncthreads();  // the barrier is there
    if (threadIdx.x < 128) {
        candor::setmaxnreg_dec<40>();
        if (threadIdx.x == 0) {
            candor::mbarrier_arrive_expect_tx(&s.full, sizeof(s.a) + sizeof(s.b));
            candor::tma_load_2d(s.a, &a, &s.full, 0, 0);
            candor::tma_load_2d(s.b, &b, &s.full, 0, 0);
        }
        return;
    }
    candor::setmaxnreg_inc<232>();
    const int t = threadIdx.x - 128;
    float d[32];
#pragma unroll
    for (int i = 0; i < 32; i++) d[i] = c[t * 32 + i];
    candor::mbarrier_wait(&s.full, 0);
    candor::wgmma_fence();
#pragma unroll
    for (int k = 0; k < 4; k++) {  // K-major: 32 bytes along the row; MN-major: 16 rows down
        candor::wgmma_m64n64k16_bf16<TA, TB>(d, descriptor(candor::shared_address(s.a) + k * (TA ? 2048 : 32)),
            descriptor(candor::shared_address(s.b) + k * (TB ? 2048 : 32)), 1);
    }
    candor::wgmma_commit();
    candor::wgmma_wait<0>();
#pragma unroll
    for (int i = 0; i < 32; i++) out[t * 32 + i] = d[i];
}

template <int TA, int TB>
cudaError_t run_wgmma(const void* in, void* out) {
    CUtensorMap a, b;
    const char* bytes = static_cast<const char*>(in);
    if (!map_of(&a, bytes, kSide, kSide, CU_TENSOR_MAP_SWIZZLE_128B)
        || !map_of(&b, bytes + kTileBytes, kSide, kSide, CU_TENSOR_MAP_SWIZZLE_128B)) {
        return cudaErrorInvalidValue;
    }
    return launch("wgmma", wgmma<TA, TB>, {dim3(1), dim3(256), sizeof(Operands)}, a, b,
        reinterpret_cast<const float*>(bytes + 2 * kTileBytes), static_cast<float*>(out));
}

void draw_operands(Random& random, Bytes& bytes) {
    wrappers::fill_bf16(random, bytes.data(), kTileBytes);
    for (int i = 0; i < 128 * 32; i++) {
        const float v = random.uniform(-1, 1);
        memcpy(&bytes[2 * kTileBytes + 4 * i], &v, 4);
    }
}

void draw_bits(Random& random, Bytes& bytes) {
    for (uint8_t& v : bytes) v = (uint8_t)random.next();
}

const bool added = [] {
    using wrappers::add;
    add({"mbarrier", 90, 3 * 128, 3 * 128, draw_bits,
        [](const void* in, void* out) {
            return launch("mbarriers", mbarriers, {dim3(1), dim3(64), sizeof(Phases)}, (const uint32_t*)in, (uint32_t*)out);
        },
        0});
    const size_t matrix = kRows * kColumns * 2;
    add({"tma_128b", 90, matrix, kTileBytes + matrix, draw_bits, run_tma<CU_TENSOR_MAP_SWIZZLE_128B>, 0});
    const size_t operands = 2 * kTileBytes + 128 * 32 * 4, result = 128 * 32 * 4;
    add({"wgmma_m64n64k16_bf16", 90, operands, result, draw_operands, run_wgmma<0, 0>, 64});
    add({"wgmma_m64n64k16_bf16_ta", 90, operands, result, draw_operands, run_wgmma<1, 0>, 64});
    add({"wgmma_m64n64k16_bf16_tb", 90, operands, result, draw_operands, run_wgmma<0, 1>, 64});
    add({"wgmma_m64n64k16_bf16_ta_tb", 90, operands, result, draw_operands, run_wgmma<1, 1>, 64});
    return true;
}();

}  // namespace
