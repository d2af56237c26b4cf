/* A piece of a panel of B that is kept in fewer bits, as floats or as pairs: the weight's own values, bit by bit, which are those
 * of candor.ops.cpu.PackedPanels: code times scale in float32, rounded to bf16.
 *
 * Before it, define LANES and LOOKUP(index, table), which takes entries of a table of 16 floats, as bits, by a vector of indices.
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

/* bitsandbytes' NormalFloat table (Dettmers et al. 2023, appendix E). */
static const float nf4_table[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
    -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

/* What the codes in the `bits` from `shift` on stand for, as bits of bf16 in the upper half. */
static inline INLINED ints decoded(const int panels, ints codes, const int shift, floats scale) {
    switch (panels) {
    case CANDOR_CPU_NF4_PANELS:
        return to_bf16((floats)LOOKUP((codes >> shift) & 15, nf4_table) * scale);
    case CANDOR_CPU_INT8_PANELS:
        return to_bf16(__builtin_convertvector((codes << (24 - shift)) >> 24, floats) * scale);
    case CANDOR_CPU_FP8_PANELS: {
        const ints code = codes >> shift;
        const ints bits = (code & 0x80) << 24 | (code & 0x7f) << 20;
        return to_bf16((floats)bits * 0x1p120f * scale); /* the difference of the exponents' biases */
    }
    default: /* bf16, in one half or the other */
        return shift ? codes & (int32_t)0xffff0000 : codes << 16;
    }
}

/* Rows in an int. */
static inline INLINED int rows_of(const int panels) {
    return panels == CANDOR_CPU_NF4_PANELS ? 4 : panels == CANDOR_CPU_BF16_PANELS ? 1 : 2;
}

static inline INLINED int bits_of(const int panels) {
    return panels == CANDOR_CPU_NF4_PANELS ? 4 : panels == CANDOR_CPU_BF16_PANELS ? 16 : 8;
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
    const int half = job->width / 2;
    const int group = rows_of(panels);
    const int bits = bits_of(panels);
    ints low[2] = {{0}};
    ints high[2] = {{0}};
    for (int64_t p = 0; p < n; p += group) {
        const ints v = ints_at(codes + (q + p) / group * half + column);
        UNROLLED
        for (int g = 0; g < group; g++) {
            if (p + g >= n) {
                break; /* there need be no scale */
            }
            floats s0 = {0};
            floats s1 = {0};
            if (panels != CANDOR_CPU_BF16_PANELS) {
                if (job->across) {
                    const float *at = scales + (q + p) / job->across * job->width + column;
                    s0 = floats_at(at);
                    s1 = floats_at(at + half);
                } else {
                    s0 = s0 + scales[q + p + g];
                    s1 = s0;
                }
            }
            const ints l = decoded(panels, v, 2 * g * bits, s0);
            const ints h = decoded(panels, v, (2 * g + 1) * bits, s1);
            if (!paired) {
                put_ints(to + (p + g) * job->width + column, l);
                put_ints(to + (p + g) * job->width + half + column, h);
                continue;
            }
            low[(p + g) % 2] = l;
            high[(p + g) % 2] = h;
            if ((p + g) % 2 || p + g + 1 == n) {
                const ints none = {0};
                const int whole = (p + g) % 2;
                unit *at = to + (p + g) / 2 * job->width + column;
                put_ints(at, ((low[0] >> 16) & 0xffff) | (whole ? low[1] : none));
                put_ints(at + half, ((high[0] >> 16) & 0xffff) | (whole ? high[1] : none));
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
