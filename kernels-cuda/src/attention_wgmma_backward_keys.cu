// Causal attention of packed sequences, backward with wgmma for sm_90a: gradients of keys and values. A block keeps 128 keys of
// a key head, and panels of queries pass by, of all query heads of the group. One warp loads, by TMA, into a ring of stages that
// mbarriers guard; two warpgroups multiply, each its own 64 keys. Scores of one step are under way while the gradients of the
// step before are added, and what is not on the tensor cores in one warpgroup has the other's products beside it.
#include <type_traits>

#include "attention_wgmma_backward.h"
#include "rows.h"

namespace candor {
namespace {

template <int Width>
struct KeyBlock : AttentionBlock {
    static_assert(kRows == kWgmmaTile, "what the grid is made for");
    static constexpr int kStages = Width == 64 ? 4 : 3;
    struct Shared {
        alignas(1024) bf16 k[kGroups][kPanel<Width>];
        alignas(1024) bf16 v[kGroups][kPanel<Width>];
        alignas(1024) bf16 q[kStages][kPanel<Width>];
        alignas(1024) bf16 dout[kStages][kPanel<Width>];
        alignas(16) float lse[kStages][kPanelRows];
        alignas(16) float delta[kStages][kPanelRows];
        alignas(8) BlockBarriers<kStages, 1> barriers;
    };
    static_assert(sizeof(Shared) <= 227 << 10, "what a block of sm_90 can have");
};

// What a block has: its keys, and the queries from there on that see them, panel by panel, for query heads of the group.
struct KeyWalk {
    int end, first_key, tiles, key_head, part, first_head, end_head, steps;

    __device__ __forceinline__ KeyWalk(const GradientArguments& a, int rows)
        : KeyWalk(a, rows, a.in.key_place(blockIdx.y, blockIdx.z, gridDim.z)) {}

    __device__ __forceinline__ KeyWalk(const GradientArguments& a, int rows, TilePlace at)
        : end(a.in.starts[at.sequence + 1]), first_key(a.in.starts[at.sequence] + at.tile * rows),
          tiles((a.in.end_of_seeing(first_key + rows - 1, end) - first_key + kPanelRows - 1) / kPanelRows),
          key_head(blockIdx.x / a.parts), part(blockIdx.x % a.parts) {
        const int group = a.in.h / a.in.k;
        first_head = key_head * group + group * part / a.parts;
        end_head = key_head * group + group * (part + 1) / a.parts;
        steps = tiles * (end_head - first_head);
    }
};

// With CANDOR_ROUND_BARRIERS, loading and multiplying warps meet in each round, which orders anew what mbarriers order already: a
// race that a tool reports without it, and not with it, is of a tool that does not follow mbarriers.
__device__ __forceinline__ void meet_in_round() {
#ifdef CANDOR_ROUND_BARRIERS
    barrier_sync(1, 2 * kWarpgroup + kWarp);
#endif
}

template <int Width>
__device__ __forceinline__ void load_queries(
    typename KeyBlock<Width>::Shared& s, const GradientArguments& a, const KeyWalk& walk, int lane) {
    using B = KeyBlock<Width>;
    const Attention& in = a.in;
    StageBarriers<B::kStages>& stages = s.barriers.rings[0];
    if (lane == 0) {
        mbarrier_arrive_expect_tx(&s.barriers.resident, sizeof s.k + sizeof s.v);
        for (int group = 0; group < B::kGroups; group++) {
            const int row = walk.first_key + group * kPanelRows;
            load_rows<kPanelRows, Width>(s.k[group], &a.qkv, &s.barriers.resident, row, in.key_column(walk.key_head));
            load_rows<kPanelRows, Width>(s.v[group], &a.qkv, &s.barriers.resident, row, in.value_column(walk.key_head));
        }
    }
    Ring<B::kStages> ring;
    uint32_t landed_parity = 0;
    for (int head = walk.first_head; head < walk.end_head; head++) {
        const float *lse = a.rows.lse + (int64_t)head * a.n, *delta = a.rows.delta + (int64_t)head * a.n;
        for (int tile = 0; tile < walk.tiles; tile++, ring.next()) {
            const int query = walk.first_key + tile * kPanelRows, stage = ring.stage;
            // Behind the end, weights are exp2(-inf) = 0.
            float numbers[2][2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int row = query + i * kWarp + lane;
                numbers[i][0] = row < walk.end ? lse[row] : INFINITY;
                numbers[i][1] = row < walk.end ? delta[row] : 0.0f;
            }
            mbarrier_wait(&stages.empty[stage], ring.parity ^ 1);  // what was here has been read
#pragma unroll
            for (int i = 0; i < 2; i++) {
                s.lse[stage][i * kWarp + lane] = numbers[i][0];
                s.delta[stage][i * kWarp + lane] = numbers[i][1];
            }
            __syncwarp();  // all lanes have written, before one of them says so
            load_stage<Width>(s.q[stage], &a.qkv, in.query_column(head), s.dout[stage], &a.dout, in.query_column(head), query,
                walk.end, &stages.full[stage], &s.barriers.landed, landed_parity, lane);
            meet_in_round();
        }
    }
}

// A warpgroup, `group` counts those that multiply.
template <int Width>
__device__ __forceinline__ void add_key_gradients(
    typename KeyBlock<Width>::Shared& s, const GradientArguments& a, const KeyWalk& walk, int group, int thread) {
    using B = KeyBlock<Width>;
    const Attention& in = a.in;
    StageBarriers<B::kStages>& stages = s.barriers.rings[0];
    const float scale = in.scale * kLog2e;
    const uint64_t keys = wgmma_descriptor(s.k[group]), values = wgmma_descriptor(s.v[group]);
    const uint64_t queries = wgmma_descriptor(s.q[0]), douts = wgmma_descriptor(s.dout[0]);
    float dk[Width / 2] = {}, dv[Width / 2] = {};
    uint32_t weights[4][4], gradients[4][4];
    // The stage whose dk is still to be added, from `gradients`: that happens together with the next one's scores.
    int last = -1;
    const auto queries_at = [&](int stage) { return panel_at(queries, stage * kPanel<Width>); };
    const auto douts_at = [&](int stage) { return panel_at(douts, stage * kPanel<Width>); };
    const auto release = [&](int stage) {
        __syncwarp();  // all lanes have read
        if (thread % kWarp == 0) mbarrier_arrive(&stages.empty[stage]);
    };
    Ring<B::kStages> ring;
    mbarrier_wait(&s.barriers.resident, 0);  // keys and values are loaded
    for (int step = 0, tile = 0; step < walk.steps; step++, ring.next()) {
        const int stage = ring.stage, diagonal = tile - group;
        tile = tile + 1 < walk.tiles ? tile + 1 : 0;
        mbarrier_wait(&stages.full[stage], ring.parity);  // the stage is loaded
        meet_in_round();
        // Between a query of the stage and one of these keys there are from nearest to nearest + 126 tokens.
        const int nearest = (diagonal - 1) * kPanelRows + 1;
        if (diagonal < 0 || nearest >= in.window) {  // no query of it sees these keys
            release(stage);
            continue;
        }
        // Transposed: rows are keys, columns are queries, so that the weights come out as left operands. What is computed from
        // scores goes to other variables: ptxas lets products overlap only where nothing else writes their registers, and where
        // none is under way from one round of a loop to the next.
        float scores[32], dp[32], p[32], ds[32];
        if (last >= 0) add_weighted<Width>(dk, gradients, queries_at(last));
        multiply_panels<Width>(scores, keys, queries_at(stage));
        multiply_panels<Width>(dp, values, douts_at(stage));
        wgmma_wait<1>();  // dk and scores
        wgmma_registers(scores);
        wgmma_registers(dk);
        wgmma_registers(gradients);
        if (last >= 0) release(last);
        last = stage;
        const auto weigh = [&](auto masked) {
#pragma unroll
            for (int j = 0; j < 8; j++) {
                const int column = j * 8 + fragment_column(0);
                const float2 lse = *reinterpret_cast<const float2*>(&s.lse[stage][column]);
#pragma unroll
                for (int v = 0; v < 4; v++) {
                    const float weight = exp2_approx(scores[j * 4 + v] * scale - (v % 2 ? lse.y : lse.x));
                    const bool seen = in.sees(diagonal * kPanelRows + column + v % 2, group_row(thread, v));
                    p[j * 4 + v] = masked && !seen ? 0.0f : weight;
                }
            }
        };
        diagonal == 0 || nearest + 2 * (kPanelRows - 1) >= in.window ? weigh(std::true_type()) : weigh(std::false_type());
        pack_weights(weights, p);
        add_weighted<Width>(dv, weights, douts_at(stage));
        wgmma_wait<1>();  // dp
        wgmma_registers(dp);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            const float2 delta = *reinterpret_cast<const float2*>(&s.delta[stage][j * 8 + fragment_column(0)]);
#pragma unroll
            for (int v = 0; v < 4; v++) ds[j * 4 + v] = p[j * 4 + v] * (dp[j * 4 + v] - (v % 2 ? delta.y : delta.x));
        }
        pack_weights(gradients, ds);
        wgmma_wait<0>();  // dv
        wgmma_registers(dv);
        wgmma_registers(weights);
    }
    if (last >= 0) {
        add_weighted<Width>(dk, gradients, queries_at(last));
        wgmma_wait<0>();
        wgmma_registers(dk);
    }
    const int row = walk.first_key + group * kPanelRows;
    if (a.parts > 1) {
        const int columns = 2 * in.k * Width;
        float* to = a.part_sums + (int64_t)walk.part * a.n * columns;
        store_floats<Width>(to, columns, row, walk.end, walk.key_head * Width, dk, in.scale, thread);
        store_floats<Width>(to, columns, row, walk.end, (in.k + walk.key_head) * Width, dv, 1.0f, thread);
        return;
    }
    store_panel<Width>(a.dqkv, a.dqkv_stride, row, walk.end, in.key_column(walk.key_head), dk, in.scale, in.scale, thread);
    store_panel<Width>(a.dqkv, a.dqkv_stride, row, walk.end, in.value_column(walk.key_head), dv, 1.0f, 1.0f, thread);
}

template <int Width>
__global__ void __launch_bounds__(KeyBlock<Width>::kThreads, 1) key_gradient_kernel(
    const __grid_constant__ GradientArguments a) {
    using B = KeyBlock<Width>;
    const KeyWalk walk(a, B::kRows);
    if (walk.tiles <= 0) return;
    typename B::Shared& s = shared<typename B::Shared>();
    run_block(
        s.barriers, [&](int lane) { load_queries<Width>(s, a, walk, lane); },
        [&](int group, int thread) { add_key_gradients<Width>(s, a, walk, group, thread); });
}

constexpr int kSumThreads = 256;

// Gradients of keys and values = what the parts add, in order; a thread takes eight columns of a row.
__global__ void __launch_bounds__(kSumThreads) sum_parts_kernel(const GradientArguments a) {
    const int columns = 2 * a.in.k * a.in.d, column = (blockIdx.y * kSumThreads + threadIdx.x) * kChunk, row = blockIdx.x;
    if (column >= columns) return;
    Eight sum = {};
    for (int part = 0; part < a.parts; part++) {
        const float4* from = reinterpret_cast<const float4*>(a.part_sums + ((int64_t)part * a.n + row) * columns + column);
        const float4 low = from[0], high = from[1];
        const float v[kChunk] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
        for (int e = 0; e < kChunk; e++) sum.v[e] += v[e];
    }
    write8(a.dqkv + row * a.dqkv_stride + a.in.key_column(0), column, columns, sum);
}

template <int Width>
cudaError_t launch_keys(const GradientArguments& a, cudaStream_t stream) {
    using B = KeyBlock<Width>;
    // Tiles are the slowest dimension: blocks begin in its order, those with the longest walks first, whatever head they have.
    const cudaError_t code = launch("attention backward wgmma, keys", key_gradient_kernel<Width>,
        {dim3(a.in.k * a.parts, a.sequences, a.tiles), dim3(B::kThreads), sizeof(typename B::Shared), stream},
        a);
    if (code != cudaSuccess || a.parts == 1) return code;
    return launch("attention backward wgmma, parts", sum_parts_kernel,
        {dim3(a.n, ceil_div(2 * a.in.k * Width, kSumThreads * kChunk)), dim3(kSumThreads), 0, stream}, a);
}

}  // namespace

cudaError_t key_gradients_wgmma(const GradientArguments& a, cudaStream_t stream) {
    return a.in.d == 64 ? launch_keys<64>(a, stream) : launch_keys<128>(a, stream);
}

}  // namespace candor
