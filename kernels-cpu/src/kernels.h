/* What the files of each kind of processor have in common, and give to api.c. */
#ifndef CANDOR_CPU_SRC_KERNELS_H
#define CANDOR_CPU_SRC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "candor_cpu.h"

/* An element of 32 bits: a float, or a pair of bf16. Depths are counted in them. */
typedef uint32_t unit;

enum {
    /* Of a piece of the depth: so many rows of a panel of 32 columns are 32 KiB, which stay in the first-level cache. */
    PIECE = 256,
    /* From one row of A's copy to the next: no power of two, so that rows do not share the sets of a cache. */
    ROW = PIECE + 16,
    /* Rows side by side in the copy of an A that is read across. */
    GROUP = 16,
    /* Units of the copy of A: half of a second-level cache of 1 MiB. */
    MOST_COPIED = 128 << 10,
    /* Columns of the widest panel, and rows of the tallest tile. */
    MOST_WIDTH = 32,
    MOST_TALL = 32
};

/* A thread's own memory. */
struct scratch {
    /* What of A is in the copy. */
    int64_t from;
    int64_t units;
    int64_t rows;
    int64_t valid;
    /* A tile at an edge of C. */
    float edge[MOST_TALL * MOST_WIDTH];
    /* A panel's piece, widened. */
    unit widened[PIECE * MOST_WIDTH];
    unit copy[MOST_COPIED / PIECE * ROW + GROUP * ROW];
    unit copy2[MOST_COPIED / PIECE * ROW + GROUP * ROW];
};

/* Of loops over a tile's rows, whose number the compiler knows. */
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

#define INLINED __attribute__((always_inline))

/* What a tile of C is made of. */
struct tile {
    const unit *a;
    const unit *b;
    const unit *a2;
    const unit *b2;
    const float *init; /* null: zeros */
    ptrdiff_t init_row;
    float *c;
    ptrdiff_t c_row;
    ptrdiff_t width;    /* from one row of a panel to the next */
    ptrdiff_t a2_piece; /* from one piece of A₂'s copy to the next */
    ptrdiff_t ahead;    /* from B to what is read after it, which is asked for meanwhile */
    int k;
    int k2;
};

/* The arguments of candor_cpu_pack_pairs. */
struct packing {
    const void *from;
    int64_t stride;
    int32_t bf16;
    int32_t across;
    int32_t depth;
    int32_t cols;
    int32_t width;
    float scale;
};

/* Of scores: which of its keys a row sees, and how far the rows of its block go. All from the first column of the memory. */
struct row {
    int64_t low;
    int64_t n;   /* behind the last that it sees */
    int64_t from; /* of the block */
    int64_t end;
    int lanes;
};

struct kernels {
    /* For each arithmetic, or null. */
    void (*multiply[3])(
        const struct candor_cpu_product *, struct scratch *, const unit *b, const unit *b2, const float *scales);
    void (*pack_pairs)(const struct packing *, unit *to);
    /* As that, to floats, rounded or not. */
    void (*pack_floats)(const struct packing *, unit *to, int rounded);
    /* Rows of attention, see rows.h. */
    float (*exponentials)(float *x, const struct row *, float scale, float *max);
    void (*gradients)(float *p, float *ds, const struct row *, float lse, float delta, float scale);
    float (*dot)(const float *u, const float *v, int64_t n, int lanes);
    void (*scaled)(float *x, int64_t n, float factor);
};

extern const struct kernels candor_cpu_avx2;
extern const struct kernels candor_cpu_avx512;
extern const struct kernels candor_cpu_avx512bf16;
extern const struct kernels candor_cpu_amx;
extern const struct kernels candor_cpu_neon;
extern const struct kernels candor_cpu_neonbf16;

/* The next panel's rows lie far apart, where no hardware looks ahead. */
static inline void prefetch_rows(const char *from, int64_t stride, int64_t rows) {
    for (int64_t p = 0; p < rows; p++) {
        __builtin_prefetch(from + p * stride, 0, 2);
    }
}

/* The first kind from this one down that multiplies so, or -1; the first that has functions of rows. */
int32_t candor_cpu_multiplier(int32_t kernels, int32_t arithmetic);
const struct kernels *candor_cpu_packer(int32_t kernels);
const struct kernels *candor_cpu_rows(int32_t kernels);

static inline int32_t least(int64_t a, int64_t b) {
    return (int32_t)(a < b ? a : b);
}

#endif
