// Causal attention of packed sequences, forward, with wgmma for sm_90a (Shah et al. 2024, "FlashAttention-3", has the idea): a
// block takes 128 queries of one head, two warpgroups 64 each, and walks over the keys from the last that they see to the
// first. One more warp loads, by TMA, into rings that mbarriers guard. A warpgroup's next scores and its last weights times
// values are under way together. Warpgroups take turns to hand their products over, so that one's softmax has the other's
// products beside it.
#include "attention_kernel.h"
#include "attention_wgmma.h"

namespace candor {
namespace {

constexpr int kKeys = 128;  // of a step

template <int Width>
struct ForwardBlock : AttentionBlock {
    static constexpr int kStages = Width == 64 ? 3 : 2, kTile = kKeys * Width;
    static_assert(kRows == kWgmmaTile, "what the grid is made for");
    static_assert(kRows == kKeys, "the first step has the block's own keys, and only there keys are behind queries");
    struct Shared {
        alignas(1024) bf16 q[kGroups][kPanel<Width>];
        alignas(1024) bf16 k[kStages][kTile];
        alignas(1024) bf16 v[kStages][kTile];
        alignas(8) BlockBarriers<kStages, 2> barriers;
    };
    static_assert(sizeof(Shared) <= 227 << 10, "what a block of sm_90 can have");
};

struct Arguments {
    CUtensorMap queries, keys;  // of the same matrix, in boxes of 64 and of 128 rows
    ForwardArguments of;
};

// The part of a sequence that a block has: its queries, and the keys that they see.
struct Walk {
    int start, end, first_query, head, key_head, steps;

    __device__ __forceinline__ explicit Walk(const Attention& in)
        : Walk(in, in.query_place(blockIdx.y, blockIdx.z, gridDim.z)) {}

    __device__ __forceinline__ Walk(const Attention& in, TilePlace at)
        : start(in.starts[at.sequence]), end(in.starts[at.sequence + 1]), first_query(start + at.tile * kKeys),
          head(blockIdx.x), key_head(head / (in.h / in.k)),
          steps((first_query - start) / kKeys - (in.first_seen(first_query, start) - start) / kKeys + 1) {}

    __device__ __forceinline__ int first_key(int step) const { return first_query - step * kKeys; }
};

// ---- loading -----------------------------------------------------------------------------------------------------------

template <int Width>
__device__ __forceinline__ void load(typename ForwardBlock<Width>::Shared& s, const Arguments& a, const Walk& walk, int lane) {
    using B = ForwardBlock<Width>;
    constexpr int kBytes = B::kTile * (int)sizeof(bf16);
    const Attention& in = a.of.in;
    uint64_t *queries = &s.barriers.resident, *landed = &s.barriers.landed;
    StageBarriers<B::kStages>&keys = s.barriers.rings[0], &values = s.barriers.rings[1];
    if (lane == 0) {
        mbarrier_arrive_expect_tx(queries, sizeof s.q);
        for (int group = 0; group < B::kGroups; group++) {
            load_rows<kPanelRows, Width>(
                s.q[group], &a.queries, queries, walk.first_query + group * kPanelRows, in.query_column(walk.head));
        }
    }
    Ring<B::kStages> ring;
    for (int step = 0; step < walk.steps; step++, ring.next()) {
        const int stage = ring.stage, row = walk.first_key(step);
        mbarrier_wait(&keys.empty[stage], ring.parity ^ 1);  // what was here has been multiplied
        if (lane == 0) {
            mbarrier_arrive_expect_tx(&keys.full[stage], kBytes);
            load_rows<kKeys, Width>(s.k[stage], &a.keys, &keys.full[stage], row, in.key_column(walk.key_head));
        }
        mbarrier_wait(&values.empty[stage], ring.parity ^ 1);  // what was here has been multiplied
        const bool whole = row + kKeys <= walk.end;
        if (lane == 0) {
            uint64_t* report = whole ? &values.full[stage] : landed;
            mbarrier_arrive_expect_tx(report, kBytes);
            load_rows<kKeys, Width>(s.v[stage], &a.keys, report, row, in.value_column(walk.key_head));
        }
        if (!whole) {  // the first step alone
            mbarrier_wait(landed, 0);  // TMA has written, before it is written over
            clear_rows<kKeys, Width>(s.v[stage], walk.end - row, lane);
            fence_proxy_async();  // the tensor cores read what was written here
            __syncwarp();         // all lanes have written, before one of them says so
            if (lane == 0) mbarrier_arrive(&values.full[stage]);
        }
        __syncwarp();
    }
}

// ---- multiplying -------------------------------------------------------------------------------------------------------

// scores (64,128) = q kT; one group of products.
template <int Width>
__device__ __forceinline__ void multiply_keys(float (&scores)[64], uint64_t q, uint64_t k) {
    wgmma_registers(scores);
    wgmma_fence();
#pragma unroll
    for (int c = 0; c < Width; c += 16) {
        const int box = c / kBoxColumns, within = c % kBoxColumns;
        wgmma_m64n128k16_bf16(scores, panel_at(q, box * kPanelRows * kBoxColumns + within),
            panel_at(k, box * kKeys * kBoxColumns + within), c > 0);
    }
    wgmma_commit();
    wgmma_registers(scores);
}

// What a thread keeps of its two rows: the largest score so far, not scaled, and the sum of the weights of its columns.
struct Softmax {
    float scale;  // of scores, for base 2
    float largest[2] = {-INFINITY, -INFINITY};
    float sum[2] = {0.0f, 0.0f};

    // Weights of scores, of which score(i) gives each, relative to the new maximum; `correction` is what earlier sums have to be
    // multiplied by. Every row sees a key in the first step, its own, so the maximum is finite.
    template <class Score>
    __device__ __forceinline__ void weigh(float (&weights)[64], const Score& score, float (&correction)[2]) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float most = largest[half];
#pragma unroll
            for (int i = 2 * half; i < 64; i += 4) most = fmaxf(most, fmaxf(score(i), score(i + 1)));
            most = warp_max<4>(most);  // the four lanes that share a row
            correction[half] = exp2_approx((largest[half] - most) * scale);
            largest[half] = most;
            const float base = most * scale;
            float added = 0.0f;
#pragma unroll
            for (int i = 2 * half; i < 64; i += 4) {
#pragma unroll
                for (int v = i; v < i + 2; v++) {
                    weights[v] = exp2_approx(score(v) * scale - base);
                    added += weights[v];
                }
            }
            sum[half] = sum[half] * correction[half] + added;
        }
    }
};

// A warpgroup, `group` counts those that multiply.
template <int Width>
__device__ __forceinline__ void attend(
    typename ForwardBlock<Width>::Shared& s, const Arguments& a, const Walk& walk, int group, int thread) {
    using B = ForwardBlock<Width>;
    const Attention& in = a.of.in;
    const int row = walk.first_query + group * kPanelRows;
    const uint64_t q = wgmma_descriptor(s.q[group]), k = wgmma_descriptor(s.k[0]), v = wgmma_descriptor(s.v[0], kKeys);
    StageBarriers<B::kStages>&of_keys = s.barriers.rings[0], &of_values = s.barriers.rings[1];
    const auto release = [&](uint64_t* empty) {
        if (thread % kWarp == 0) mbarrier_arrive(empty);
    };
    // Named barriers, one for each group's turn.
    const auto await_turn = [&] { barrier_sync(1 + group, 2 * kWarpgroup); };
    const auto end_turn = [&] { barrier_arrive(2 - group, 2 * kWarpgroup); };
    // Of value i of a fragment, from the block's first query on.
    const auto query_of = [&](int i) { return group * kPanelRows + group_row(thread, i % 4); };
    const auto key_of = [&](int i) { return i / 4 * 8 + fragment_column(i % 4); };
    Softmax softmax = {in.scale * kLog2e};
    float o[Width / 2] = {}, weights[64], correction[2];
    uint32_t left[8][4];
    Ring<B::kStages> keys, values;
    mbarrier_wait(&s.barriers.resident, 0);  // the queries are loaded
    mbarrier_wait(&of_keys.full[0], 0);  // the keys are loaded
    {
        float scores[64], seen[64];
        multiply_keys<Width>(scores, q, k);
        wgmma_wait<0>();
        wgmma_registers(scores);
        release(&of_keys.empty[0]);
#pragma unroll
        for (int i = 0; i < 64; i++) {
            seen[i] = in.sees(query_of(i), key_of(i)) ? scores[i] : -INFINITY;
        }
        softmax.weigh(weights, [&](int i) { return seen[i]; }, correction);
        pack_weights(left, weights);
    }
    if (group == 1 && walk.steps > 1) end_turn();
    for (int step = 1; step < walk.steps; step++) {
        keys.next();
        // What is computed from scores goes to other variables: see attention_wgmma_backward_keys.cu.
        float scores[64];
        mbarrier_wait(&of_keys.full[keys.stage], keys.parity);  // the keys are loaded
        await_turn();
        multiply_keys<Width>(scores, q, panel_at(k, keys.stage * B::kTile));
        mbarrier_wait(&of_values.full[values.stage], values.parity);  // the values of the step before are loaded
        add_weighted<Width>(o, left, panel_at(v, values.stage * B::kTile));
        // The last turn of all has no other behind it.
        if (group == 0 || step + 1 < walk.steps) end_turn();
        wgmma_wait<1>();  // scores
        wgmma_registers(scores);
        release(&of_keys.empty[keys.stage]);
        if ((group + 1) * kPanelRows - 1 + step * kKeys < in.window) {
            softmax.weigh(weights, [&](int i) { return scores[i]; }, correction);
        } else {  // the window of some query begins among these keys, or behind them
            const auto seen = [&](int i) {
                return in.sees(query_of(i), key_of(i) - step * kKeys) ? scores[i] : -INFINITY;
            };
            softmax.weigh(weights, seen, correction);
        }
        wgmma_wait<0>();  // o
        wgmma_registers(o);
        wgmma_registers(left);
        release(&of_values.empty[values.stage]);
        values.next();
#pragma unroll
        for (int i = 0; i < Width / 2; i++) o[i] *= correction[i % 4 / 2];
        pack_weights(left, weights);
    }
    mbarrier_wait(&of_values.full[values.stage], values.parity);  // the first values are loaded
    add_weighted<Width>(o, left, panel_at(v, values.stage * B::kTile));
    wgmma_wait<0>();
    wgmma_registers(o);
    const float low = warp_sum<4>(softmax.sum[0]), high = warp_sum<4>(softmax.sum[1]);
    store_panel<Width>(
        a.of.o, a.of.o_stride, row, walk.end, in.query_column(walk.head), o, 1.0f / low, 1.0f / high, thread);
    if (thread % 4 == 0) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int r = row + group_row(thread, 2 * half);
            const float sum = half ? high : low;
            if (r < walk.end) {
                a.of.lse[r * a.of.lse_stride + walk.head] = softmax.largest[half] * softmax.scale * kLn2 + logf(sum);
            }
        }
    }
}

template <int Width>
__global__ void __launch_bounds__(ForwardBlock<Width>::kThreads, 1) attention_kernel(const __grid_constant__ Arguments a) {
    using B = ForwardBlock<Width>;
    const Walk walk(a.of.in);
    if (walk.first_query >= walk.end) return;
    typename B::Shared& s = shared<typename B::Shared>();
    run_block(
        s.barriers, [&](int lane) { load<Width>(s, a, walk, lane); },
        [&](int group, int thread) { attend<Width>(s, a, walk, group, thread); });
}

template <int Width>
cudaError_t launch_forward(const Arguments& a, cudaStream_t stream) {
    using B = ForwardBlock<Width>;
    // Tiles are the slowest dimension: blocks begin in its order, those with the longest walks first, whatever head they have.
    return launch("attention wgmma", attention_kernel<Width>,
        {dim3(a.of.in.h, a.of.sequences, a.of.tiles), dim3(B::kThreads), sizeof(typename B::Shared), stream},
        a);
}

}  // namespace

int64_t attention_wgmma_scratch(const ForwardArguments& g) {
    Layout layout;
    take_copy(layout, g.in.qkv, g.n, g.in.columns());
    return layout.bytes();
}

cudaError_t attention_wgmma(const ForwardArguments& g, void* scratch, cudaStream_t stream) {
    const int columns = g.in.columns();
    Layout layout(scratch);
    Matrix qkv = g.in.qkv;
    const cudaError_t code = copy_aligned(qkv, take_copy(layout, qkv, g.n, columns), g.n, columns, stream);
    if (code != cudaSuccess) return code;
    Arguments a = {};
    a.of = g;
    if (!encode_tensor_map(&a.queries, qkv.data, qkv.stride, g.n, columns, kPanelRows)
        || !encode_tensor_map(&a.keys, qkv.data, qkv.stride, g.n, columns, kKeys)) {
        return cudaErrorInvalidValue;
    }
    return g.in.d == 64 ? launch_forward<64>(a, stream) : launch_forward<128>(a, stream);
}

}  // namespace candor
