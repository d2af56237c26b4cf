/* Products in floats, and in floats that are rounded to bf16 first; what vectors.h and widen.h want of vectors comes before. */
#include "widen.h"

/* To bf16, ties to even; what is not a number stays so. */
static inline ints rounded_floats(ints bits) {
    const ints whole = (bits + 0x7fff + ((bits >> 16) & 1)) & (int32_t)0xffff0000;
    const ints nan = (bits & 0x7fffffff) > 0x7f800000;
    return (nan & (bits | 0x400000) & (int32_t)0xffff0000) | (~nan & whole);
}

static inline unit rounded_float(unit bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) {
        return (bits | 0x400000) & 0xffff0000;
    }
    return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
}

/* n neighbours. */
static inline INLINED void copy_floats(unit *to, const float *from, int64_t n, const int rounded) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const ints bits = ints_at(from + i);
        put_ints(to + i, rounded ? rounded_floats(bits) : bits);
    }
    for (; i < n; i++) {
        unit bits;
        memcpy(&bits, from + i, sizeof bits);
        to[i] = rounded ? rounded_float(bits) : bits;
    }
}

/* bf16 is the upper half of a float. */
static inline void copy_bf16(unit *to, const uint16_t *from, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        to[i] = (unit)from[i] << 16;
    }
}

static inline INLINED void pack_floats(
    unit *to, const void *from, int bf16, int64_t stride, int64_t depth, int cols, int64_t width, const int rounded) {
    for (int64_t p = 0; p < depth; p++) {
        if (bf16) {
            copy_bf16(to + p * width, (const uint16_t *)from + p * stride, cols);
        } else {
            copy_floats(to + p * width, (const float *)from + p * stride, cols, rounded);
        }
        memset(to + p * width + cols, 0, (size_t)(width - cols) * sizeof *to);
    }
}

#define PAIRED 0
#define NAME(x) x##_floats
#define COPY_ROW(to, from, n, rounded) copy_floats(to, from, n, rounded)
#define COPY_ACROSS(to, from, none, n, rounded) ((void)(none), copy_floats(to, from, n, rounded))
#define PACK(to, from, bf16, stride, depth, cols, width, rounded) \
    pack_floats(to, from, bf16, stride, depth, cols, width, rounded)
#define WIDEN(job, to, b, scales, panel, p, n) widen(job, 0, to, b, scales, panel, p, n)
#include "vectors.h"

/* A panel of floats. */
static void pack_panel(const struct packing *job, unit *to, int rounded) {
    const float *from = job->from;
    if (!job->across) {
        pack_floats(to, from, 0, job->stride, job->depth, job->cols, job->width, rounded);
        return;
    }
    for (int64_t p = 0; p < job->depth; p++) {
        for (int32_t j = 0; j < job->width; j++) {
            unit bits = 0;
            if (j < job->cols) {
                memcpy(&bits, from + j * job->stride + p, sizeof bits);
            }
            to[p * job->width + j] = rounded ? rounded_float(bits) : bits;
        }
    }
}

static void multiply_exact(
    const struct candor_cpu_product *job, struct scratch *s, const unit *b, const unit *b2, const float *scales) {
    multiply_floats(job, s, b, b2, scales, 0);
}

static void multiply_rounded(
    const struct candor_cpu_product *job, struct scratch *s, const unit *b, const unit *b2, const float *scales) {
    multiply_floats(job, s, b, b2, scales, 1);
}
