/* A piece of a panel of B that is kept in fewer bits, as floats or as pairs: the weight's own values, bit by bit, which are those
 * of candor.ops.cpu.PackedPanels: code times scale in float32, rounded to bf16.
 *
 * Before it, define LANES and LOOKUP(index, table), which takes entries of a table of 16 floats, as bits, by a vector of indices; and
 * PAIRS_OF(x, y), which makes pairs of two rows, where the processor does so itself (it may take subnormal numbers for zeros).
 */
#include <string.h>

typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef float floats __attribute__((vector_size(4 * LANES)));

static inline ints ints_at(const void *from) {
    ints v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline floats floats_at(const void *from) {
    floats v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void put_ints(void *to, ints v) {
    memcpy(to, &v, sizeof v);
}

/* As floats' bits, ties to even; there are no NaNs. */
static inline ints to_bf16(floats v) {
    const ints bits = (ints)v;
    return (bits + 0x7fff + ((bits >> 16) & 1)) & (int32_t)0xffff0000;
}

/* Rounded, and next to each other. */
#if !defined(PAIRS_OF)
#define PAIRS_OF(x, y) (((to_bf16(x) >> 16) & 0xffff) | to_bf16(y))
#endif

/* bitsandbytes' NormalFloat table (Dettmers et al. 2023, appendix E). */
static const float nf4_table[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
    -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

/* What the codes in the `bits` from `shift` on stand for, not rounded yet. */
static inline INLINED floats decoded(const int panels, ints codes, const int shift, floats scale) {
    switch (panels) {
    case CANDOR_CPU_NF4_PANELS:
        return (floats)LOOKUP((codes >> shift) & 15, nf4_table) * scale;
    case CANDOR_CPU_INT8_PANELS:
        return __builtin_convertvector((codes << (24 - shift)) >> 24, floats) * scale;
    case CANDOR_CPU_FP8_PANELS: {
        /* Exponents' biases differ by 120. Without a leading one it is the difference of what has one, so that no operand is subnormal. */
        const ints code = codes >> shift;
        const ints size = (code & 0x7f) << 20;
        const ints whole = size + (120 << 23);
        const ints part = (ints)((floats)(size + (121 << 23)) - 0x1p-6f);
        const ints small = size < 1 << 23;
        return (floats)((small & part) | (~small & whole) | (code & 0x80) << 24) * scale;
    }
    default: /* bf16, in one half or the other */
        return (floats)(shift ? codes & (int32_t)0xffff0000 : codes << 16);
    }
}

/* Rows in an int. */
static inline INLINED int rows_of(const int panels) {
    return panels == CANDOR_CPU_NF4_PANELS ? 4 : panels == CANDOR_CPU_BF16_PANELS ? 1 : 2;
}

static inline INLINED int bits_of(const int panels) {
    return panels == CANDOR_CPU_NF4_PANELS ? 4 : panels == CANDOR_CPU_BF16_PANELS ? 16 : 8;
}

/* Rows that are widened at a time: whole ints, and whole pairs. */
#define AT_A_TIME(panels) (rows_of(panels) < 2 ? 2 : rows_of(panels))

/* The first `count` of the two rows g and g + 1 of v, or of v and next where an int has one row: LANES columns, and as many half a panel
 * further. Scales are of columns, or (own) one of each row. */
static inline INLINED void widen_two(
    const int panels,
    const int paired,
    unit *to,
    int64_t width,
    ints v,
    ints next,
    const int g,
    const int count,
    floats scale0,
    floats scale1,
    const float *own) {
    const int bits = bits_of(panels);
    const int alone = rows_of(panels) == 1;
    const int shift = alone ? 0 : 2 * g * bits;
    const int next_shift = alone ? 0 : shift + 2 * bits;
    if (own) {
        scale0 = (floats){0} + own[g];
        scale1 = scale0;
    }
    const floats low0 = decoded(panels, v, shift, scale0);
    const floats high0 = decoded(panels, v, shift + bits, scale1);
    floats low1 = {0};
    floats high1 = {0};
    if (count > 1) {
        if (own) {
            scale0 = (floats){0} + own[g + 1];
            scale1 = scale0;
        }
        low1 = decoded(panels, alone ? next : v, next_shift, scale0);
        high1 = decoded(panels, alone ? next : v, next_shift + bits, scale1);
    }
    to += (paired ? g / 2 : g) * width;
    unit *upper = to + width / 2;
    if (paired && alone) { /* bf16 already, which might be NaN */
        put_ints(to, (((ints)low0 >> 16) & 0xffff) | (ints)low1);
        put_ints(upper, (((ints)high0 >> 16) & 0xffff) | (ints)high1);
    } else if (paired) {
        put_ints(to, PAIRS_OF(low0, low1));
        put_ints(upper, PAIRS_OF(high0, high1));
    } else {
        put_ints(to, alone ? (ints)low0 : to_bf16(low0));
        put_ints(upper, alone ? (ints)high0 : to_bf16(high0));
        if (count > 1) {
            put_ints(to + width, alone ? (ints)low1 : to_bf16(low1));
            put_ints(upper + width, alone ? (ints)high1 : to_bf16(high1));
        }
    }
}

/* The first n, at most as many as are taken at a time, of the rows from `codes` on. */
static inline INLINED void widen_rows(
    const int panels,
    const int paired,
    unit *to,
    int64_t width,
    const unit *codes,
    const int n,
    floats scale0,
    floats scale1,
    const float *own) {
    const ints v = ints_at(codes);
    const ints next = rows_of(panels) == 1 && n > 1 ? ints_at(codes + width / 2) : v;
    if (n > 1) {
        widen_two(panels, paired, to, width, v, next, 0, 2, scale0, scale1, own);
    } else {
        widen_two(panels, paired, to, width, v, next, 0, 1, scale0, scale1, own);
    }
    if (n > 3) {
        widen_two(panels, paired, to, width, v, next, 2, 2, scale0, scale1, own);
    } else if (n > 2) {
        widen_two(panels, paired, to, width, v, next, 2, 1, scale0, scale1, own);
    }
}

/* LANES columns from `column` on, and as many half a panel further, of n rows from the panel's row q on. */
static inline INLINED void widen_columns(
    const struct candor_cpu_product *job,
    const int panels,
    const int paired,
    unit *to,
    const unit *codes,
    const float *scales,
    int64_t q,
    int64_t n,
    int column) {
    const int64_t width = job->width;
    const int step = AT_A_TIME(panels);
    const int of_columns = panels != CANDOR_CPU_BF16_PANELS && job->across;
    const int of_rows = panels != CANDOR_CPU_BF16_PANELS && !job->across;
    floats scale0 = {0};
    floats scale1 = {0};
    for (int64_t p = 0; p < n;) {
        int64_t end = n; /* of the rows that have the same scales */
        if (of_columns) {
            const int64_t block = (q + p) / job->across;
            end = least(n, (block + 1) * job->across - q);
            scale0 = floats_at(scales + block * width + column);
            scale1 = floats_at(scales + block * width + width / 2 + column);
        }
        for (; p < end; p += step) {
            const unit *at = codes + (q + p) / rows_of(panels) * (width / 2) + column;
            /* The next panel's, which is far away. */
            __builtin_prefetch(at + job->b_panel, 0, 2);
            if (rows_of(panels) == 1) {
                __builtin_prefetch(at + job->b_panel + width / 2, 0, 2);
            }
            unit *put = to + (paired ? p / 2 : p) * width + column;
            const float *own = of_rows ? scales + q + p : NULL;
            if (p + step <= end) {
                widen_rows(panels, paired, put, width, at, step, scale0, scale1, own);
            } else {
                widen_rows(panels, paired, put, width, at, (int)(end - p), scale0, scale1, own);
            }
        }
    }
}

/* n rows of a panel from its row p on. */
static inline INLINED void widen(
    const struct candor_cpu_product *job,
    const int paired,
    unit *to,
    const unit *b,
    const float *scales,
    int64_t panel,
    int64_t p,
    int64_t n) {
    const unit *codes = b + (job->first_panel + panel) * job->b_panel;
    const float *own = scales ? scales + (job->first_panel + panel) / job->sharing * job->scale_stride : NULL;
    const int64_t q = job->first_row + p;
    for (int column = 0; column < job->width / 2; column += LANES) {
        switch (job->panels) {
        case CANDOR_CPU_BF16_PANELS:
            widen_columns(job, CANDOR_CPU_BF16_PANELS, paired, to, codes, own, q, n, column);
            break;
        case CANDOR_CPU_NF4_PANELS:
            widen_columns(job, CANDOR_CPU_NF4_PANELS, paired, to, codes, own, q, n, column);
            break;
        case CANDOR_CPU_INT8_PANELS:
            widen_columns(job, CANDOR_CPU_INT8_PANELS, paired, to, codes, own, q, n, column);
            break;
        default:
            widen_columns(job, CANDOR_CPU_FP8_PANELS, paired, to, codes, own, q, n, column);
        }
    }
}
