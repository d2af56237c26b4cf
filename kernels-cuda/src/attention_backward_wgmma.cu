// Causal attention of packed sequences, backward, with wgmma for sm_90a: the passes of attention_backward.cu, whose comment has
// the formulas, and its roundings. One warp of a block loads, by TMA, into a ring of stages that mbarriers guard; the other
// warpgroups multiply, each its own 64 keys or queries. Scores of one step are under way while the gradients of the step
// before are added, and what is not on the tensor cores in one warpgroup has the other's products beside it.
#include <algorithm>
#include <type_traits>

#include "attention_kernel.h"
#include "attention_wgmma.h"

namespace candor {
namespace {

// ---- numbers of rows ---------------------------------------------------------------------------------------------------

// What the passes want to know of each row and head, heads first: lse in base 2, and delta = rowsum(dO * O).
struct RowNumbers {
    float *lse, *delta;  // (H,N)
};

struct NumbersArguments {
    Matrix dout, o;
    const float* lse;
    int64_t lse_stride;
    RowNumbers to;
    int n;
};

constexpr int kNumbersThreads = 256;

// Threads take eight columns of a row and head; a block has neighbouring rows of one head, which it also writes side by side.
template <int Width>
__global__ void __launch_bounds__(kNumbersThreads) numbers_kernel(const NumbersArguments g) {
    constexpr int kThreads = Width / kChunk;
    const int row = blockIdx.x * (kNumbersThreads / kThreads) + threadIdx.x / kThreads, head = blockIdx.y;
    const int column = head * Width + threadIdx.x % kThreads * kChunk;
    float sum = 0.0f;
    if (row < g.n) {
        const Eight a = load8(g.dout.data + row * g.dout.stride + column), b = load8(g.o.data + row * g.o.stride + column);
#pragma unroll
        for (int e = 0; e < kChunk; e++) sum += a.v[e] * b.v[e];
    }
    sum = warp_sum<kThreads>(sum);
    if (row < g.n && threadIdx.x % kThreads == 0) {
        const int64_t i = (int64_t)head * g.n + row;
        g.to.delta[i] = sum;
        g.to.lse[i] = g.lse[row * g.lse_stride + head] * kLog2e;
    }
}

// ---- keys and values ---------------------------------------------------------------------------------------------------

struct Arguments {
    CUtensorMap qkv, dout;  // in panels' boxes
    Attention in;
    RowNumbers rows;
    bf16* dqkv;
    int64_t dqkv_stride;
    int n;
    // Blocks that share a group's query heads, and what each part of the heads adds, to be summed where there are several.
    int parts;
    float* part_sums;  // (parts,N,2K*D)
};

template <int Width>
struct KeyBlock : AttentionBlock<2> {
    static constexpr int kStages = Width == 64 ? 4 : 3;
    struct Shared {
        alignas(1024) bf16 k[kGroups][kPanel<Width>];
        alignas(1024) bf16 v[kGroups][kPanel<Width>];
        alignas(1024) bf16 q[kStages][kPanel<Width>];
        alignas(1024) bf16 dout[kStages][kPanel<Width>];
        alignas(16) float lse[kStages][kPanelRows];
        alignas(16) float delta[kStages][kPanelRows];
        alignas(8) uint64_t keys, landed, full[kStages], empty[kStages];
    };
    static_assert(sizeof(Shared) <= 227 << 10, "what a block of sm_90 can have");
};

// What a block has: its keys, and the queries from there on, panel by panel, for query heads of the group.
struct KeyWalk {
    int end, first_key, tiles, key_head, part, first_head, end_head, steps;

    __device__ __forceinline__ KeyWalk(const Arguments& a, int rows)
        : end(a.in.starts[blockIdx.y + 1]), first_key(a.in.starts[blockIdx.y] + blockIdx.z * rows),
          tiles((end - first_key + kPanelRows - 1) / kPanelRows), key_head(blockIdx.x / a.parts), part(blockIdx.x % a.parts) {
        const int group = a.in.h / a.in.k;
        first_head = key_head * group + group * part / a.parts;
        end_head = key_head * group + group * (part + 1) / a.parts;
        steps = tiles * (end_head - first_head);
    }
};

template <int Width>
__device__ __forceinline__ void load_queries(
    typename KeyBlock<Width>::Shared& s, const Arguments& a, const KeyWalk& walk, int lane) {
    using B = KeyBlock<Width>;
    const Attention& in = a.in;
    if (lane == 0) {
        mbarrier_arrive_expect_tx(&s.keys, sizeof s.k + sizeof s.v);
        for (int group = 0; group < B::kGroups; group++) {
            const int row = walk.first_key + group * kPanelRows;
            load_rows<kPanelRows, Width>(s.k[group], &a.qkv, &s.keys, row, in.key_column(walk.key_head));
            load_rows<kPanelRows, Width>(s.v[group], &a.qkv, &s.keys, row, in.value_column(walk.key_head));
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
            mbarrier_wait(&s.empty[stage], ring.parity ^ 1);  // what was here has been read
#pragma unroll
            for (int i = 0; i < 2; i++) {
                s.lse[stage][i * kWarp + lane] = numbers[i][0];
                s.delta[stage][i * kWarp + lane] = numbers[i][1];
            }
            __syncwarp();  // all lanes have written, before one of them says so
            load_stage<Width>(s.q[stage], &a.qkv, in.query_column(head), s.dout[stage], &a.dout, in.query_column(head), query,
                walk.end, &s.full[stage], &s.landed, landed_parity, lane);
        }
    }
}

// A warpgroup, `group` counts those that multiply.
template <int Width>
__device__ __forceinline__ void add_key_gradients(
    typename KeyBlock<Width>::Shared& s, const Arguments& a, const KeyWalk& walk, int group, int thread) {
    using B = KeyBlock<Width>;
    const Attention& in = a.in;
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
        if (thread % kWarp == 0) mbarrier_arrive(&s.empty[stage]);
    };
    Ring<B::kStages> ring;
    mbarrier_wait(&s.keys, 0);  // keys and values are loaded
    for (int step = 0, tile = 0; step < walk.steps; step++, ring.next()) {
        const int stage = ring.stage, diagonal = tile - group;
        tile = tile + 1 < walk.tiles ? tile + 1 : 0;
        mbarrier_wait(&s.full[stage], ring.parity);  // the stage is loaded
        if (diagonal < 0) {  // no query of it sees these keys
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
                    p[j * 4 + v] = masked && group_row(thread, v) > column + v % 2 ? 0.0f : weight;
                }
            }
        };
        diagonal == 0 ? weigh(std::true_type()) : weigh(std::false_type());
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

constexpr int kSumThreads = 256;

// Gradients of keys and values = what the parts add, in order; a thread takes eight columns of a row.
__global__ void __launch_bounds__(kSumThreads) sum_parts_kernel(const Arguments a) {
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
    store8(a.dqkv + row * a.dqkv_stride + a.in.key_column(0) + column, sum);
}

template <int Width>
__global__ void __launch_bounds__(KeyBlock<Width>::kThreads, 1) key_gradient_kernel(const __grid_constant__ Arguments a) {
    using B = KeyBlock<Width>;
    const KeyWalk walk(a, B::kRows);
    if (walk.tiles <= 0) return;
    typename B::Shared& s = shared<typename B::Shared>();
    if (threadIdx.x == 0) {
        mbarrier_init(&s.keys, 1);
        mbarrier_init(&s.landed, 1);
        for (int i = 0; i < B::kStages; i++) {
            mbarrier_init(&s.full[i], 1);
            mbarrier_init(&s.empty[i], B::kArrivals);
        }
        fence_mbarrier_init();
    }
    __syncthreads();  // the barriers are there
    const int group = warpgroup();
    if (group == B::kGroups) {
        setmaxnreg_dec<B::kLoadRegisters>();
        if (threadIdx.x < B::kGroups * kWarpgroup + kWarp) load_queries<Width>(s, a, walk, threadIdx.x % kWarp);
    } else {
        setmaxnreg_inc<B::kMultiplyRegisters>();
        add_key_gradients<Width>(s, a, walk, group, threadIdx.x % kWarpgroup);
    }
}

// ---- queries -----------------------------------------------------------------------------------------------------------

// `Groups` of 64 queries: three have registers enough for the narrower heads alone.
template <int Width, int Groups>
struct QueryBlock : AttentionBlock<Groups> {
    static constexpr int kStages = Width == 64 ? 4 : 3;
    struct Shared {
        alignas(1024) bf16 q[Groups][kPanel<Width>];
        alignas(1024) bf16 dout[Groups][kPanel<Width>];
        alignas(1024) bf16 k[kStages][kPanel<Width>];
        alignas(1024) bf16 v[kStages][kPanel<Width>];
        alignas(8) uint64_t queries, landed, full[kStages], empty[kStages];
    };
    static_assert(sizeof(Shared) <= 227 << 10, "what a block of sm_90 can have");
};

// The part of a sequence that a block has: its queries, and the keys from the first to its last query's own, panel by panel.
struct QueryWalk {
    int start, end, first_query, head, key_head, tiles;

    __device__ __forceinline__ explicit QueryWalk(const Attention& in, int rows)
        : start(in.starts[blockIdx.y]), end(in.starts[blockIdx.y + 1]),
          first_query(start + (gridDim.z - 1 - blockIdx.z) * rows),  // the longest walks begin first
          head(blockIdx.x), key_head(head / (in.h / in.k)),
          tiles((min(first_query + rows, end) - start + kPanelRows - 1) / kPanelRows) {}
};

template <int Width, int Groups>
__device__ __forceinline__ void load_keys(
    typename QueryBlock<Width, Groups>::Shared& s, const Arguments& a, const QueryWalk& walk, int lane) {
    using B = QueryBlock<Width, Groups>;
    const Attention& in = a.in;
    if (lane == 0) {
        mbarrier_arrive_expect_tx(&s.queries, sizeof s.q + sizeof s.dout);
        for (int group = 0; group < B::kGroups; group++) {
            const int row = walk.first_query + group * kPanelRows;
            load_rows<kPanelRows, Width>(s.q[group], &a.qkv, &s.queries, row, in.query_column(walk.head));
            load_rows<kPanelRows, Width>(s.dout[group], &a.dout, &s.queries, row, in.query_column(walk.head));
        }
    }
    Ring<B::kStages> ring;
    uint32_t landed_parity = 0;
    for (int tile = 0; tile < walk.tiles; tile++, ring.next()) {
        const int stage = ring.stage;
        mbarrier_wait(&s.empty[stage], ring.parity ^ 1);  // what was here has been multiplied
        load_stage<Width>(s.k[stage], &a.qkv, in.key_column(walk.key_head), s.v[stage], &a.qkv, in.value_column(walk.key_head),
            walk.start + tile * kPanelRows, walk.end, &s.full[stage], &s.landed, landed_parity, lane);
    }
}

// `InRegisters`: queries and dO, which stay, are read from shared memory only once, since steps of three products with tiles of
// 64 by 64 want about as much of its bandwidth as there is.
template <int Width, int Groups, bool InRegisters>
__device__ __forceinline__ void add_query_gradients(
    typename QueryBlock<Width, Groups>::Shared& s, const Arguments& a, const QueryWalk& walk, int group, int thread) {
    using B = QueryBlock<Width, Groups>;
    const Attention& in = a.in;
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
        if (thread % kWarp == 0) mbarrier_arrive(&s.empty[stage]);
    };
    Ring<B::kStages> ring;
    mbarrier_wait(&s.queries, 0);  // queries and dO are loaded
    uint32_t query_rows[Width / 16][4], dout_rows[Width / 16][4];
    if constexpr (InRegisters) {
        load_left<Width>(query_rows, s.q[group], thread);
        load_left<Width>(dout_rows, s.dout[group], thread);
    }
    for (int tile = 0; tile < min(walk.tiles, diagonal + 1); tile++, ring.next()) {
        const int stage = ring.stage;
        mbarrier_wait(&s.full[stage], ring.parity);  // the stage is loaded
        float scores[32], dp[32], ds[32];
        if (last >= 0) add_weighted<Width>(dq, gradients, keys_at(last));
        const uint64_t values_here = panel_at(values, stage * kPanel<Width>);
        if constexpr (InRegisters) {
            multiply_panels<Width>(scores, query_rows, keys_at(stage));
            multiply_panels<Width>(dp, dout_rows, values_here);
        } else {
            multiply_panels<Width>(scores, queries, keys_at(stage));
            multiply_panels<Width>(dp, douts, values_here);
        }
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
                ds[i] = masked && i / 4 * 8 + fragment_column(i % 4) > group_row(thread, i % 4) ? 0.0f : weight;
            }
        };
        tile == diagonal ? weigh(std::true_type()) : weigh(std::false_type());
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
    for (int tile = diagonal + 1; tile < walk.tiles; tile++, ring.next()) {
        mbarrier_wait(&s.full[ring.stage], ring.parity);  // so that this round's reader says what this round read
        release(ring.stage);
    }
    store_panel<Width>(a.dqkv, a.dqkv_stride, row, walk.end, in.query_column(walk.head), dq, in.scale, in.scale, thread);
}

template <int Width, int Groups, bool InRegisters>
__global__ void __launch_bounds__(QueryBlock<Width, Groups>::kThreads, 1) query_gradient_kernel(
    const __grid_constant__ Arguments a) {
    using B = QueryBlock<Width, Groups>;
    const QueryWalk walk(a.in, B::kRows);
    if (walk.first_query >= walk.end) return;
    typename B::Shared& s = shared<typename B::Shared>();
    if (threadIdx.x == 0) {
        mbarrier_init(&s.queries, 1);
        mbarrier_init(&s.landed, 1);
        for (int i = 0; i < B::kStages; i++) {
            mbarrier_init(&s.full[i], 1);
            mbarrier_init(&s.empty[i], B::kArrivals);
        }
        fence_mbarrier_init();
    }
    __syncthreads();  // the barriers are there
    const int group = warpgroup();
    if (group == B::kGroups) {
        setmaxnreg_dec<B::kLoadRegisters>();
        if (threadIdx.x < B::kGroups * kWarpgroup + kWarp) load_keys<Width, Groups>(s, a, walk, threadIdx.x % kWarp);
    } else {
        setmaxnreg_inc<B::kMultiplyRegisters>();
        add_query_gradients<Width, Groups, InRegisters>(s, a, walk, group, threadIdx.x % kWarpgroup);
    }
}

// ---- launching ---------------------------------------------------------------------------------------------------------

// Bytes of the numbers of rows.
int64_t row_bytes(const BackwardArguments& g) {
    return aligned(2 * (int64_t)g.n * g.in.h * (int64_t)sizeof(float));
}

// With few key heads there are few blocks, whose walks are of very different length. Then blocks share a group's heads, so that
// a tile of keys has eight blocks or more, if heads are as many. Only heads have a say: a row's bytes depend on it.
int parts_of(const BackwardArguments& g, AttentionForm form) {
    return form == AttentionForm::wgmma_in_parts ? std::min(g.in.h / g.in.k, ceil_div(8, g.in.k)) : 1;
}

template <int Width, int QueryGroups, bool InRegisters>
cudaError_t launch_backward(const BackwardArguments& g, int parts, void* scratch, cudaStream_t stream) {
    const Attention& in = g.in;
    float* numbers = static_cast<float*>(scratch);
    Arguments a = {};
    a.in = in;
    a.rows = {numbers, numbers + (int64_t)g.n * in.h};
    a.dqkv = g.dqkv, a.dqkv_stride = g.dqkv_stride;
    a.n = g.n;
    a.parts = parts;
    a.part_sums = reinterpret_cast<float*>(static_cast<char*>(scratch) + row_bytes(g));
    if (!encode_tensor_map(&a.qkv, in.qkv.data, in.qkv.stride, g.n, (in.h + 2 * in.k) * Width, kPanelRows)
        || !encode_tensor_map(&a.dout, g.dout.data, g.dout.stride, g.n, in.h * Width, kPanelRows)) {
        return cudaErrorInvalidValue;
    }
    const NumbersArguments rows = {g.dout, g.o, g.lse, g.lse_stride, a.rows, g.n};
    cudaError_t code = launch("attention row numbers", numbers_kernel<Width>,
        {dim3(ceil_div(g.n, kNumbersThreads * kChunk / Width), in.h), dim3(kNumbersThreads), 0, stream}, rows);
    if (code != cudaSuccess) return code;
    // Tiles are the slowest dimension: blocks begin in its order, those with the longest walks first, whatever head they have.
    using Keys = KeyBlock<Width>;
    code = launch("attention backward wgmma, keys", key_gradient_kernel<Width>,
        {dim3(in.k * parts, g.sequences, ceil_div(g.longest, Keys::kRows)), dim3(Keys::kThreads),
            sizeof(typename Keys::Shared), stream},
        a);
    if (code != cudaSuccess) return code;
    if (parts > 1) {
        code = launch("attention backward wgmma, parts", sum_parts_kernel,
            {dim3(g.n, ceil_div(2 * in.k * Width, kSumThreads * kChunk)), dim3(kSumThreads), 0, stream}, a);
        if (code != cudaSuccess) return code;
    }
    using Queries = QueryBlock<Width, QueryGroups>;
    return launch("attention backward wgmma, queries", query_gradient_kernel<Width, QueryGroups, InRegisters>,
        {dim3(in.h, g.sequences, ceil_div(g.longest, Queries::kRows)), dim3(Queries::kThreads),
            sizeof(typename Queries::Shared), stream},
        a);
}

}  // namespace

int64_t attention_backward_wgmma_scratch(const BackwardArguments& g, AttentionForm form) {
    const int parts = parts_of(g, form);
    return row_bytes(g) + (parts > 1 ? parts * (int64_t)g.n * 2 * g.in.k * g.in.d * (int64_t)sizeof(float) : 0);
}

cudaError_t attention_backward_wgmma(const BackwardArguments& g, AttentionForm form, void* scratch, cudaStream_t stream) {
    const int parts = parts_of(g, form);
    if (form == AttentionForm::wgmma_queries_in_registers) {
        return g.in.d == 128 ? launch_backward<128, 2, true>(g, parts, scratch, stream)
                             : launch_backward<64, 2, true>(g, parts, scratch, stream);
    }
    if (g.in.d == 128) return launch_backward<128, 2, false>(g, parts, scratch, stream);
    return form == AttentionForm::wgmma_three_groups ? launch_backward<64, 3, false>(g, parts, scratch, stream)
                                                     : launch_backward<64, 2, false>(g, parts, scratch, stream);
}

}  // namespace candor
