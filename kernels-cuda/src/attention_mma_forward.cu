// Causal attention of packed sequences, forward by mma.sync (Dao et al. 2022, 2023): a block takes 64 queries of one head and walks over
// the keys; the scores never leave the registers. What the backward pass needs of them is one number per row, lse.
#include "attention_kernel.h"

namespace candor {
namespace {

constexpr int kQueries = kMmaTile, kKeys = 64, kWarps = 4, kThreads = kWarps * kWarp;

template <int Width>
struct ForwardShared {
    alignas(128) bf16 q[kQueries * Width];
    alignas(128) bf16 k[kKeys * Width];
    alignas(128) bf16 v[kKeys * Width];
};

// Three blocks on a multiprocessor: 168 registers, which the widest heads would otherwise go beyond.
template <int Width>
__global__ void __launch_bounds__(kThreads, 3) attention_kernel(const ForwardArguments g) {
    ForwardShared<Width>& s = shared<ForwardShared<Width>>();
    const Attention& in = g.in;
    const TilePlace at = in.query_place(blockIdx.z, blockIdx.x, gridDim.x);
    const int start = in.starts[at.sequence], end = in.starts[at.sequence + 1];
    const int first_query = start + at.tile * kQueries;
    if (first_query >= end) return;
    const int head = blockIdx.y, key_head = head / (in.h / in.k);
    const int warp_query = threadIdx.x / kWarp * 16;
    const int tiles = (min(first_query + kQueries, end) - start + kKeys - 1) / kKeys;
    const int first_tile = (in.first_seen(first_query, start) - start) / kKeys;
    const float scale = in.scale * kLog2e;
    load_head<kQueries, Width, kThreads>(s.q, in.qkv, first_query, end, in.query_column(head), in.d);
    load_head<kKeys, Width, kThreads>(s.k, in.qkv, start + first_tile * kKeys, end, in.key_column(key_head), in.d);
    cp_async_commit();
    RunningSoftmax softmax;
    float o[Width / 8][4] = {};
    for (int tile = first_tile; tile < tiles; tile++) {
        const int first_key = start + tile * kKeys;
        cp_async_wait<0>();
        __syncthreads();  // the keys are there, and all are done with the values before
        load_head<kKeys, Width, kThreads>(s.v, in.qkv, first_key, end, in.value_column(key_head), in.d);
        cp_async_commit();
        float p[kKeys / 8][4];
        multiply_rows<kKeys, Width>(p, s.q, warp_query, s.k);
        cp_async_wait<0>();
        __syncthreads();  // the values are there, and all are done with the keys
        if (tile + 1 < tiles) {
            load_head<kKeys, Width, kThreads>(s.k, in.qkv, first_key + kKeys, end, in.key_column(key_head), in.d);
        }
        cp_async_commit();
#pragma unroll
        for (int j = 0; j < kKeys / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int key = first_key + j * 8 + fragment_column(v);
                const int query = first_query + warp_query + fragment_row(v);
                p[j][v] = in.sees(query, key) ? p[j][v] * scale : -INFINITY;
            }
        }
        float correction[2];
        softmax.weigh<kKeys>(p, correction);
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) o[j][v] *= correction[v / 2];
        }
        multiply_weights<kKeys, Width>(o, p, s.v);
    }
    const float low = warp_sum<4>(softmax.sum[0]), high = warp_sum<4>(softmax.sum[1]);
    store_rows<Width>(
        g.o, g.o_stride, first_query + warp_query, end, in.query_column(head), in.d, o, 1.0f / low, 1.0f / high);
    if (threadIdx.x % 4 == 0) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int row = first_query + warp_query + fragment_row(2 * half);
            const float sum = half ? high : low;
            if (row < end) g.lse[row * g.lse_stride + head] = softmax.largest[half] * kLn2 + logf(sum);
        }
    }
}

}  // namespace

cudaError_t attention_mma(const ForwardArguments& g, cudaStream_t stream) {
    return with_head_width(g.in.d, [&](auto width) {
        constexpr int kWidth = decltype(width)::value;
        return launch("attention", attention_kernel<kWidth>,
            {dim3(g.tiles, g.in.h, g.sequences), dim3(kThreads), sizeof(ForwardShared<kWidth>), stream}, g);
    });
}

}  // namespace candor
