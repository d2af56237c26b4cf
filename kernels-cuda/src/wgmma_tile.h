// A tile of matmul_wgmma.cu: its sizes, its shared memory, and wgmma by the number of columns.
#pragma once
#include "device/device.h"
#include "device/tensor_map.h"

namespace candor {

constexpr int kWarpgroup = 128;

// `Groups` warpgroups multiply, each of them 64 rows by all columns; one more loads. `Buffers` of 64 by 64 for each group that
// multiplies, on the way out; 0: sums go out from the registers.
template <int Groups, int Columns, int Stages, int Buffers>
struct WgmmaTile {
    static constexpr int kGroups = Groups, kColumns = Columns, kStages = Stages;
    static constexpr int kRows = 64 * Groups, kDepth = kBoxColumns, kSums = Columns / 2;
    static constexpr int kThreads = (Groups + 1) * kWarpgroup;
    static constexpr bool kStaged = Buffers > 0;
    static constexpr int kBuffers = kStaged ? Buffers : 1, kBuffer = kStaged ? 64 * kBoxColumns : kChunk;
    static_assert(Columns / kBoxColumns % kBuffers == 0, "every tile begins with the same buffer");
    // By setmaxnreg, where more than one warpgroup multiplies: there are 512 for a thread of each of the three.
    static constexpr bool kMovesRegisters = Groups > 1;
    static constexpr int kLoadRegisters = 56, kMultiplyRegisters = 224;
    static_assert(!kMovesRegisters || kLoadRegisters + Groups * kMultiplyRegisters <= 512, "of a multiprocessor");

    struct Shared {
        alignas(1024) bf16 a[Stages][kRows * kDepth];
        alignas(1024) bf16 b[Stages][Columns * kDepth];
        alignas(1024) bf16 y[Groups][kBuffers][kBuffer];
        alignas(8) uint64_t full[Stages], empty[Stages];
    };
    static_assert(sizeof(Shared) <= 227 << 10, "what a block of sm_90 can have");
};

// Where a ring of stages stands: the stage, and the parity of the round.
template <int Stages>
struct Ring {
    int stage = 0;
    uint32_t parity = 0;
    __device__ __forceinline__ void next() {
        if (++stage == Stages) stage = 0, parity ^= 1;
    }
};

// Descriptor of a tile whose rows have 128 bytes and are swizzled, eight of them every 1024 bytes. MN-major: rows are k, and
// the next 64 columns follow so many rows later. K-major: rows are columns of the product, and the leading offset is not read.
__device__ __forceinline__ uint64_t wgmma_descriptor(const bf16* tile, int box_rows = 64) {
    const auto field = [](uint32_t bytes) { return (uint64_t)((bytes & 0x3FFFF) >> 4); };
    return field(shared_address(tile)) | field(box_rows * 128) << 16 | field(1024) << 32 | 1ull << 62;
}
// So many bytes further on.
__device__ __forceinline__ uint64_t further(uint64_t descriptor, int bytes) {
    return descriptor + (uint32_t)(bytes >> 4);
}

// d (64,Columns) = a (64,16) b, or +=; b K-major, or MN-major where `Transposed`.
template <int Columns, bool Transposed>
__device__ __forceinline__ void wgmma(float (&d)[Columns / 2], uint64_t a, uint64_t b, bool accumulate) {
    if constexpr (Columns == 32) wgmma_m64n32k16_bf16<0, Transposed>(d, a, b, accumulate);
    if constexpr (Columns == 64) wgmma_m64n64k16_bf16<0, Transposed>(d, a, b, accumulate);
    if constexpr (Columns == 128) wgmma_m64n128k16_bf16<0, Transposed>(d, a, b, accumulate);
    if constexpr (Columns == 192) wgmma_m64n192k16_bf16<0, Transposed>(d, a, b, accumulate);
    if constexpr (Columns == 256) wgmma_m64n256k16_bf16<0, Transposed>(d, a, b, accumulate);
}

}  // namespace candor
