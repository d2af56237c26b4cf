// Attention of new tokens to the pages of a cache: prefill and decode. A block takes 16 rows, each a token and one of the
// query heads that share a key head, so that grouped queries read a key once. Its warps take the pages of the sequence in
// turn, by the page's number, and are put together in the order of warps: a row's bytes depend on its position alone.
#include "attention.h"

namespace candor {
namespace {

constexpr int kRows = 16, kPage = 32, kWarps = 4, kThreads = kWarps * kWarp;

template <int Width>
struct Pages {
    alignas(128) bf16 k[Width * kPage];  // column by column, as the cache holds keys
    alignas(128) bf16 v[kPage * Width];
};

// One warp's share of 16 rows.
template <int Width>
struct Share {
    float o[kRows][Width];
    float largest[kRows], sum[kRows];
};

template <int Width>
struct CachedShared {
    alignas(128) bf16 q[kRows * Width];
    union {
        Pages<Width> pages[kWarps];
        Share<Width> shares[kWarps];  // once all pages have been read
    };
};

struct CachedArguments {
    Attention in;
    bf16* o;
    int64_t o_stride;
    const bf16* const* slabs;
    int64_t slab_stride;
    int slab_pages;
    const int *pages, *first_page, *positions;
};

// Row r of a tile: which token of the batch and which query head.
struct Row {
    int token, head;
    __device__ __forceinline__ Row(const Attention& in, int start, int index, int key_head) {
        const int group = in.h / in.k;
        token = start + index / group;
        head = key_head * group + index % group;
    }
};

template <int Width>
__device__ __forceinline__ void load_queries(bf16* tile, const Attention& in, int start, int end, int first, int key_head) {
    constexpr int kChunks = Width / kChunk;
    for (int i = threadIdx.x; i < kRows * kChunks; i += kThreads) {
        const int r = i / kChunks, c = i % kChunks;
        const Row row(in, start, first + r, key_head);
        bf16* to = tile + swizzled<Width>(r, c);
#pragma unroll
        for (int e = 0; e < kChunk; e++) {
            const int column = c * kChunk + e;
            const bool inside = row.token < end && column < in.d;
            to[e] = inside ? in.qkv.data[row.token * in.qkv.stride + in.query_column(row.head) + column] : to_bf16(0.0f);
        }
    }
}

// This warp's page arrives; values before row `first` of it, which no row's window holds, and from row `tokens` on, which are not
// there yet, become zeros, for zero weights do not undo a NaN.
template <int Width>
__device__ __forceinline__ void load_page(
    Pages<Width>& to, const CachedArguments& g, int page, int key_head, int first, int tokens) {
    const Attention& in = g.in;
    const bf16* base = g.slabs[page / g.slab_pages] + (page % g.slab_pages) * g.slab_stride;
    const bool aligned = reinterpret_cast<uintptr_t>(base) % 16 == 0;
    const Matrix keys = {base + (int64_t)(in.k + key_head) * kPage * in.d, kPage, aligned};
    const Matrix values = {base + (int64_t)key_head * kPage * in.d, in.d, aligned};
    const int lane = threadIdx.x % kWarp;
    load_tile<Width, kPage, kWarp>(to.k, keys, 0, 0, in.d, 0, kPage, lane);
    load_tile<kPage, Width, kWarp>(to.v, values, 0, first, tokens, 0, in.d, lane);
    cp_async_commit();
}

// s (16, kPage) = q k.
template <int Width>
__device__ __forceinline__ void score(float (&s)[kPage / 8][4], const bf16* q, const bf16* k) {
#pragma unroll
    for (int j = 0; j < kPage / 8; j++) {
#pragma unroll
        for (int v = 0; v < 4; v++) s[j][v] = 0.0f;
    }
#pragma unroll
    for (int depth = 0; depth < Width; depth += 16) {
        uint32_t a[4];
        load_a<Width>(a, q, 0, depth);
#pragma unroll
        for (int j = 0; j < kPage / 16; j++) {
            uint32_t b[2][2];
            load_b_transposed<kPage>(b, k, depth, j * 16);
            mma_m16n8k16_bf16(s[2 * j], a, b[0]);
            mma_m16n8k16_bf16(s[2 * j + 1], a, b[1]);
        }
    }
}

template <int Width>
__global__ void __launch_bounds__(kThreads) cached_kernel(const CachedArguments g) {
    CachedShared<Width>& s = shared<CachedShared<Width>>();
    const Attention& in = g.in;
    const int start = in.starts[blockIdx.z], end = in.starts[blockIdx.z + 1];
    const int group = in.h / in.k, first = blockIdx.x * kRows, key_head = blockIdx.y;
    if (first >= (end - start) * group) return;
    const int first_position = g.positions[start];
    const int last_token = min((first + kRows - 1) / group, end - start - 1);
    const int tokens = first_position + last_token + 1;  // in the cache, for this block
    const int* pages = g.pages + g.first_page[blockIdx.z];
    const int warp = threadIdx.x / kWarp;
    load_queries<Width>(s.q, in, start, end, first, key_head);
    __syncthreads();  // the queries are there
    RunningSoftmax softmax;
    float o[Width / 8][4] = {};
    const float scale = in.scale * kLog2e;
    // From the page that the first row's window begins in; by its number it is some warp's.
    const int first_seen = in.first_seen(first_position + first / group, 0), first_page = first_seen / kPage;
    for (int page = first_page + (warp + kWarps - first_page % kWarps) % kWarps; page * kPage < tokens; page += kWarps) {
        Pages<Width>& mine = s.pages[warp];
        load_page<Width>(mine, g, pages[page], key_head, first_seen - page * kPage, tokens - page * kPage);
        cp_async_wait<0>();
        __syncwarp();  // the page is there for all lanes
        float p[kPage / 8][4];
        score<Width>(p, s.q, mine.k);
#pragma unroll
        for (int j = 0; j < kPage / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int position = first_position + (first + fragment_row(v)) / group;
                const int key = page * kPage + j * 8 + fragment_column(v);
                p[j][v] = in.sees(position, key) && key < tokens ? p[j][v] * scale : -INFINITY;
            }
        }
        float correction[2];
        softmax.weigh<kPage>(p, correction);
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) o[j][v] *= correction[v / 2];
        }
        multiply_weights<kPage, Width>(o, p, mine.v);
        __syncwarp();  // all lanes have read the page
    }
    const float low = warp_sum<4>(softmax.sum[0]), high = warp_sum<4>(softmax.sum[1]);
    __syncthreads();  // all warps have read their pages, whose memory the shares take
    Share<Width>& share = s.shares[warp];
#pragma unroll
    for (int j = 0; j < Width / 8; j++) {
#pragma unroll
        for (int v = 0; v < 4; v++) share.o[fragment_row(v)][j * 8 + fragment_column(v)] = o[j][v];
    }
    if (threadIdx.x % 4 == 0) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            share.largest[fragment_row(2 * half)] = softmax.largest[half];
            share.sum[fragment_row(2 * half)] = half ? high : low;
        }
    }
    __syncthreads();  // the shares are there
    for (int i = threadIdx.x; i < kRows * in.d; i += kThreads) {
        const int r = i / in.d, column = i % in.d;
        const Row row(in, start, first + r, key_head);
        if (row.token >= end) continue;
        float most = s.shares[0].largest[r];  // of all warps' finite: every row sees its own position
#pragma unroll
        for (int w = 1; w < kWarps; w++) most = fmaxf(most, s.shares[w].largest[r]);
        float sum = 0.0f, value = 0.0f;
#pragma unroll
        for (int w = 0; w < kWarps; w++) {
            const float weight = exp2f(s.shares[w].largest[r] - most);
            sum += weight * s.shares[w].sum[r];
            value += weight * s.shares[w].o[r][column];
        }
        g.o[row.token * g.o_stride + in.query_column(row.head) + column] = to_bf16(value / sum);
    }
}

}  // namespace
}  // namespace candor

using namespace candor;

CANDOR_API int candor_attention_cached(
    const candor_matrix* o, const candor_matrix* qkv, const candor_cache* cache, const candor_heads* heads,
    const int32_t* positions, const candor_sequences* sequences, candor_stream* stream) {
    const Where where = CANDOR_WHERE("attention cached");
    const int n = rows(qkv), h = heads->query, k = heads->key, d = heads->width, s = sequences->count;
    int status = check_attention(
        where, *heads, {{"o", o, CANDOR_BF16, n, h * d}, {"qkv", qkv, CANDOR_BF16, n, (h + 2 * k) * d}});
    if (!status) status = enter(stream, where);
    if (status || n == 0) return status;
    const CachedArguments all = {attention_of(qkv, sequences->starts, *heads), data<bf16>(o), o->stride,
        reinterpret_cast<const bf16* const*>(cache->slabs), cache->slab_stride, cache->slab_pages, cache->pages,
        cache->first_page, positions};
    const cudaError_t code = with_sequences(s, [&](int first, int count) {
        CachedArguments g = all;
        g.in.starts += first, g.first_page += first;
        return with_head_width(d, [&](auto width) {
            constexpr int kWidth = decltype(width)::value;
            return launch("attention cached", cached_kernel<kWidth>,
                {dim3(ceil_div((int64_t)sequences->longest * (h / k), kRows), k, count), dim3(kThreads),
                    sizeof(CachedShared<kWidth>), stream->handle},
                g);
        });
    });
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}
