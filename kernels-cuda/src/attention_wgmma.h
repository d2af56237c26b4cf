// What the attention kernels of sm_90a share. They work in panels: 64 rows of one head, as TMA lays them and wgmma reads them.
// Warpgroups that multiply take 64 rows each; one more warp loads.
#pragma once
#include "attention.h"
#include "wgmma_tile.h"

namespace candor {

constexpr int kPanelRows = 64;

// A panel's elements: boxes of 64 columns one after the other.
template <int Width>
constexpr int kPanel = kPanelRows * Width;

// A block of two warpgroups that multiply and one that loads, with registers moved by setmaxnreg: what the launch gives each
// thread, for all warpgroups together, is 3 times 168.
struct AttentionBlock {
    static constexpr int kGroups = 2, kThreads = (kGroups + 1) * kWarpgroup, kRows = kGroups * kPanelRows;
    static constexpr int kLoadRegisters = 24, kMultiplyRegisters = 240;
    static constexpr int kArrivals = kGroups * kWarpgroup / kWarp;  // of a stage that was read: one lane of each warp
};

// A ring of stages that are loaded and multiplied again and again: when each is full, and when it is empty.
template <int Stages>
struct StageBarriers {
    uint64_t full[Stages], empty[Stages];
};

// The barriers of a block: what is loaded once and stays is there; TMA has written what the loading warp writes over; the rings.
template <int Stages, int Rings>
struct BlockBarriers {
    uint64_t resident, landed;
    StageBarriers<Stages> rings[Rings];
};

// What every block does: it sets its barriers up, then one warp calls load(lane) and the warpgroups that multiply call
// multiply(group, thread). Registers move from the former to the latter.
template <int Stages, int Rings, class Load, class Multiply>
__device__ __forceinline__ void run_block(BlockBarriers<Stages, Rings>& barriers, const Load& load, const Multiply& multiply) {
    using B = AttentionBlock;
    if (threadIdx.x == 0) {
        mbarrier_init(&barriers.resident, 1);
        mbarrier_init(&barriers.landed, 1);
        for (auto& ring : barriers.rings) {
            for (int i = 0; i < Stages; i++) mbarrier_init(&ring.full[i], 1), mbarrier_init(&ring.empty[i], B::kArrivals);
        }
        fence_mbarrier_init();
    }
    __syncthreads();  // the barriers are there
    // Of lane 0, so that ptxas knows that a warp's lanes agree.
    const int group = __shfl_sync(kAllLanes, (int)threadIdx.x / kWarpgroup, 0);
    if (group == B::kGroups) {
        setmaxnreg_dec<B::kLoadRegisters>();
        if (threadIdx.x < B::kGroups * kWarpgroup + kWarp) load(threadIdx.x % kWarp);
    } else {
        setmaxnreg_inc<B::kMultiplyRegisters>();
        multiply(group, threadIdx.x % kWarpgroup);
    }
}

// ---- loading, by one warp ----------------------------------------------------------------------------------------------

// `Rows` rows of a head from (row, column) of the matrix on, in boxes of so many rows. They may reach into the next sequence.
template <int Rows, int Width>
__device__ __forceinline__ void load_rows(bf16* tile, const CUtensorMap* map, uint64_t* full, int row, int column) {
#pragma unroll
    for (int c = 0; c < Width; c += kBoxColumns) tma_load_2d(tile + c * Rows, map, full, column + c, row);
}

// Rows from `first` on become zeros: they are another sequence's, and a weight of 0 times its NaN would be NaN.
template <int Rows, int Width>
__device__ __forceinline__ void clear_rows(bf16* tile, int first, int lane) {
    constexpr int kChunks = kBoxColumns / kChunk;
    const int chunks = (Rows - first) * kChunks;
#pragma unroll
    for (int c = 0; c < Width; c += kBoxColumns) {
        // The swizzle stays within a row.
        uint4* rows = reinterpret_cast<uint4*>(tile + c * Rows) + first * kChunks;
        for (int i = lane; i < chunks; i += kWarp) rows[i] = make_uint4(0, 0, 0, 0);
    }
}

// Fills a stage with two panels of rows [row, row + 64) and says so at `full`. Where the sequence ends among them, TMA reports
// to `landed` first, and the warp clears what is behind the end.
template <int Width>
__device__ __forceinline__ void load_stage(bf16* left, const CUtensorMap* left_map, int left_column, bf16* right,
    const CUtensorMap* right_map, int right_column, int row, int end, uint64_t* full, uint64_t* landed, uint32_t& landed_parity,
    int lane) {
    const bool whole = row + kPanelRows <= end;
    if (lane == 0) {
        uint64_t* report = whole ? full : landed;
        mbarrier_arrive_expect_tx(report, 2 * kPanel<Width> * (int)sizeof(bf16));
        load_rows<kPanelRows, Width>(left, left_map, report, row, left_column);
        load_rows<kPanelRows, Width>(right, right_map, report, row, right_column);
    }
    if (!whole) {
        mbarrier_wait(landed, landed_parity);  // TMA has written, before it is written over
        landed_parity ^= 1;
        clear_rows<kPanelRows, Width>(left, end - row, lane);
        clear_rows<kPanelRows, Width>(right, end - row, lane);
        fence_proxy_async();  // the tensor cores read what was written here
        __syncwarp();         // all lanes have written, before one of them says so
        if (lane == 0) mbarrier_arrive(full);
    }
    __syncwarp();
}

// ---- multiplying, by a warpgroup ---------------------------------------------------------------------------------------

// Descriptor of a panel so many elements on.
__device__ __forceinline__ uint64_t panel_at(uint64_t descriptor, int elements) {
    return further(descriptor, elements * (int)sizeof(bf16));
}

// s (64,64) = a bT, panels (64,Width); one group of products.
template <int Width>
__device__ __forceinline__ void multiply_panels(float (&s)[32], uint64_t a, uint64_t b) {
    wgmma_registers(s);
    wgmma_fence();
#pragma unroll
    for (int k = 0; k < Width; k += 16) {
        const int at = k / kBoxColumns * kPanelRows * kBoxColumns + k % kBoxColumns;
        wgmma_m64n64k16_bf16(s, panel_at(a, at), panel_at(b, at), k > 0);
    }
    wgmma_commit();
    wgmma_registers(s);
}

// sums (64,Width) += weights (64,16 Steps) b, b in boxes of as many rows; one group of products.
template <int Width, int Steps>
__device__ __forceinline__ void add_weighted(float (&sums)[Width / 2], uint32_t (&weights)[Steps][4], uint64_t b) {
    wgmma_registers(sums);
    wgmma_registers(weights);
    wgmma_fence();
#pragma unroll
    for (int k = 0; k < Steps; k++) {
        const uint64_t rows = panel_at(b, k * 16 * kBoxColumns);
        if constexpr (Width == 64) wgmma_m64n64k16_bf16_ra<1>(sums, weights[k], rows, 1);
        if constexpr (Width == 128) wgmma_m64n128k16_bf16_ra<1>(sums, weights[k], rows, 1);
    }
    wgmma_commit();
    wgmma_registers(sums);
}

// Accumulators (64,16 Steps), rounded to bf16, as a left operand: two of 8 columns side by side are one of 16.
template <int Steps>
__device__ __forceinline__ void pack_weights(uint32_t (&weights)[Steps][4], const float (&s)[Steps * 8]) {
#pragma unroll
    for (int i = 0; i < Steps * 4; i++) weights[i / 4][i % 4] = pack(s[2 * i], s[2 * i + 1]);
}

// The row of a warpgroup's 64 that value i of a fragment lies in.
__device__ __forceinline__ int group_row(int thread, int i) {
    return thread / kWarp * 16 + fragment_row(i);
}

// Writes accumulators (64,Width) times a factor per half, bf16, to rows of global memory below end_row; `row` is the
// warpgroup's first.
template <int Width>
__device__ __forceinline__ void store_panel(bf16* to, int64_t stride, int row, int end_row, int column,
    const float (&sums)[Width / 2], float low, float high, int thread) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int r = row + group_row(thread, 2 * half);
        if (r >= end_row) continue;
        const float factor = half ? high : low;
        bf16* p = to + r * stride + column + fragment_column(0);
        const bool pairs = reinterpret_cast<uintptr_t>(p) % sizeof(uint32_t) == 0;  // a view's rows may begin anywhere
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
            const int i = j * 4 + half * 2;
            const float left = sums[i] * factor, right = sums[i + 1] * factor;
            if (pairs) {
                *reinterpret_cast<uint32_t*>(p + j * 8) = pack(left, right);
            } else {
                p[j * 8] = to_bf16(left);
                p[j * 8 + 1] = to_bf16(right);
            }
        }
    }
}

// The same as floats, without rounding, to rows that are 8-byte aligned.
template <int Width>
__device__ __forceinline__ void store_floats(
    float* to, int64_t stride, int row, int end_row, int column, const float (&sums)[Width / 2], float factor, int thread) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int r = row + group_row(thread, 2 * half);
        if (r >= end_row) continue;
        float* p = to + r * stride + column + fragment_column(0);
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
            const int i = j * 4 + half * 2;
            *reinterpret_cast<float2*>(p + j * 8) = make_float2(sums[i] * factor, sums[i + 1] * factor);
        }
    }
}

}  // namespace candor
