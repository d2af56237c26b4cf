// Attention of new tokens to the pages of a cache: prefill and decode. A block takes 16 rows, each a token and one of the
// query heads that share a key head, so that grouped queries read a key once. The keys are cut in pieces of eight pages, counted from
// position 0. Within a piece the warps take pages in turn, by the page's number, and are put together in the order of warps; pieces
// are put together in the order of positions: a row's bytes depend on its position alone.
//
// Who works on a piece changes no byte. With many rows a block goes through the pieces of its own. With few, a long cache would keep few
// multiprocessors busy: then each piece is a block's, and a second kernel puts together what they left in scratch memory, as
// Flash-Decoding does (Dao, Haziza, Massa, Sizov 2023).
#include <atomic>

#include "attention.h"
#include "candor_tuning.h"
#include "layout.h"

namespace candor {
namespace {

constexpr int kRows = 16, kPage = 32, kWarps = 4, kThreads = kWarps * kWarp;
// Blocks that fit an sm_90a at a time with heads of 128, by their shared memory; without a word on it, registers would be spilled.
constexpr int kBlocks = 3;
constexpr int kPiecePages = 8, kPiece = kPiecePages * kPage;  // keys of a piece
// Threads of a row when warps are put together: each has every eighth column.
constexpr int kRowThreads = kThreads / kRows;
// Pieces lie in scratch memory below so many bytes, which engine's ScratchBytes counts.
constexpr int64_t kMostPartBytes = 32 << 20;

std::atomic<int> asked_split{-1};

template <int Width>
struct Pages {
    alignas(128) bf16 k[Width * kPage];  // column by column, as the cache holds keys
    alignas(128) bf16 v[kPage * Width];
};

// One warp's share of 16 rows.
template <int Width>
struct Share {
    float o[kRows][Width + 8];  // four rows of a warp's threads in banks of their own
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

// What blocks leave of each row and piece, where pieces are theirs: [token][head][piece], the values with D columns.
struct Parts {
    float *values, *largest, *sums;
    int count;  // pieces; 1, and no memory, where a block goes through all of them

    __device__ __forceinline__ int64_t at(const Attention& in, int token, int head, int piece) const {
        return ((int64_t)token * in.h + head) * count + piece;
    }
};

struct CachedArguments {
    Attention in;
    bf16* o;
    int64_t o_stride;
    const bf16* const* slabs;
    int64_t slab_stride;
    int slab_pages;
    const int *pages, *first_page, *positions;
    Parts parts;
};

// A row of which some pieces are known: the largest score, in base 2, the sum of exponentials, and some columns' weighted values.
template <int Columns>
struct Pieces {
    float largest = -INFINITY, sum = 0.0f;
    float values[Columns] = {};

    // The next piece of keys. Written so that a compiler has no choice of what to contract: both kernels add alike.
    template <class Value>
    __device__ __forceinline__ void add(float piece_largest, float piece_sum, Value value) {
        if (piece_largest == -INFINITY) return;  // the row sees nothing of it
        const float most = fmaxf(largest, piece_largest);
        const float keep = exp2f(largest - most), weight = exp2f(piece_largest - most);
        largest = most;
        sum = fmaf(sum, keep, weight * piece_sum);
#pragma unroll
        for (int c = 0; c < Columns; c++) values[c] = fmaf(values[c], keep, weight * value(c));
    }
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

// Split: a block has one piece, and leaves it in scratch memory.
template <int Width, bool Split>
__global__ void __launch_bounds__(kThreads, kBlocks) cached_kernel(const CachedArguments g) {
    CachedShared<Width>& s = shared<CachedShared<Width>>();
    const Attention& in = g.in;
    const int start = in.starts[blockIdx.z], end = in.starts[blockIdx.z + 1];
    const int group = in.h / in.k, first = blockIdx.x / g.parts.count * kRows, key_head = blockIdx.y;
    if (first >= (end - start) * group) return;
    const int first_position = g.positions[start];
    const int last_token = min((first + kRows - 1) / group, end - start - 1);
    const int tokens = first_position + last_token + 1;  // in the cache, for this block
    // From where the first row's window begins.
    const int first_seen = in.first_seen(first_position + first / group, 0);
    int piece = first_seen / kPiece, end_piece = (tokens + kPiece - 1) / kPiece;
    if (Split) {
        const int own = blockIdx.x % g.parts.count;
        if (own < piece || own >= end_piece) return;
        piece = own, end_piece = own + 1;
    }
    const int* pages = g.pages + g.first_page[blockIdx.z];
    const int warp = threadIdx.x / kWarp;
    load_queries<Width>(s.q, in, start, end, first, key_head);
    const int r = threadIdx.x / kRowThreads, column = threadIdx.x % kRowThreads;  // when warps are put together
    const float scale = in.scale * kLog2e;
    Pieces<Width / kRowThreads> all;
    do {
        __syncthreads();  // the queries are there, and the shares of the piece before have been read
        RunningSoftmax softmax;
        float o[Width / 8][4] = {};
        // From the page that the first row's window begins in; by its number it is some warp's.
        const int first_page = max(first_seen / kPage, piece * kPiecePages);
        const int end_key = min(tokens, (piece + 1) * kPiece);
        for (int page = first_page + (warp + kWarps - first_page % kWarps) % kWarps; page * kPage < end_key; page += kWarps) {
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
        float most = s.shares[0].largest[r];
#pragma unroll
        for (int w = 1; w < kWarps; w++) most = fmaxf(most, s.shares[w].largest[r]);
        // A row that sees nothing of the piece has no finite maximum; its weights are all zero.
        const float base = most == -INFINITY ? 0.0f : most;
        float weights[kWarps], sum = 0.0f;
#pragma unroll
        for (int w = 0; w < kWarps; w++) {
            weights[w] = exp2f(s.shares[w].largest[r] - base);
            sum = fmaf(weights[w], s.shares[w].sum[r], sum);
        }
        all.add(most, sum, [&](int c) {
            float value = 0.0f;
#pragma unroll
            for (int w = 0; w < kWarps; w++) value = fmaf(weights[w], s.shares[w].o[r][column + c * kRowThreads], value);
            return value;
        });
    } while (++piece < end_piece && !Split);
    const Row row(in, start, first + r, key_head);
    if (row.token >= end) return;
    const int64_t at = Split ? g.parts.at(in, row.token, row.head, piece - 1) : 0;
    if (Split && column == 0) {
        g.parts.largest[at] = all.largest;
        g.parts.sums[at] = all.sum;
    }
#pragma unroll
    for (int c = 0; c < Width / kRowThreads; c++) {
        const int e = column + c * kRowThreads;
        if (e >= in.d) continue;
        if (Split) {
            g.parts.values[at * in.d + e] = all.values[c];
        } else {
            g.o[row.token * g.o_stride + in.query_column(row.head) + e] = to_bf16(all.values[c] / all.sum);
        }
    }
}

// A warp: one row and head, from the piece that its window begins in to that of its own position.
__global__ void __launch_bounds__(kThreads) combine_kernel(const CachedArguments g, int64_t rows) {
    const Attention& in = g.in;
    const int64_t index = (int64_t)blockIdx.x * kWarps + threadIdx.x / kWarp;
    if (index >= rows) return;
    const int token = (int)(index / in.h), head = (int)(index % in.h), lane = threadIdx.x % kWarp;
    const int position = g.positions[token];
    constexpr int kColumns = 128 / kWarp;
    Pieces<kColumns> all;
    for (int piece = in.first_seen(position, 0) / kPiece; piece <= position / kPiece; piece++) {
        const int64_t at = g.parts.at(in, token, head, piece);
        all.add(g.parts.largest[at], g.parts.sums[at], [&](int c) {
            const int e = lane + c * kWarp;
            return e < in.d ? g.parts.values[at * in.d + e] : 0.0f;
        });
    }
#pragma unroll
    for (int c = 0; c < kColumns; c++) {
        const int e = lane + c * kWarp;
        if (e < in.d) g.o[token * g.o_stride + in.query_column(head) + e] = to_bf16(all.values[c] / all.sum);
    }
}

// Where pieces go to blocks of their own: how many, and room for what they leave.
Parts take_parts(Layout& layout, const Attention& in, int n, int pieces) {
    const int64_t rows = (int64_t)n * in.h * pieces;
    return {layout.take<float>(rows * in.d), layout.take<float>(rows), layout.take<float>(rows), pieces};
}

// Whether pieces go to blocks of their own: where there are several, memory for them, and so few blocks without that multiprocessors
// would wait.
bool splits(int64_t blocks, int pieces, int64_t bytes, int multiprocessors) {
    const int asked = asked_split.load();
    if (pieces == 1 || bytes > kMostPartBytes || asked == 0) return false;
    return asked == 1 || blocks < kBlocks * (int64_t)multiprocessors;
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
    if (!status && cache->most_pages < 1) status = refuse(CANDOR_BAD_ARGUMENT, where, "at most %d pages", cache->most_pages);
    if (status || n == 0) return status;
    CachedArguments all = {attention_of(qkv, sequences->starts, *heads), data<bf16>(o), o->stride,
        reinterpret_cast<const bf16* const*>(cache->slabs), cache->slab_stride, cache->slab_pages, cache->pages,
        cache->first_page, positions, {nullptr, nullptr, nullptr, 1}};
    const int tiles = ceil_div((int64_t)sequences->longest * (h / k), kRows), pieces = ceil_div(cache->most_pages, kPiecePages);
    Layout wanted;
    take_parts(wanted, all.in, n, pieces);
    if (splits((int64_t)tiles * k * s, pieces, wanted.bytes(), stream->device->multiprocessors)) {
        void* memory = nullptr;
        if ((status = scratch(&memory, wanted.bytes(), stream, where))) return status;
        Layout there(memory);
        all.parts = take_parts(there, all.in, n, pieces);
    }
    cudaError_t code = with_sequences(s, [&](int first, int count) {
        CachedArguments g = all;
        g.in.starts += first, g.first_page += first;
        return with_head_width(d, [&](auto width) {
            constexpr int kWidth = decltype(width)::value;
            return launch("attention cached", g.parts.count > 1 ? cached_kernel<kWidth, true> : cached_kernel<kWidth, false>,
                {dim3(tiles * g.parts.count, k, count), dim3(kThreads), sizeof(CachedShared<kWidth>), stream->handle}, g);
        });
    });
    if (!code && all.parts.count > 1) {
        const int64_t every = (int64_t)n * h;
        code = launch(
            "attention cached pieces", combine_kernel, {dim3(ceil_div(every, kWarps)), dim3(kThreads), 0, stream->handle}, all, every);
    }
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}

CANDOR_API void candor_attention_split_use(int split) {
    candor::asked_split = split;
}
