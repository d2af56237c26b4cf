// Causal attention of packed sequences, backward by mma.sync (Dao et al. 2022, appendix B), in three passes and without atomics:
//   delta = rowsum(dO * O);
//   by blocks of 64 keys of a key head: dV = PT dO, dK = dST Q / sqrt(D), over all query heads of the group and all queries;
//   by blocks of 64 queries of a head: dQ = dS K / sqrt(D), over all keys;
// where P = exp(S - lse), dS = P * (dO VT - delta). The last two compute P again each: two products more than with atomics,
// and every sum has one order.
#include "attention_kernel.h"

namespace candor {
namespace {

constexpr int kRows = kMmaTile;  // keys or queries of a block
constexpr int kWarps = 4, kThreads = kWarps * kWarp;

struct Arguments {
    BackwardArguments of;
    const float* delta;  // (N,H), dense
};

struct DeltaArguments {
    const bf16 *dout, *o;
    int64_t dout_stride, o_stride;
    float* delta;
    int n, h, d;
};

// A warp per row and head.
__global__ void __launch_bounds__(kThreads) delta_kernel(const DeltaArguments g) {
    const int64_t i = (int64_t)blockIdx.x * kWarps + threadIdx.x / kWarp;
    const int64_t row = i / g.h;
    const int head = (int)(i % g.h);
    if (row >= g.n) return;
    float sum = 0.0f;
    for (int c = threadIdx.x % kWarp; c < g.d; c += kWarp) {
        sum += to_float(g.dout[row * g.dout_stride + head * g.d + c]) * to_float(g.o[row * g.o_stride + head * g.d + c]);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % kWarp == 0) g.delta[row * g.h + head] = sum;
}

// The other side of a step: as many rows as registers allow.
template <int Width>
struct Step {
    static constexpr int kValue = Width > 64 ? 32 : 64;
};

// The numbers of rows that go with a tile of queries, in base 2; beyond the sequence the weights become exp2(-inf) = 0.
template <int Count>
__device__ __forceinline__ void load_row_numbers(
    float (&lse)[Count], float (&delta)[Count], const Arguments& a, int first, int end, int head) {
    for (int i = threadIdx.x; i < Count; i += kThreads) {
        const int row = first + i;
        lse[i] = row < end ? a.of.lse[row * a.of.lse_stride + head] * kLog2e : INFINITY;
        delta[i] = row < end ? a.delta[(int64_t)row * a.of.in.h + head] : 0.0f;
    }
}

// ---- keys and values ------------------------------------------------------------------------------------------------------

template <int Width>
struct KeyShared {
    static constexpr int kQueries = Step<Width>::kValue;
    alignas(128) bf16 k[kRows * Width];
    alignas(128) bf16 v[kRows * Width];
    alignas(128) bf16 q[2][kQueries * Width];
    alignas(128) bf16 dout[2][kQueries * Width];
    float lse[2][kQueries], delta[2][kQueries];
};

template <int Width>
__global__ void __launch_bounds__(kThreads, 1) key_gradient_kernel(const Arguments a) {
    const BackwardArguments& g = a.of;
    using Shared = KeyShared<Width>;
    constexpr int kQueries = Shared::kQueries;
    Shared& s = shared<Shared>();
    const Attention& in = g.in;
    const TilePlace at = in.key_place(blockIdx.z, blockIdx.x, gridDim.x);
    const int start = in.starts[at.sequence], end = in.starts[at.sequence + 1];
    const int first_key = start + at.tile * kRows;
    if (first_key >= end) return;
    const int key_head = blockIdx.y, group = in.h / in.k;
    const int warp_key = threadIdx.x / kWarp * 16;
    // The queries from the first key on, for earlier ones do not see these keys, to the last that sees one of them. kRows is a
    // multiple of kQueries.
    const int end_query = in.end_of_seeing(first_key + kRows - 1, end);
    const int tiles = (end_query - first_key + kQueries - 1) / kQueries, steps = tiles * group;
    const float scale = in.scale * kLog2e;
    const auto load = [&](int step) {
        if (step >= steps) return;
        const int head = key_head * group + step / tiles, query = first_key + step % tiles * kQueries, stage = step % 2;
        load_head<kQueries, Width, kThreads>(s.q[stage], in.qkv, query, end, in.query_column(head), in.d);
        load_head<kQueries, Width, kThreads>(s.dout[stage], g.dout, query, end, in.query_column(head), in.d);
        load_row_numbers(s.lse[stage], s.delta[stage], a, query, end, head);
    };
    load_head<kRows, Width, kThreads>(s.k, in.qkv, first_key, end, in.key_column(key_head), in.d);
    load_head<kRows, Width, kThreads>(s.v, in.qkv, first_key, end, in.value_column(key_head), in.d);
    load(0);
    cp_async_commit();
    float dk[Width / 8][4] = {}, dv[Width / 8][4] = {};
    for (int step = 0; step < steps; step++) {
        const int stage = step % 2, query = first_key + step % tiles * kQueries;
        cp_async_wait<0>();
        __syncthreads();  // this step's tiles are there, and all are done with the stage that is filled next
        load(step + 1);
        cp_async_commit();
        // Transposed: rows are keys, columns are queries, so that the weights come out as left operands.
        float p[kQueries / 8][4], ds[kQueries / 8][4];
        multiply_rows<kQueries, Width>(p, s.k, warp_key, s.q[stage]);
        multiply_rows<kQueries, Width>(ds, s.v, warp_key, s.dout[stage]);
#pragma unroll
        for (int j = 0; j < kQueries / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int column = j * 8 + fragment_column(v);
                const bool seen = in.sees(query + column, first_key + warp_key + fragment_row(v));
                p[j][v] = seen ? exp2f(p[j][v] * scale - s.lse[stage][column]) : 0.0f;
                ds[j][v] = p[j][v] * (ds[j][v] - s.delta[stage][column]);
            }
        }
        multiply_weights<kQueries, Width>(dv, p, s.dout[stage]);
        multiply_weights<kQueries, Width>(dk, ds, s.q[stage]);
    }
    const int row = first_key + warp_key;
    store_rows<Width>(g.dqkv, g.dqkv_stride, row, end, in.key_column(key_head), in.d, dk, in.scale, in.scale);
    store_rows<Width>(g.dqkv, g.dqkv_stride, row, end, in.value_column(key_head), in.d, dv, 1.0f, 1.0f);
}

// ---- queries --------------------------------------------------------------------------------------------------------------

template <int Width>
struct QueryShared {
    static constexpr int kKeys = Step<Width>::kValue;
    alignas(128) bf16 q[kRows * Width];
    alignas(128) bf16 dout[kRows * Width];
    alignas(128) bf16 k[2][kKeys * Width];
    alignas(128) bf16 v[2][kKeys * Width];
    float lse[kRows], delta[kRows];
};

template <int Width>
__global__ void __launch_bounds__(kThreads, 1) query_gradient_kernel(const Arguments a) {
    const BackwardArguments& g = a.of;
    using Shared = QueryShared<Width>;
    constexpr int kKeys = Shared::kKeys;
    Shared& s = shared<Shared>();
    const Attention& in = g.in;
    const TilePlace at = in.query_place(blockIdx.z, blockIdx.x, gridDim.x);
    const int start = in.starts[at.sequence], end = in.starts[at.sequence + 1];
    const int first_query = start + at.tile * kRows;
    if (first_query >= end) return;
    const int head = blockIdx.y, key_head = head / (in.h / in.k);
    const int warp_query = threadIdx.x / kWarp * 16;
    const int steps = (min(first_query + kRows, end) - start + kKeys - 1) / kKeys;
    const int first_step = (in.first_seen(first_query, start) - start) / kKeys;
    const float scale = in.scale * kLog2e;
    const auto load = [&](int step) {
        if (step >= steps) return;
        const int key = start + step * kKeys, stage = step % 2;
        load_head<kKeys, Width, kThreads>(s.k[stage], in.qkv, key, end, in.key_column(key_head), in.d);
        load_head<kKeys, Width, kThreads>(s.v[stage], in.qkv, key, end, in.value_column(key_head), in.d);
    };
    load_head<kRows, Width, kThreads>(s.q, in.qkv, first_query, end, in.query_column(head), in.d);
    load_head<kRows, Width, kThreads>(s.dout, g.dout, first_query, end, in.query_column(head), in.d);
    load_row_numbers(s.lse, s.delta, a, first_query, end, head);
    load(first_step);
    cp_async_commit();
    float dq[Width / 8][4] = {};
    for (int step = first_step; step < steps; step++) {
        const int stage = step % 2, first_key = start + step * kKeys;
        cp_async_wait<0>();
        __syncthreads();  // this step's tiles are there, and all are done with the stage that is filled next
        load(step + 1);
        cp_async_commit();
        float p[kKeys / 8][4], ds[kKeys / 8][4];
        multiply_rows<kKeys, Width>(p, s.q, warp_query, s.k[stage]);
        multiply_rows<kKeys, Width>(ds, s.dout, warp_query, s.v[stage]);
#pragma unroll
        for (int j = 0; j < kKeys / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int row = warp_query + fragment_row(v);
                const bool seen = in.sees(first_query + row, first_key + j * 8 + fragment_column(v));
                const float weight = seen ? exp2f(p[j][v] * scale - s.lse[row]) : 0.0f;
                ds[j][v] = weight * (ds[j][v] - s.delta[row]);
            }
        }
        multiply_weights<kKeys, Width>(dq, ds, s.k[stage]);
    }
    store_rows<Width>(g.dqkv, g.dqkv_stride, first_query + warp_query, end, in.query_column(head), in.d, dq, in.scale, in.scale);
}

}  // namespace

int64_t attention_backward_mma_scratch(const BackwardArguments& g) {
    return aligned((int64_t)g.n * g.in.h * (int64_t)sizeof(float));
}

cudaError_t attention_backward_mma(const BackwardArguments& g, void* scratch, cudaStream_t stream) {
    const Attention& in = g.in;
    float* delta = static_cast<float*>(scratch);
    const DeltaArguments rows = {g.dout.data, g.o.data, g.dout.stride, g.o.stride, delta, g.n, in.h, in.d};
    const Arguments a = {g, delta};
    const cudaError_t code = launch("attention delta", delta_kernel,
        {dim3(ceil_div((int64_t)g.n * in.h, kWarps)), dim3(kThreads), 0, stream}, rows);
    if (code != cudaSuccess) return code;
    return with_head_width(in.d, [&](auto width) {
        constexpr int kWidth = decltype(width)::value;
        const cudaError_t keys = launch("attention backward, keys", key_gradient_kernel<kWidth>,
            {dim3(g.tiles, in.k, g.sequences), dim3(kThreads), sizeof(KeyShared<kWidth>), stream}, a);
        if (keys != cudaSuccess) return keys;
        return launch("attention backward, queries", query_gradient_kernel<kWidth>,
            {dim3(g.tiles, in.h, g.sequences), dim3(kThreads), sizeof(QueryShared<kWidth>), stream}, a);
    });
}

}  // namespace candor
