// Attention of new tokens to the pages of a cache: prefill and decode. Rows are tokens and those query heads that share a key head, so
// that grouped queries read a key once; a warp takes 16 of them. The keys are cut in pieces of two pages, counted from position 0. A warp
// goes through a piece page by page, and pieces are put together in the order of positions: a row's bytes depend on its position alone.
//
// Who works on a piece changes no byte, and there are three ways. Sequences with many rows have blocks of 64, whose warps read the same
// pages, each for rows of its own. Those with few have blocks of 16, whose warps take pieces in turn; and where a long cache would keep
// few multiprocessors busy like that, pieces are left in scratch memory, and a second kernel puts them together, as Flash-Decoding does
// (Dao, Haziza, Massa, Sizov 2023).
#include <atomic>

#include "attention.h"
#include "candor_tuning.h"
#include "layout.h"

namespace candor {
namespace {

constexpr int kRows = 16, kPage = 32, kWarps = 4, kThreads = kWarps * kWarp;
// Rows of a block whose warps have rows of their own; a sequence with no more has blocks of 16.
constexpr int kManyRows = kWarps * kRows;
// Blocks that fit an sm_90a at a time with heads of 128, by their shared memory; without a word on it, registers would be spilled.
constexpr int kBlocks = 3, kManyBlocks = 2;
constexpr int kPiecePages = 2, kPiece = kPiecePages * kPage;  // keys of a piece
// Pieces that a block of 16 rows has at a time, one for each warp.
constexpr int kSpan = kWarps;
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

template <int Width>
struct ManyShared {
    alignas(128) bf16 q[kManyRows * Width];
    Pages<Width> pages[2][kPiecePages];  // of a piece, and of the next one
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

template <int Rows, int Width>
__device__ __forceinline__ void load_queries(bf16* tile, const Attention& in, int start, int end, int first, int key_head) {
    constexpr int kChunks = Width / kChunk;
    for (int i = threadIdx.x; i < Rows * kChunks; i += kThreads) {
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

// A page arrives, which so many threads bring; values before row `first` of it, which no row's window holds, and from row `tokens` on,
// which are not there yet, become zeros, for zero weights do not undo a NaN.
template <int Width, int Threads>
__device__ __forceinline__ void load_page(
    Pages<Width>& to, const CachedArguments& g, int page, int key_head, int first, int tokens) {
    const Attention& in = g.in;
    const bf16* base = g.slabs[page / g.slab_pages] + (page % g.slab_pages) * g.slab_stride;
    const bool aligned = reinterpret_cast<uintptr_t>(base) % 16 == 0;
    const Matrix keys = {base + (int64_t)(in.k + key_head) * kPage * in.d, kPage, aligned};
    const Matrix values = {base + (int64_t)key_head * kPage * in.d, in.d, aligned};
    const int thread = threadIdx.x % Threads;
    load_tile<Width, kPage, Threads>(to.k, keys, 0, 0, in.d, 0, kPage, thread);
    load_tile<kPage, Width, Threads>(to.v, values, 0, first, tokens, 0, in.d, thread);
}

// s (16, kPage) = q k, of q's rows from `row` on.
template <int Width>
__device__ __forceinline__ void score(float (&s)[kPage / 8][4], const bf16* q, int row, const bf16* k) {
#pragma unroll
    for (int j = 0; j < kPage / 8; j++) {
#pragma unroll
        for (int v = 0; v < 4; v++) s[j][v] = 0.0f;
    }
#pragma unroll
    for (int depth = 0; depth < Width; depth += 16) {
        uint32_t a[4];
        load_a<Width>(a, q, row, depth);
#pragma unroll
        for (int j = 0; j < kPage / 16; j++) {
            uint32_t b[2][2];
            load_b_transposed<kPage>(b, k, depth, j * 16);
            mma_m16n8k16_bf16(s[2 * j], a, b[0]);
            mma_m16n8k16_bf16(s[2 * j + 1], a, b[1]);
        }
    }
}

// 16 rows of a sequence: what they see of the cache.
struct Rows {
    int first;           // its number among the sequence's rows
    int first_position;  // of the sequence's first row
    int first_seen;      // where the first row's window begins
    int tokens;          // in the cache, for the last row

    // Of those from `first` on, `count` or as many as there are.
    __device__ __forceinline__ Rows(const CachedArguments& g, int start, int end, int first, int count)
        : first(first), first_position(g.positions[start]) {
        const int group = g.in.h / g.in.k, last_token = min((first + count - 1) / group, end - start - 1);
        first_seen = g.in.first_seen(first_position + first / group, 0);
        tokens = first_position + last_token + 1;
    }
};

// One warp's 16 rows and one piece of keys: every way of dividing the work goes through here.
template <int Width>
struct PieceOfRows {
    RunningSoftmax softmax;
    float o[Width / 8][4] = {};

    __device__ __forceinline__ void add(const Attention& in, const Rows& rows, const bf16* q, int q_row, const Pages<Width>& there, int page) {
        const int group = in.h / in.k;
        const float scale = in.scale * kLog2e;
        float p[kPage / 8][4];
        score<Width>(p, q, q_row, there.k);
#pragma unroll
        for (int j = 0; j < kPage / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int position = rows.first_position + (rows.first + fragment_row(v)) / group;
                const int key = page * kPage + j * 8 + fragment_column(v);
                p[j][v] = in.sees(position, key) && key < rows.tokens ? p[j][v] * scale : -INFINITY;
            }
        }
        float correction[2];
        softmax.weigh<kPage>(p, correction);
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) o[j][v] *= correction[v / 2];
        }
        multiply_weights<kPage, Width>(o, p, there.v);
    }

    // Of this thread's row in a half.
    __device__ __forceinline__ float sum(int half) const { return warp_sum<4>(softmax.sum[half]); }
};

// Split: pieces go to scratch memory.
template <int Width, bool Split>
__global__ void __launch_bounds__(kThreads, kBlocks) cached_kernel(const CachedArguments g) {
    CachedShared<Width>& s = shared<CachedShared<Width>>();
    const Attention& in = g.in;
    const int start = in.starts[blockIdx.z], end = in.starts[blockIdx.z + 1];
    const int spans = (g.parts.count + kSpan - 1) / kSpan;  // 1 where pieces are not split
    const int group = in.h / in.k, all_rows = (end - start) * group, first = blockIdx.x / spans * kRows, key_head = blockIdx.y;
    if (first >= all_rows || all_rows > kManyRows) return;
    const Rows rows(g, start, end, first, kRows);
    int span = rows.first_seen / (kSpan * kPiece), end_span = (rows.tokens + kSpan * kPiece - 1) / (kSpan * kPiece);
    if (Split) {
        const int own = blockIdx.x % spans;
        if (own < span || own >= end_span) return;
        span = own, end_span = own + 1;
    }
    const int* pages = g.pages + g.first_page[blockIdx.z];
    const int warp = threadIdx.x / kWarp;
    load_queries<kRows, Width>(s.q, in, start, end, first, key_head);
    const int r = threadIdx.x / kRowThreads, column = threadIdx.x % kRowThreads;  // when pieces are put together
    Pieces<Width / kRowThreads> all;
    do {
        __syncthreads();  // the queries are there, and the shares of the span before have been read
        PieceOfRows<Width> own;
        const int piece = span * kSpan + warp, end_page = min((piece + 1) * kPiecePages, (rows.tokens + kPage - 1) / kPage);
        for (int page = max(rows.first_seen / kPage, piece * kPiecePages); page < end_page; page++) {
            Pages<Width>& mine = s.pages[warp];
            load_page<Width, kWarp>(mine, g, pages[page], key_head, rows.first_seen - page * kPage, rows.tokens - page * kPage);
            cp_async_commit();
            cp_async_wait<0>();
            __syncwarp();  // the page is there for all lanes
            own.add(in, rows, s.q, 0, mine, page);
            __syncwarp();  // all lanes have read the page
        }
        const float sums[2] = {own.sum(0), own.sum(1)};
        if (Split) {
            if (piece >= g.parts.count) return;
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const Row row(in, start, first + fragment_row(2 * half), key_head);
                if (row.token >= end) continue;
                const int64_t at = g.parts.at(in, row.token, row.head, piece);
                if (threadIdx.x % 4 == 0) g.parts.largest[at] = own.softmax.largest[half], g.parts.sums[at] = sums[half];
#pragma unroll
                for (int j = 0; j < Width / 8; j++) {
                    const int e = j * 8 + fragment_column(0);
                    if (e >= in.d) continue;  // d is even, so the neighbour exists, too
                    g.parts.values[at * in.d + e] = own.o[j][2 * half];
                    g.parts.values[at * in.d + e + 1] = own.o[j][2 * half + 1];
                }
            }
            return;
        }
        __syncthreads();  // all warps have read their pages, whose memory the shares take
        Share<Width>& share = s.shares[warp];
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) share.o[fragment_row(v)][j * 8 + fragment_column(v)] = own.o[j][v];
        }
        if (threadIdx.x % 4 == 0) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                share.largest[fragment_row(2 * half)] = own.softmax.largest[half];
                share.sum[fragment_row(2 * half)] = sums[half];
            }
        }
        __syncthreads();  // the shares are there
#pragma unroll
        for (int w = 0; w < kWarps; w++) {
            const Share<Width>& next = s.shares[w];
            all.add(next.largest[r], next.sum[r], [&](int c) { return next.o[r][column + c * kRowThreads]; });
        }
    } while (++span < end_span);
    const Row row(in, start, first + r, key_head);
    if (row.token >= end) return;
#pragma unroll
    for (int c = 0; c < Width / kRowThreads; c++) {
        const int e = column + c * kRowThreads;
        if (e < in.d) g.o[row.token * g.o_stride + in.query_column(row.head) + e] = to_bf16(all.values[c] / all.sum);
    }
}

// A warp: one row and head, from the piece that its window begins in to that of its own position.
__global__ void __launch_bounds__(kThreads) combine_kernel(const CachedArguments g) {
    const Attention& in = g.in;
    const int start = in.starts[blockIdx.z], rows = in.starts[blockIdx.z + 1] - start;
    const int index = blockIdx.x * kWarps + threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
    if (index >= rows * in.h || rows * (in.h / in.k) > kManyRows) return;
    const int token = start + index / in.h, head = index % in.h, position = g.positions[token];
    constexpr int kColumns = 128 / kWarp, kTurn = 8;
    Pieces<kColumns> all;
    const int end = position / kPiece + 1;
    for (int turn = in.first_seen(position, 0) / kPiece; turn < end; turn += kTurn) {
        // What several pieces left comes at a time, for each is a wait for memory.
        float largest[kTurn], sums[kTurn], values[kTurn][kColumns];
#pragma unroll
        for (int i = 0; i < kTurn; i++) {
            const bool there = turn + i < end;
            const int64_t at = g.parts.at(in, token, head, there ? turn + i : turn);
            largest[i] = there ? g.parts.largest[at] : -INFINITY;
            sums[i] = g.parts.sums[at];
#pragma unroll
            for (int c = 0; c < kColumns; c++) {
                const int e = lane + c * kWarp;
                values[i][c] = e < in.d ? g.parts.values[at * in.d + e] : 0.0f;
            }
        }
#pragma unroll
        for (int i = 0; i < kTurn; i++) {
            all.add(largest[i], sums[i], [&](int c) { return values[i][c]; });
        }
    }
#pragma unroll
    for (int c = 0; c < kColumns; c++) {
        const int e = lane + c * kWarp;
        if (e < in.d) g.o[token * g.o_stride + in.query_column(head) + e] = to_bf16(all.values[c] / all.sum);
    }
}

// Sequences with many rows: 64 of them, and the pieces of keys one after the other, the next one on its way.
template <int Width>
__global__ void __launch_bounds__(kThreads, kManyBlocks) many_rows_kernel(const CachedArguments g) {
    ManyShared<Width>& s = shared<ManyShared<Width>>();
    const Attention& in = g.in;
    const int start = in.starts[blockIdx.z], end = in.starts[blockIdx.z + 1];
    // The last rows see most, and begin first.
    const int group = in.h / in.k, all_rows = (end - start) * group, tile = gridDim.x - 1 - blockIdx.x, key_head = blockIdx.y;
    if (tile * kManyRows >= all_rows || all_rows <= kManyRows) return;
    const Rows block(g, start, end, tile * kManyRows, kManyRows);
    const int* pages = g.pages + g.first_page[blockIdx.z];
    load_queries<kManyRows, Width>(s.q, in, start, end, tile * kManyRows, key_head);
    const auto load = [&](int piece) {
#pragma unroll
        for (int i = 0; i < kPiecePages; i++) {
            const int page = piece * kPiecePages + i;
            if (page < block.first_seen / kPage || page * kPage >= block.tokens) continue;
            load_page<Width, kThreads>(
                s.pages[piece % 2][i], g, pages[page], key_head, block.first_seen - page * kPage, block.tokens - page * kPage);
        }
    };
    const int q_row = threadIdx.x / kWarp * kRows, first = tile * kManyRows + q_row;
    // Rows behind the last one see nothing; there is no barrier that their warp could miss.
    const bool any = first < all_rows;
    const Rows rows(g, start, end, any ? first : tile * kManyRows, kRows);
    Pieces<Width / 4> all[2];
    int piece = block.first_seen / kPiece;
    const int end_piece = (block.tokens + kPiece - 1) / kPiece;
    load(piece);
    cp_async_commit();
    for (; piece < end_piece; piece++) {
        if (piece + 1 < end_piece) load(piece + 1);
        cp_async_commit();
        cp_async_wait<1>();
        __syncthreads();  // this piece is there, and the queries
        PieceOfRows<Width> own;
#pragma unroll
        for (int i = 0; i < kPiecePages; i++) {
            const int page = piece * kPiecePages + i;
            if (any && page >= rows.first_seen / kPage && page * kPage < rows.tokens) {
                own.add(in, rows, s.q, q_row, s.pages[piece % 2][i], page);
            }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            all[half].add(own.softmax.largest[half], own.sum(half), [&](int c) { return own.o[c / 2][2 * half + c % 2]; });
        }
        __syncthreads();  // it has been read, and may be overwritten
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const Row row(in, start, first + fragment_row(2 * half), key_head);
        if (row.token >= end) continue;
        bf16* to = g.o + row.token * g.o_stride + in.query_column(row.head);
#pragma unroll
        for (int c = 0; c < Width / 4; c++) {
            const int e = c / 2 * 8 + fragment_column(c % 2);
            if (e < in.d) to[e] = to_bf16(all[half].values[c] / all[half].sum);
        }
    }
}

// Where pieces go to scratch memory: how many, and room for what is left of them.
Parts take_parts(Layout& layout, const Attention& in, int n, int pieces) {
    const int64_t rows = (int64_t)n * in.h * pieces;
    return {layout.take<float>(rows * in.d), layout.take<float>(rows), layout.take<float>(rows), pieces};
}

// Whether pieces go to scratch memory: where a block would have several spans, there is memory, and there are so few blocks without that
// multiprocessors would wait.
bool splits(int64_t blocks, int pieces, int64_t bytes, int multiprocessors) {
    const int asked = asked_split.load();
    if (pieces <= kSpan || bytes > kMostPartBytes || asked == 0) return false;
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
    const int group = h / k, longest = sequences->longest * group;
    // Rows of the sequences that have few, at most; none where every sequence is as long as the longest, and that has many.
    const int few = longest <= kManyRows ? longest : n == (int64_t)s * sequences->longest ? 0 : kManyRows;
    const int tiles = ceil_div(few, kRows), pieces = ceil_div(cache->most_pages, kPiecePages);
    Layout wanted;
    take_parts(wanted, all.in, n, pieces);
    if (few > 0 && splits((int64_t)tiles * k * s, pieces, wanted.bytes(), stream->device->multiprocessors)) {
        void* memory = nullptr;
        if ((status = scratch(&memory, wanted.bytes(), stream, where))) return status;
        Layout there(memory);
        all.parts = take_parts(there, all.in, n, pieces);
    }
    cudaError_t code = with_sequences(s, [&](int first, int count) {
        CachedArguments g = all;
        g.in.starts += first, g.first_page += first;
        const bool split = g.parts.count > 1;
        const dim3 blocks(tiles * ceil_div(g.parts.count, kSpan), k, count);
        cudaError_t code = with_head_width(d, [&](auto width) {
            constexpr int kWidth = decltype(width)::value;
            cudaError_t code = cudaSuccess;
            if (longest > kManyRows) {
                code = launch("attention cached, many rows", many_rows_kernel<kWidth>,
                    {dim3(ceil_div(longest, kManyRows), k, count), dim3(kThreads), sizeof(ManyShared<kWidth>), stream->handle}, g);
            }
            if (code || few == 0) return code;
            return launch("attention cached", split ? cached_kernel<kWidth, true> : cached_kernel<kWidth, false>,
                {blocks, dim3(kThreads), sizeof(CachedShared<kWidth>), stream->handle}, g);
        });
        if (!code && split) {
            code = launch("attention cached pieces", combine_kernel,
                {dim3(ceil_div((int64_t)few * k, kWarps), 1, count), dim3(kThreads), 0, stream->handle}, g);
        }
        return code;
    });
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}

CANDOR_API void candor_attention_split_use(int split) {
    candor::asked_split = split;
}
