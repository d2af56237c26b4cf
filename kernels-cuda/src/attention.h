// What the attention kernels share: where a tile of queries or keys lies in a packed batch, and the choice by head width.
#pragma once
#include "operand.h"

namespace candor {

constexpr float kLog2e = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;

// Sequences of a launch: a grid is no larger in y and z. Few on the emulator, so that every suite has a batch that needs several.
#ifdef CANDOR_EMULATED
constexpr int kMostSequences = 2;
#else
constexpr int kMostSequences = 65535;
#endif

// Calls f(first, count) for the sequences of a batch, as many at a time as a launch takes, until one fails.
template <class F>
cudaError_t with_sequences(int sequences, F f) {
    cudaError_t code = cudaSuccess;
    for (int first = 0; code == cudaSuccess && first < sequences; first += kMostSequences) {
        code = f(first, sequences - first < kMostSequences ? sequences - first : kMostSequences);
    }
    return code;
}

// Wider than any sequence.
constexpr int kNoWindow = 1 << 30;

// Where a block works: a sequence of the batch, and a tile of it.
struct TilePlace {
    int sequence, tile;
};

// Queries, keys and values of packed sequences; rows are (H+2K)*D wide. The gradient of it lies in the same way.
struct Attention {
    Matrix qkv;
    const int* starts;  // (S+1)
    int h, k, d;
    int window;         // tokens that one attends to, itself among them; kNoWindow for all before it
    float scale;        // 1/sqrt(D)
    // Tiles that blocks have, the highest numbers first; or null: then each sequence has as many blocks as the longest has tiles.
    const TilePlace* places;

    // Of block `at` of `count`, or of those that its sequence has: those with the longest walks begin first, for queries the last ones.
    __device__ __forceinline__ TilePlace query_place(int sequence, int at, int count) const {
        return places ? places[at] : TilePlace{sequence, count - 1 - at};
    }
    __device__ __forceinline__ TilePlace key_place(int sequence, int at, int count) const {
        return places ? places[count - 1 - at] : TilePlace{sequence, at};
    }

    __device__ __forceinline__ bool sees(int query, int key) const { return (unsigned)(query - key) < (unsigned)window; }
    // The first key that a query sees of a sequence that begins at `start`.
    __device__ __forceinline__ int first_seen(int query, int start) const { return max(start, query + 1 - window); }
    // The row behind the last query that sees a key, of a sequence that ends before `end`.
    __device__ __forceinline__ int end_of_seeing(int key, int end) const { return end - key < window ? end : key + window; }

    int columns() const { return (h + 2 * k) * d; }
    __device__ __forceinline__ int query_column(int head) const { return head * d; }
    __device__ __forceinline__ int key_column(int key_head) const { return (h + key_head) * d; }
    __device__ __forceinline__ int value_column(int key_head) const { return (h + k + key_head) * d; }
};

// tile (Rows, Width) = one head's columns of rows of a sequence, zero behind the sequence and behind the head's width.
template <int Rows, int Width, int Threads>
__device__ __forceinline__ void load_head(bf16* tile, const Matrix& from, int row, int end_row, int column, int d) {
    load_tile<Rows, Width, Threads>(tile, from, row, 0, end_row, column, column + d, threadIdx.x);
}

// c (16, Columns) = a bT over Width: a's rows from `row` on of a tile, all rows of b's tile.
template <int Columns, int Width>
__device__ __forceinline__ void multiply_rows(float (&c)[Columns / 8][4], const bf16* a_tile, int row, const bf16* b_tile) {
#pragma unroll
    for (int j = 0; j < Columns / 8; j++) {
#pragma unroll
        for (int v = 0; v < 4; v++) c[j][v] = 0.0f;
    }
#pragma unroll
    for (int k = 0; k < Width; k += 16) {
        uint32_t a[4];
        load_a<Width>(a, a_tile, row, k);
#pragma unroll
        for (int j = 0; j < Columns / 16; j++) {
            uint32_t b[2][2];
            load_b<Width>(b, b_tile, j * 16, k);
            mma_m16n8k16_bf16(c[2 * j], a, b[0]);
            mma_m16n8k16_bf16(c[2 * j + 1], a, b[1]);
        }
    }
}

// c (16, Width) += p b: p (16, Depth) in accumulators, rounded to bf16 on the way; b (Depth, Width) a tile.
template <int Depth, int Width>
__device__ __forceinline__ void multiply_weights(float (&c)[Width / 8][4], const float (&p)[Depth / 8][4], const bf16* b_tile) {
#pragma unroll
    for (int k = 0; k < Depth / 16; k++) {
        // Two accumulators side by side are a left operand: the layouts agree.
        const float(&left)[4] = p[2 * k];
        const float(&right)[4] = p[2 * k + 1];
        const uint32_t a[4] = {pack(left[0], left[1]), pack(left[2], left[3]), pack(right[0], right[1]), pack(right[2], right[3])};
#pragma unroll
        for (int j = 0; j < Width / 16; j++) {
            uint32_t b[2][2];
            load_b_transposed<Width>(b, b_tile, k * 16, j * 16);
            mma_m16n8k16_bf16(c[2 * j], a, b[0]);
            mma_m16n8k16_bf16(c[2 * j + 1], a, b[1]);
        }
    }
}

// What a thread keeps of its two rows (Milakov and Gimelshein 2018), in base 2: the largest score so far, and the sum of the
// exponentials of this thread's columns.
struct RunningSoftmax {
    float largest[2] = {-INFINITY, -INFINITY};
    float sum[2] = {0.0f, 0.0f};

    // Scores become weights relative to the new maximum; returns what earlier sums have to be multiplied by.
    template <int Columns>
    __device__ __forceinline__ void weigh(float (&s)[Columns / 8][4], float (&correction)[2]) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float most = largest[half];
#pragma unroll
            for (int j = 0; j < Columns / 8; j++) most = fmaxf(most, fmaxf(s[j][2 * half], s[j][2 * half + 1]));
            most = warp_max<4>(most);  // the four lanes that share a row
            // A row without any score yet has no finite maximum; its weights are all zero.
            const float base = most == -INFINITY ? 0.0f : most;
            correction[half] = exp2f(largest[half] - base);
            largest[half] = most;
            float added = 0.0f;
#pragma unroll
            for (int j = 0; j < Columns / 8; j++) {
#pragma unroll
                for (int v = 2 * half; v < 2 * half + 2; v++) {
                    s[j][v] = exp2f(s[j][v] - base);
                    added += s[j][v];
                }
            }
            sum[half] = sum[half] * correction[half] + added;
        }
    }
};

// Writes accumulators (16, Width) times a factor per half, bf16, to rows of global memory below end_row.
template <int Width>
__device__ __forceinline__ void store_rows(
    bf16* to, int64_t stride, int row, int end_row, int column, int d, const float (&c)[Width / 8][4], float low, float high) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int r = row + fragment_row(2 * half);
        if (r >= end_row) continue;
        const float factor = half ? high : low;
#pragma unroll
        for (int j = 0; j < Width / 8; j++) {
            const int at = j * 8 + fragment_column(0);
            if (at >= d) continue;  // d is even, so the neighbour exists, too
            bf16* p = to + r * stride + column + at;
            p[0] = to_bf16(c[j][2 * half] * factor);
            p[1] = to_bf16(c[j][2 * half + 1] * factor);
        }
    }
}

// Calls f(HeadWidth<width>()) for the narrowest padded width that holds d.
template <int Width>
struct HeadWidth {
    static constexpr int value = Width;
};
template <class F>
cudaError_t with_head_width(int d, F f) {
    if (d <= 16) return f(HeadWidth<16>());
    if (d <= 32) return f(HeadWidth<32>());
    if (d <= 64) return f(HeadWidth<64>());
    if (d <= 96) return f(HeadWidth<96>());
    return f(HeadWidth<128>());
}

// 0, or the status of a sentence about a shape that no kernel here takes.
inline int check_heads(const candor_heads& heads, const Where& where) {
    const int h = heads.query, k = heads.key, d = heads.width;
    if (d < 8 || d > 128 || d % 8 || k < 1 || h < k || h % k) {
        return refuse(CANDOR_UNSUPPORTED, where,
            "%d query heads, %d key heads, width %d: the width has to be a multiple of 8 up to 128", h, k, d);
    }
    if (heads.window < 0) return refuse(CANDOR_BAD_ARGUMENT, where, "a window of %d tokens", heads.window);
    return 0;
}

// Tiles of 64 rows or more of the longest sequence are a dimension of a grid.
inline int check_longest(int longest, const Where& where) {
    constexpr int kMost = 65535 * 64;
    if (longest <= kMost) return 0;
    return refuse(CANDOR_UNSUPPORTED, where, "a sequence of %d tokens, and at most %d are taken; lower --max-length", longest, kMost);
}

// 0, or the status of a sentence about heads or a matrix that no kernel here takes: qkv, and others (N,H*D) or (N,H).
inline int check_attention(const Where& where, const candor_heads& heads, std::initializer_list<Wanted> wanted) {
    const int status = check_heads(heads, where);
    return status ? status : check(where, wanted);
}

inline Attention attention_of(const candor_matrix* qkv, const int32_t* starts, const candor_heads& heads) {
    const int window = heads.window > 0 && heads.window < kNoWindow ? heads.window : kNoWindow;
    return {operand(qkv), starts, heads.query, heads.key, heads.width, window, 1.0f / sqrtf((float)heads.width), nullptr};
}

}  // namespace candor
