/* The products of the CPU backend, by instructions that Java's Vector API cannot say.
 *
 * C = I + A·B, and C = I + A·B + A₂·B₂, where B lies in packed panels. Each element of C is one chain of multiply-adds over the
 * depth in rising order, whatever the tile: so what comes out depends on the arithmetic alone, not on how rows and columns were
 * cut. In float32 arithmetic the chain is the same as the Vector API's, bit by bit; of pairs it is a chain of the kind's own instruction.
 *
 * Nothing here allocates, locks or calls the system (but candor_cpu_supported), so that functions may be called with the Java heap
 * pinned: `b`, `b2`, `scales` and `to` may lie in it. All memory is the caller's.
 */
#ifndef CANDOR_CPU_H
#define CANDOR_CPU_H

#include <stdint.h>

#if defined(__GNUC__)
#define CANDOR_CPU_API __attribute__((visibility("default")))
#else
#define CANDOR_CPU_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a declaration below changes. */
enum { CANDOR_CPU_API_VERSION = 1 };

/* Kernels for one kind of processor each. */
enum candor_cpu_kernels {
    CANDOR_CPU_AVX2 = 0,       /* AVX2 and FMA */
    CANDOR_CPU_AVX512 = 1,     /* AVX-512 F, BW, DQ, VL */
    CANDOR_CPU_AVX512BF16 = 2, /* these, and VDPBF16PS */
    CANDOR_CPU_AMX = 3,        /* these, and TDPBF16PS */
    CANDOR_CPU_NEON = 4,       /* ARM's, 64-bit */
    CANDOR_CPU_NEONBF16 = 5,   /* these, and BFMMLA */
    CANDOR_CPU_KERNELS = 6
};

/* What operands of products are. */
enum candor_cpu_arithmetic {
    /* Floats, multiplied and added in one rounding. */
    CANDOR_CPU_FLOATS = 0,
    /* Floats rounded to bf16, ties to even, then as above. Panels of floats hold such values already. */
    CANDOR_CPU_ROUNDED = 1,
    /* Pairs of bf16, neighbours in the depth, by the processor's own instruction for their dot product. */
    CANDOR_CPU_PAIRS = 2
};

/* How B lies. A panel has `width` columns; its rows follow one another; panels are `b_panel` elements of 32 bits apart. */
enum candor_cpu_panels {
    /* A row is `width` floats. */
    CANDOR_CPU_FLOAT_PANELS = 0,
    /* Two rows are `width` pairs of bf16, the upper row's in the lower half. */
    CANDOR_CPU_PAIR_PANELS = 1,
    /* A row is width / 2 pairs of bf16: columns l and width / 2 + l. */
    CANDOR_CPU_BF16_PANELS = 2,
    /* Four rows are width / 2 ints: from the lowest bits up, codes of columns l and width / 2 + l of the first row, then the next. */
    CANDOR_CPU_NF4_PANELS = 3,
    /* Two rows are width / 2 ints, as above. */
    CANDOR_CPU_INT8_PANELS = 4,
    CANDOR_CPU_FP8_PANELS = 5,
    /* No panels: a matrix of floats as it is, or of bf16, rows b_panel apart; b_at and b_panel are in its own elements. */
    CANDOR_CPU_PLAIN_ROWS = 6,
    CANDOR_CPU_PLAIN_BF16 = 7
};

/* One product. Strides are in floats, of B in elements of 32 bits. */
struct candor_cpu_product {
    const float *a; /* (rows, depth): element (r, p) is at r·a_row + p·a_col, one of which is 1 */
    int64_t a_row;
    int64_t a_col;
    const float *init; /* (rows, cols); null: zeros */
    int64_t init_row;  /* 0: one row for all */
    float *c;          /* (rows, cols) */
    int64_t c_row;
    int64_t b_at;
    int64_t b_panel;
    const float *a2; /* (rows, depth2), rows a2_row apart; not read where depth2 is 0 */
    int64_t a2_row;
    int64_t b2_at; /* panels of floats or, in CANDOR_CPU_PAIRS, of pairs */
    int64_t b2_panel;
    int32_t rows; /* at most candor_cpu_most_rows */
    int32_t cols;
    int32_t depth;
    int32_t depth2;
    int32_t width;      /* columns of a panel: twice the lanes of the widest vectors that the caller has */
    int32_t panels;     /* candor_cpu_panels: of B */
    int32_t arithmetic; /* candor_cpu_arithmetic */
    int32_t fresh;      /* 0: A's copy in scratch, of the call before, is still good */
    /* Of codes: the panel and the row of it that B begins with; scales for each column of `across` rows, or (0) one for each row;
     * floats from one panel's scales to the next's, and how many panels have the same. Both numbers of rows are of whole ints. */
    int32_t first_panel;
    int32_t first_row;
    int32_t across;
    int32_t scale_stride;
    int32_t sharing;
    int32_t unused;
};

enum { CANDOR_CPU_MOST_ROWS = 256 };

/* Causal attention of one sequence and one key head, with all query heads that share it. Row 0 of each matrix is the sequence's first
 * token. Token i sees the tokens up to itself, the last `window` of them.
 *
 * Forward writes O and, of each token and query head, the largest of its scores times scale and the sum of exp(score · scale − that);
 * lse is their log-sum-exp. Backward reads O, dO and lse, and writes the columns of dqkv of these heads. */
struct candor_cpu_attention {
    const float *qkv;
    int64_t qkv_row;
    float *o; /* forward written, backward read */
    int64_t o_row;
    float *maxima; /* forward: (length, group), rows lse_row apart */
    float *sums;   /* forward: (length, group), rows group apart */
    const float *lse;  /* backward: (length, group), rows lse_row apart */
    int64_t lse_row;
    const float *dout; /* backward */
    int64_t dout_row;
    float *dqkv; /* backward */
    int64_t dqkv_row;
    int32_t query_col; /* of qkv and dqkv, and of o and dout: of the first query head of the group */
    int32_t key_col;
    int32_t value_col;
    int32_t length;
    int32_t width; /* of a head */
    int32_t group; /* query heads */
    int32_t window; /* 0: all */
    int32_t lanes; /* sums of a row are taken in so many lanes: those of the caller's own vectors */
    int32_t arithmetic;
    float scale;
};

/* CANDOR_CPU_API_VERSION of the library. */
CANDOR_CPU_API int32_t candor_cpu_api_version(void);

/* Which kernels this processor and this system run, and this library has: bit 1 << kind for each. */
CANDOR_CPU_API int64_t candor_cpu_supported(void);

/* Whether these kernels have this arithmetic. */
CANDOR_CPU_API int32_t candor_cpu_has(int32_t kernels, int32_t arithmetic);

/* Bytes of `scratch`, which is one thread's own and begins with zeros. */
CANDOR_CPU_API int64_t candor_cpu_scratch_bytes(void);

/* Rows of a product, at most, whose A₂ has so many columns. */
CANDOR_CPU_API int32_t candor_cpu_most_rows(int32_t arithmetic, int32_t depth2);

/* Computes a product.
 *
 * b: where B lies; b2: where B₂ does; scales: of codes, else not read. */
CANDOR_CPU_API void candor_cpu_multiply(
    int32_t kernels,
    const struct candor_cpu_product *product,
    void *scratch,
    const void *b,
    const void *b2,
    const float *scales);

/* Bytes of `work`, one thread's own: of sequences of this length, heads of this width, forward or (backward = 1) back. */
CANDOR_CPU_API int64_t candor_cpu_attention_bytes(int32_t length, int32_t width, int32_t lanes, int32_t backward);

/* Attention forward, and backward. `scratch` is as candor_cpu_multiply has it. */
CANDOR_CPU_API void candor_cpu_attend(
    int32_t kernels, const struct candor_cpu_attention *attention, void *scratch, void *work);
CANDOR_CPU_API void candor_cpu_attend_backward(
    int32_t kernels, const struct candor_cpu_attention *attention, void *scratch, void *work);

/* Lays out a panel of pairs, from element `at` of `to` on.
 *
 * from: a matrix of floats, or (bf16) of bf16, whose element (row, col) is at row·stride + col
 * across: 1: column j of the panel is row j of the matrix; 0: row p of the panel is row p of the matrix
 * depth: an odd one is filled up with zeros
 * cols: at most `width`; the rest becomes zeros
 * scale: of floats, before they are rounded */
CANDOR_CPU_API void candor_cpu_pack_pairs(
    int32_t kernels,
    void *to,
    int64_t at,
    const void *from,
    int64_t stride,
    int32_t bf16,
    int32_t across,
    int32_t depth,
    int32_t cols,
    int32_t width,
    float scale);

#ifdef __cplusplus
}
#endif

#endif
