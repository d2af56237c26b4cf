/* Floats to pairs of bf16, by NEON's BFCVTN; after lanes128.h, before tiles. */
#include "widen.h"

/* The first n of 4 floats, the rest zeros. */
static inline float32x4_t some_floats(const float *from, int64_t n) {
    if (n >= 4) {
        return LOAD(from);
    }
    float some[4] = {0};
    for (int64_t i = 0; i < n; i++) {
        some[i] = from[i];
    }
    return LOAD(some);
}

static inline uint16x4_t some_bf16(const uint16_t *from, int64_t n) {
    if (n >= 4) {
        return vld1_u16(from);
    }
    uint16_t some[4] = {0};
    for (int64_t i = 0; i < n; i++) {
        some[i] = from[i];
    }
    return vld1_u16(some);
}

static inline uint16x4_t to_halves(float32x4_t v) {
    return vreinterpret_u16_bf16(vcvt_bf16_f32(v));
}

/* 8 neighbours as 4 pairs. */
static inline uint32x4_t neighbouring(float32x4_t low, float32x4_t high) {
    return vreinterpretq_u32_u16(vcombine_u16(to_halves(low), to_halves(high)));
}

/* Rows become columns. */
static inline void transpose(uint32x4_t *v) {
    const uint32x4_t t0 = vtrn1q_u32(v[0], v[1]);
    const uint32x4_t t1 = vtrn2q_u32(v[0], v[1]);
    const uint32x4_t t2 = vtrn1q_u32(v[2], v[3]);
    const uint32x4_t t3 = vtrn2q_u32(v[2], v[3]);
    v[0] = vcombine_u32(vget_low_u32(t0), vget_low_u32(t2));
    v[1] = vcombine_u32(vget_low_u32(t1), vget_low_u32(t3));
    v[2] = vcombine_u32(vget_high_u32(t0), vget_high_u32(t2));
    v[3] = vcombine_u32(vget_high_u32(t1), vget_high_u32(t3));
}

/* 4 neighbours from element `at` on, of which n are there. */
static inline uint16x4_t halves(const struct packing *job, int64_t at, int64_t n) {
    if (job->bf16) {
        return some_bf16((const uint16_t *)job->from + at, n);
    }
    return to_halves(vmulq_n_f32(some_floats((const float *)job->from + at, n), job->scale));
}

static void pack_pairs(const struct packing *job, unit *to) {
    for (int column = 0; column < job->width; column += 4) {
        if (!job->across) {
            const int n = job->cols - column;
            for (int64_t p = 0; p < job->depth; p += 2) {
                const int64_t at = p * job->stride + column;
                const uint16x4_t low = halves(job, at, n);
                const uint16x4_t high = halves(job, at + job->stride, p + 1 < job->depth ? n : 0);
                vst1q_u16((uint16_t *)(to + p / 2 * job->width + column), vcombine_u16(vzip1_u16(low, high), vzip2_u16(low, high)));
            }
            continue;
        }
        for (int64_t p = 0; p < job->depth; p += 8) {
            uint32x4_t v[4];
            for (int j = 0; j < 4; j++) {
                const int row = column + j;
                const int64_t n = row < job->cols ? job->depth - p : 0;
                const int64_t at = row * job->stride + p;
                v[j] = vreinterpretq_u32_u16(vcombine_u16(halves(job, at, n), halves(job, at + 4, n - 4)));
            }
            transpose(v);
            const int64_t rows = (job->depth - p + 1) / 2;
            for (int i = 0; i < 4 && i < rows; i++) {
                vst1q_u32(to + (p / 2 + i) * job->width + column, v[i]);
            }
        }
    }
}

/* As above, a piece of a matrix. */
static void pack_piece(
    unit *to, const void *from, int bf16, int64_t stride, int32_t depth, int32_t cols, int32_t width) {
    const struct packing packing = {from, stride, bf16, 0, depth, cols, width, 1};
    pack_pairs(&packing, to);
}

#define PAIRED 1
#define NAME(x) x##_pairs
#define PACK(to, from, bf16, stride, depth, cols, width, rounded) \
    ((void)(rounded), pack_piece(to, from, bf16, stride, depth, cols, (int32_t)(width)))
#define WIDEN(job, to, b, scales, panel, p, n) widen(job, 1, to, b, scales, panel, p, n)
