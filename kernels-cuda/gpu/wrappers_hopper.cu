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

// The same buffer goes out twice, written anew as soon as it has been read.
__global__ void tma_twice(const __grid_constant__ CUtensorMap from, const __grid_constant__ CUtensorMap to) {
    Box& s = candor::shared<Box>();
    if (threadIdx.x == 0) {
        candor::mbarrier_init(&s.full, 1);
        candor::fence_mbarrier_init();
        candor::mbarrier_arrive_expect_tx(&s.full, sizeof(s.tile));
        candor::tma_load_2d(s.tile, &from, &s.full, 0, 0);
    }
    __syncthreads();  // the barrier is there
    candor::mbarrier_wait(&s.full, 0);
    for (int copy = 0; copy < 2; copy++) {
        if (threadIdx.x == 0) candor::bulk_wait_read<0>();
        __syncthreads();  // the buffer has been read
        for (int i = threadIdx.x; i < kSide * kSide / 2; i += 32) reinterpret_cast<uint32_t*>(s.tile)[i] ^= 0x00010001u << copy;
        candor::fence_proxy_async();
        __syncthreads();  // the changes are written
        if (threadIdx.x == 0) {
            candor::tma_store_2d(&to, s.tile, copy * kSide, 0);
            candor::bulk_commit();
        }
    }
    if (threadIdx.x == 0) candor::bulk_wait<0>();
}

cudaError_t run_tma_twice(const void* in, void* out) {
    CUtensorMap from, to;
    if (!map_of(&from, in, kSide, kSide, CU_TENSOR_MAP_SWIZZLE_128B)
        || !map_of(&to, out, kSide, 2 * kSide, CU_TENSOR_MAP_SWIZZLE_128B)) {
        return cudaErrorInvalidValue;
    }
    return launch("tma twice", tma_twice, {dim3(1), dim3(32), sizeof(Box)}, from, to);
}

// ---- wgmma: one tile product over k = 64, operands through tensor copies, the registers as they are

template <int Columns>
struct Operands {
    alignas(1024) bf16 a[kSide * kSide];
    alignas(1024) bf16 b[(Columns < kSide ? kSide : Columns) * kSide];
    alignas(8) uint64_t full;
};

// Rows of 128 bytes, swizzled; groups of 8 rows are 1024 bytes apart. Where rows are k, the next 64 columns are a box of their
// own, 8192 bytes further on: the leading offset, which is read nowhere else.
__device__ __forceinline__ uint64_t descriptor(uint32_t address) {
    return (uint64_t)((address & 0x3FFFF) >> 4) | (uint64_t)(8192 >> 4) << 16 | (uint64_t)(1024 >> 4) << 32 | 1ull << 62;
}

// The wrapper for so many columns.
template <int Columns, int TA, int TB>
__device__ __forceinline__ void product(float (&d)[Columns / 2], uint64_t a, uint64_t b, int accumulate) {
    if constexpr (Columns == 32) candor::wgmma_m64n32k16_bf16<TA, TB>(d, a, b, accumulate);
    if constexpr (Columns == 64) candor::wgmma_m64n64k16_bf16<TA, TB>(d, a, b, accumulate);
    if constexpr (Columns == 128) candor::wgmma_m64n128k16_bf16<TA, TB>(d, a, b, accumulate);
    if constexpr (Columns == 192) candor::wgmma_m64n192k16_bf16<TA, TB>(d, a, b, accumulate);
    if constexpr (Columns == 256) candor::wgmma_m64n256k16_bf16<TA, TB>(d, a, b, accumulate);
}

// c: what the sums begin with, or null for a first product that overwrites.
template <int Columns, int TA, int TB>
__global__ void __launch_bounds__(256, 1) wgmma(
    const __grid_constant__ CUtensorMap a, const __grid_constant__ CUtensorMap b, const float* c, float* out) {
    constexpr int kSums = Columns / 2;
    Operands<Columns>& s = candor::shared<Operands<Columns>>();
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
            for (int box = 0; box < (int)(sizeof(s.b) / kTileBytes); box++) {
                candor::tma_load_2d(s.b + box * kSide * kSide, &b, &s.full, TB ? box * kSide : 0, TB ? 0 : box * kSide);
            }
        }
        return;
    }
    candor::setmaxnreg_inc<232>();
    const int t = threadIdx.x - 128;
    float d[kSums];
#pragma unroll
    for (int i = 0; i < kSums; i++) d[i] = c ? c[t * kSums + i] : 1e30f;
    candor::mbarrier_wait(&s.full, 0);
    candor::wgmma_registers(d);
    candor::wgmma_fence();
#pragma unroll
    for (int k = 0; k < 4; k++) {  // K-major: 32 bytes along the row; MN-major: 16 rows down
        product<Columns, TA, TB>(d, descriptor(candor::shared_address(s.a) + k * (TA ? 2048 : 32)),
            descriptor(candor::shared_address(s.b) + k * (TB ? 2048 : 32)), c || k > 0);
    }
    candor::wgmma_commit();
    candor::wgmma_registers(d);
    candor::wgmma_wait<0>();
    candor::wgmma_registers(d);
#pragma unroll
    for (int i = 0; i < kSums; i++) out[t * kSums + i] = d[i];
}

// The left operand from registers: four words a thread for each 16 of k.
template <int Columns, int TB>
__device__ __forceinline__ void product_of_registers(float (&d)[Columns / 2], const uint32_t (&a)[4], uint64_t b) {
    if constexpr (Columns == 64) candor::wgmma_m64n64k16_bf16_ra<TB>(d, a, b, 1);
    if constexpr (Columns == 128) candor::wgmma_m64n128k16_bf16_ra<TB>(d, a, b, 1);
}

template <int Columns, int TB>
__global__ void __launch_bounds__(128, 1) wgmma_ra(
    const uint32_t* left, const __grid_constant__ CUtensorMap b, const float* c, float* out) {
    constexpr int kSums = Columns / 2;
    Operands<Columns>& s = candor::shared<Operands<Columns>>();
    const int t = threadIdx.x;
    if (t == 0) {
        candor::mbarrier_init(&s.full, 1);
        candor::fence_mbarrier_init();
        candor::mbarrier_arrive_expect_tx(&s.full, sizeof(s.b));
        for (int box = 0; box < (int)(sizeof(s.b) / kTileBytes); box++) {
            candor::tma_load_2d(s.b + box * kSide * kSide, &b, &s.full, TB ? box * kSide : 0, TB ? 0 : box * kSide);
        }
    }
    __syncthreads();  // the barrier is there
    float d[kSums];
    uint32_t a[4][4];
#pragma unroll
    for (int i = 0; i < kSums; i++) d[i] = c[t * kSums + i];
#pragma unroll
    for (int i = 0; i < 16; i++) a[i / 4][i % 4] = left[t * 16 + i];
    candor::mbarrier_wait(&s.full, 0);
    candor::wgmma_registers(d);
    candor::wgmma_registers(a);
    candor::wgmma_fence();
#pragma unroll
    for (int k = 0; k < 4; k++) {
        product_of_registers<Columns, TB>(d, a[k], descriptor(candor::shared_address(s.b) + k * (TB ? 2048 : 32)));
    }
    candor::wgmma_commit();
    candor::wgmma_registers(d);
    candor::wgmma_wait<0>();
    candor::wgmma_registers(d);
    candor::wgmma_registers(a);
#pragma unroll
    for (int i = 0; i < kSums; i++) out[t * kSums + i] = d[i];
}

// b is a (Columns,64) matrix, or (64,Columns); at least 64 of them, of which a narrower product reads the first.
template <int Columns>
constexpr int kRight = Columns < kSide ? kSide : Columns;

template <int Columns, int TA, int TB, bool Adds>
cudaError_t run_wgmma(const void* in, void* out) {
    CUtensorMap a, b;
    const char* bytes = static_cast<const char*>(in);
    if (!map_of(&a, bytes, kSide, kSide, CU_TENSOR_MAP_SWIZZLE_128B)
        || !map_of(&b, bytes + kTileBytes, TB ? kSide : kRight<Columns>, TB ? kRight<Columns> : kSide, CU_TENSOR_MAP_SWIZZLE_128B)) {
        return cudaErrorInvalidValue;
    }
    const float* c = reinterpret_cast<const float*>(bytes + kTileBytes + kRight<Columns> * kSide * 2);
    return launch("wgmma", wgmma<Columns, TA, TB>, {dim3(1), dim3(256), sizeof(Operands<Columns>)}, a, b, Adds ? c : nullptr,
        static_cast<float*>(out));
}

template <int Columns, int TB>
cudaError_t run_wgmma_ra(const void* in, void* out) {
    CUtensorMap b;
    const char* bytes = static_cast<const char*>(in);
    if (!map_of(&b, bytes + kTileBytes, TB ? kSide : kRight<Columns>, TB ? kRight<Columns> : kSide, CU_TENSOR_MAP_SWIZZLE_128B)) {
        return cudaErrorInvalidValue;
    }
    const float* c = reinterpret_cast<const float*>(bytes + kTileBytes + kRight<Columns> * kSide * 2);
    return launch("wgmma, left operand in registers", wgmma_ra<Columns, TB>, {dim3(1), dim3(128), sizeof(Operands<Columns>)},
        static_cast<const uint32_t*>(in), b, c, static_cast<float*>(out));
}

template <int Columns>
void draw_operands(Random& random, Bytes& bytes) {
    const size_t operands = kTileBytes + kRight<Columns> * kSide * 2;
    wrappers::fill_bf16(random, bytes.data(), operands / 2);
    for (size_t at = operands; at < bytes.size(); at += 4) {
        const float v = random.uniform(-1, 1);
        memcpy(&bytes[at], &v, 4);
    }
}

template <int Columns, int TA, int TB, bool Adds = true>
void add_wgmma(const char* name) {
    const size_t sums = 128 * Columns / 2 * 4, operands = kTileBytes + kRight<Columns> * kSide * 2;
    wrappers::add({name, 90, operands + (Adds ? sums : 0), sums, draw_operands<Columns>, run_wgmma<Columns, TA, TB, Adds>, 64});
}

template <int Columns, int TB>
void add_wgmma_ra(const char* name) {
    const size_t sums = 128 * Columns / 2 * 4, operands = kTileBytes + kRight<Columns> * kSide * 2;
    wrappers::add({name, 90, operands + sums, sums, draw_operands<Columns>, run_wgmma_ra<Columns, TB>, 64});
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
    add({"tma_store_twice", 90, kTileBytes, 2 * kTileBytes, draw_bits, run_tma_twice, 0});
    add_wgmma<64, 0, 0>("wgmma_m64n64k16_bf16");
    add_wgmma<64, 1, 0>("wgmma_m64n64k16_bf16_ta");
    add_wgmma<64, 0, 1>("wgmma_m64n64k16_bf16_tb");
    add_wgmma<64, 1, 1>("wgmma_m64n64k16_bf16_ta_tb");
    add_wgmma<64, 0, 0, false>("wgmma_m64n64k16_bf16_first");
    add_wgmma<32, 0, 0>("wgmma_m64n32k16_bf16");
    add_wgmma<128, 0, 0>("wgmma_m64n128k16_bf16");
    add_wgmma<128, 0, 1>("wgmma_m64n128k16_bf16_tb");
    add_wgmma<192, 0, 0>("wgmma_m64n192k16_bf16");
    add_wgmma<192, 0, 1>("wgmma_m64n192k16_bf16_tb");
    add_wgmma<256, 0, 0>("wgmma_m64n256k16_bf16");
    add_wgmma<256, 0, 1>("wgmma_m64n256k16_bf16_tb");
    add_wgmma_ra<64, 0>("wgmma_m64n64k16_bf16_ra");
    add_wgmma_ra<64, 1>("wgmma_m64n64k16_bf16_ra_tb");
    add_wgmma_ra<128, 1>("wgmma_m64n128k16_bf16_ra_tb");
    return true;
}();

}  // namespace
