// Causal attention of packed sequences, backward with wgmma for sm_90a: gradients of queries. A block keeps 128 queries of a
// head, and panels of keys and values pass by. One warp loads, by TMA, into a ring of stages that mbarriers guard; two
// warpgroups multiply, each its own 64 queries.
#include <type_traits>

#include "attention_wgmma_backward.h"

namespace candor {
namespace {

template <int Width>
struct QueryBlock : AttentionBlock {
    static_assert(kRows == kWgmmaTile, "what the grid is made for");
    static constexpr int kStages = Width == 64 ? 4 : 3;
    struct Shared {
        alignas(1024) bf16 q[kGroups][kPanel<Width>];
        alignas(1024) bf16 dout[kGroups][kPanel<Width>];
        alignas(1024) bf16 k[kStages][kPanel<Width>];
        alignas(1024) bf16 v[kStages][kPanel<Width>];
        alignas(8) BlockBarriers<kStages, 1> barriers;
    };
    static_assert(sizeof(Shared) <= 227 << 10, "what a block of sm_90 can have");
};

// The part of a sequence that a block has: its queries, and the keys from the first that they see to the last query's own, panel
// by panel.
struct QueryWalk {
    int start, end, first_query, head, key_head, first_tile, tiles;

    __device__ __forceinline__ explicit QueryWalk(const Attention& in, int rows)
        : QueryWalk(in, rows, in.query_place(blockIdx.y, blockIdx.z, gridDim.z)) {}

    __device__ __forceinline__ QueryWalk(const Attention& in, int rows, TilePlace at)
        : start(in.starts[at.sequence]), end(in.starts[at.sequence + 1]), first_query(start + at.tile * rows),
          head(blockIdx.x), key_head(head / (in.h / in.k)),
          first_tile((in.first_seen(first_query, start) - start) / kPanelRows),
          tiles((min(first_query + rows, end) - start + kPanelRows - 1) / kPanelRows) {}
};

template <int Width>
__device__ __forceinline__ void load_keys(
    typename QueryBlock<Width>::Shared& s, const GradientArguments& a, const QueryWalk& walk, int lane) {
    using B = QueryBlock<Width>;
    const Attention& in = a.in;
    StageBarriers<B::kStages>& stages = s.barriers.rings[0];
    if (lane == 0) {
        mbarrier_arrive_expect_tx(&s.barriers.resident, sizeof s.q + sizeof s.dout);
        for (int group = 0; group < B::kGroups; group++) {
            const int row = walk.first_query + group * kPanelRows;
            load_rows<kPanelRows, Width>(s.q[group], &a.qkv, &s.barriers.resident, row, in.query_column(walk.head));
            load_rows<kPanelRows, Width>(s.dout[group], &a.dout, &s.barriers.resident, row, in.query_column(walk.head));
        }
    }
    Ring<B::kStages> ring;
    uint32_t landed_parity = 0;
    for (int tile = walk.first_tile; tile < walk.tiles; tile++, ring.next()) {
        const int stage = ring.stage;
        mbarrier_wait(&stages.empty[stage], ring.parity ^ 1);  // what was here has been multiplied
        load_stage<Width>(s.k[stage], &a.qkv, in.key_column(walk.key_head), s.v[stage], &a.qkv, in.value_column(walk.key_head),
            walk.start + tile * kPanelRows, walk.end, &stages.full[stage], &s.barriers.landed, landed_parity, lane);
    }
}

// A warpgroup, `group` counts those that multiply.
template <int Width>
__device__ __forceinline__ void add_query_gradients(
    typename QueryBlock<Width>::Shared& s, const GradientArguments& a, const QueryWalk& walk, int group, int thread) {
    using B = QueryBlock<Width>;
    const Attention& in = a.in;
    StageBarriers<B::kStages>& stages = s.barriers.rings[0];
    const float scale = in.scale * kLog2e;
    const int row = walk.first_query + group * kPanelRows;
    const int diagonal = (row - walk.start) / kPanelRows;  // the tile with these queries' own keys
    float lse[2], delta[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int r = row + group_row(thread, 2 * half);
        lse[half] = r < walk.end ? a.rows.lse[(int64_t)walk.head * a.n + r] : INFINITY;
        delta[half] = r < walk.end ? a.rows.delta[(int64_t)walk.head * a.n + r] : 0.0f;
    }
    const uint64_t queries = wgmma_descriptor(s.q[group]), douts = wgmma_descriptor(s.dout[group]);
    const uint64_t keys = wgmma_descriptor(s.k[0]), values = wgmma_descriptor(s.v[0]);
    float dq[Width / 2] = {};
    uint32_t gradients[4][4];
    int last = -1;  // the stage whose dq is still to be added, from `gradients`
    const auto keys_at = [&](int stage) { return panel_at(keys, stage * kPanel<Width>); };
    const auto release = [&](int stage) {
        if (thread % kWarp == 0) mbarrier_arrive(&stages.empty[stage]);
    };
    Ring<B::kStages> ring;
    mbarrier_wait(&s.barriers.resident, 0);  // queries and dO are loaded
    // Tiles that only earlier queries see.
    int tile = walk.first_tile;
    for (; tile < walk.tiles && (diagonal - tile - 1) * kPanelRows + 1 >= in.window; tile++, ring.next()) {
        mbarrier_wait(&stages.full[ring.stage], ring.parity);  // so that this round's reader says what this round read
        release(ring.stage);
    }
    for (; tile < min(walk.tiles, diagonal + 1); tile++, ring.next()) {
        const int stage = ring.stage;
        mbarrier_wait(&stages.full[stage], ring.parity);  // the stage is loaded
        float scores[32], dp[32], ds[32];
        if (last >= 0) add_weighted<Width>(dq, gradients, keys_at(last));
        multiply_panels<Width>(scores, queries, keys_at(stage));
        multiply_panels<Width>(dp, douts, panel_at(values, stage * kPanel<Width>));
        wgmma_wait<1>();  // dq and scores
        wgmma_registers(scores);
        wgmma_registers(dq);
        wgmma_registers(gradients);
        if (last >= 0) release(last);
        last = stage;
        const auto weigh = [&](auto masked) {
#pragma unroll
            for (int i = 0; i < 32; i++) {
                const float weight = exp2_approx(scores[i] * scale - lse[i % 4 / 2]);
                const int query = (diagonal - tile) * kPanelRows + group_row(thread, i % 4);
                ds[i] = masked && !in.sees(query, i / 4 * 8 + fragment_column(i % 4)) ? 0.0f : weight;
            }
        };
        const bool edge = (diagonal - tile + 1) * kPanelRows - 1 >= in.window;  // some window begins here
        tile == diagonal || edge ? weigh(std::true_type()) : weigh(std::false_type());
        wgmma_wait<0>();  // dp
        wgmma_registers(dp);
#pragma unroll
        for (int i = 0; i < 32; i++) ds[i] *= dp[i] - delta[i % 4 / 2];
        pack_weights(gradients, ds);
    }
    if (last >= 0) {
        add_weighted<Width>(dq, gradients, keys_at(last));
        wgmma_wait<0>();
        wgmma_registers(dq);
        release(last);
    }
    // Tiles that only later queries see.
    for (; tile < walk.tiles; tile++, ring.next()) {
        mbarrier_wait(&stages.full[ring.stage], ring.parity);  // so that this round's reader says what this round read
        release(ring.stage);
    }
    store_panel<Width>(a.dqkv, a.dqkv_stride, row, walk.end, in.query_column(walk.head), dq, in.scale, in.scale, thread);
}

template <int Width>
__global__ void __launch_bounds__(QueryBlock<Width>::kThreads, 1) query_gradient_kernel(
    const __grid_constant__ GradientArguments a) {
    using B = QueryBlock<Width>;
    const QueryWalk walk(a.in, B::kRows);
    if (walk.first_query >= walk.end) return;
    typename B::Shared& s = shared<typename B::Shared>();
    run_block(
        s.barriers, [&](int lane) { load_keys<Width>(s, a, walk, lane); },
        [&](int group, int thread) { add_query_gradients<Width>(s, a, walk, group, thread); });
}

template <int Width>
cudaError_t launch_queries(const GradientArguments& a, cudaStream_t stream) {
    using B = QueryBlock<Width>;
    // Tiles are the slowest dimension: blocks begin in its order, those with the longest walks first, whatever head they have.
    return launch("attention backward wgmma, queries", query_gradient_kernel<Width>,
        {dim3(a.in.h, a.sequences, a.tiles), dim3(B::kThreads), sizeof(typename B::Shared), stream}, a);
}

}  // namespace

cudaError_t query_gradients_wgmma(const GradientArguments& a, cudaStream_t stream) {
    return a.in.d == 64 ? launch_queries<64>(a, stream) : launch_queries<128>(a, stream);
}

}  // namespace candor
