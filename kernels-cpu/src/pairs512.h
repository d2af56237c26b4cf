/* Floats to pairs of bf16, by AVX-512's own instructions; after lanes512.h, before tiles. */
/* Word i of a vector of pairs: of the lower half of 32 words where it is even, else of the upper half. */
static inline __m512i interleaving(void) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_or_si512(lanes, _mm512_slli_epi32(_mm512_add_epi32(lanes, _mm512_set1_epi32(16)), 16));
}

/* Of two rows of floats. */
static inline __m512i interleaved(__m512 x, __m512 y) {
    return _mm512_permutexvar_epi16(interleaving(), (__m512i)_mm512_cvtne2ps_pbh(y, x));
}

#define PAIRS_OF(x, y) (ints) interleaved((__m512)(x), (__m512)(y))

#include "widen.h"

static inline __mmask16 first_of(int64_t n) {
    return (__mmask16)(n >= 16 ? 0xffff : (1u << n) - 1);
}

/* The first n of 16 floats, the rest zeros. */
static inline __m512 some_floats(const float *from, int64_t n) {
    return n > 0 ? _mm512_maskz_loadu_ps(first_of(n), from) : ZERO();
}

/* n floats become half as many pairs; an odd one gets a zero. */
static inline void copy_row(unit *to, const float *from, int64_t n) {
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        _mm512_storeu_si512(to + i / 2, (__m512i)_mm512_cvtne2ps_pbh(LOAD(from + i + 16), LOAD(from + i)));
    }
    if (i < n) {
        const __m512bh both = _mm512_cvtne2ps_pbh(some_floats(from + i + 16, n - i - 16), some_floats(from + i, n - i));
        _mm512_mask_storeu_epi32(to + i / 2, first_of((n - i + 1) / 2), (__m512i)both);
    }
}

/* Two vectors of 16 bits, each in the lower half of an int, become one of pairs. */
static inline __m512i joined(__m256i low, __m256i high) {
    return _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
}

static inline __m512i paired(__m512 low, __m512 high) {
    return joined((__m256i)_mm512_cvtneps_pbh(low), (__m256i)_mm512_cvtneps_pbh(high));
}

static inline void copy_across(unit *to, const float *lower, const float *upper, int n) {
    _mm512_storeu_si512(to, paired(some_floats(lower, n), some_floats(upper, upper ? n : 0)));
}

/* Rows become columns, of 16 by 16 ints: by twos, fours, eights. */
static inline void transpose(__m512i *v) {
    __m512i t[16];
    UNROLLED
    for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    UNROLLED
    for (int i = 0; i < 4; i++) {
        v[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        v[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        v[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        v[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    UNROLLED
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(v[i], v[4 + i], 0x88);
        t[4 + i] = _mm512_shuffle_i32x4(v[i], v[4 + i], 0xdd);
        t[8 + i] = _mm512_shuffle_i32x4(v[8 + i], v[12 + i], 0x88);
        t[12 + i] = _mm512_shuffle_i32x4(v[8 + i], v[12 + i], 0xdd);
    }
    UNROLLED
    for (int i = 0; i < 4; i++) {
        v[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
        v[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xdd);
        v[4 + i] = _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0x88);
        v[12 + i] = _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0xdd);
    }
}

/* 32 neighbours from element `at` on, of which n are there, as 16 pairs. */
static inline __m512i neighbours(const struct packing *job, int64_t at, int64_t n) {
    if (job->bf16) {
        const __mmask32 mask = (__mmask32)(n >= 32 ? 0xffffffff : (1u << n) - 1);
        return _mm512_maskz_loadu_epi16(mask, (const uint16_t *)job->from + at);
    }
    const float *from = (const float *)job->from + at;
    const __m512 scale = _mm512_set1_ps(job->scale);
    const __m512 low = _mm512_mul_ps(some_floats(from, n), scale);
    const __m512 high = _mm512_mul_ps(some_floats(from + 16, n - 16), scale);
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* 16 rows of a panel, of columns that are rows of the matrix. */
static void pack_across(const struct packing *job, unit *to, int64_t p, int column) {
    __m512i v[16];
    for (int j = 0; j < 16; j++) {
        const int row = column + j;
        v[j] = row < job->cols ? neighbours(job, row * job->stride + p, job->depth - p) : _mm512_setzero_si512();
    }
    transpose(v);
    const int64_t rows = (job->depth - p + 1) / 2;
    for (int i = 0; i < 16 && i < rows; i++) {
        _mm512_storeu_si512(to + (p / 2 + i) * job->width + column, v[i]);
    }
}

static inline __m256i halves(const struct packing *job, int64_t at, int64_t n) {
    if (job->bf16) {
        return _mm256_maskz_loadu_epi16(first_of(n), (const uint16_t *)job->from + at);
    }
    const __m512 values = some_floats((const float *)job->from + at, n);
    return (__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(values, _mm512_set1_ps(job->scale)));
}

/* Whole panels of 32 columns, row p of which is the matrix's. */
static void pack_whole_floats(unit *to, const float *from, int64_t stride, int64_t depth, float by) {
    const __m512i order = interleaving();
    const __m512 scale = _mm512_set1_ps(by);
    for (int64_t p = 0; p + 1 < depth; p += 2, from += 2 * stride, to += 32) {
        const __m512i first = (__m512i)_mm512_cvtne2ps_pbh(
            _mm512_mul_ps(LOAD(from + stride), scale), _mm512_mul_ps(LOAD(from), scale));
        const __m512i second = (__m512i)_mm512_cvtne2ps_pbh(
            _mm512_mul_ps(LOAD(from + stride + 16), scale), _mm512_mul_ps(LOAD(from + 16), scale));
        _mm512_storeu_si512(to, _mm512_permutexvar_epi16(order, first));
        _mm512_storeu_si512(to + 16, _mm512_permutexvar_epi16(order, second));
    }
}

static void pack_whole_bf16(unit *to, const uint16_t *from, int64_t stride, int64_t depth) {
    /* Words 0 to 15 of either row, then 16 to 31; an index's bit 5 says whose. */
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i lower = _mm512_or_si512(lanes, _mm512_slli_epi32(_mm512_add_epi32(lanes, _mm512_set1_epi32(32)), 16));
    const __m512i upper = _mm512_add_epi16(lower, _mm512_set1_epi16(16));
    for (int64_t p = 0; p + 1 < depth; p += 2, from += 2 * stride, to += 32) {
        const __m512i low = _mm512_loadu_si512(from);
        const __m512i high = _mm512_loadu_si512(from + stride);
        _mm512_storeu_si512(to, _mm512_permutex2var_epi16(low, lower, high));
        _mm512_storeu_si512(to + 16, _mm512_permutex2var_epi16(low, upper, high));
    }
}

static void pack_pairs(const struct packing *job, unit *to) {
    if (job->across) {
        for (int column = 0; column < job->width; column += 16) {
            for (int64_t p = 0; p < job->depth; p += 32) {
                pack_across(job, to, p, column);
            }
        }
        return;
    }
    int64_t p = 0;
    if (job->cols == 32 && job->width == 32) {
        if (job->bf16) {
            pack_whole_bf16(to, job->from, job->stride, job->depth);
        } else {
            pack_whole_floats(to, job->from, job->stride, job->depth, job->scale);
        }
        p = job->depth / 2 * 2;
    }
    for (; p < job->depth; p += 2) {
        for (int column = 0; column < job->width; column += 16) {
            const int n = job->cols > column ? least(16, job->cols - column) : 0;
            const int64_t at = p * job->stride + column;
            const __m256i low = n ? halves(job, at, n) : _mm256_setzero_si256();
            const __m256i high = n && p + 1 < job->depth ? halves(job, at + job->stride, n) : _mm256_setzero_si256();
            _mm512_storeu_si512(to + p / 2 * job->width + column, joined(low, high));
        }
    }
}

/* As above, a piece of a matrix of floats. */
static void pack_piece(
    unit *to, const void *from, int bf16, int64_t stride, int32_t depth, int32_t cols, int32_t width) {
    const struct packing packing = {from, stride, bf16, 0, depth, cols, width, 1};
    pack_pairs(&packing, to);
}

#define PAIRED 1
#define NAME(x) x##_pairs
#define COPY_ROW(to, from, n, rounded) ((void)(rounded), copy_row(to, from, n))
#define COPY_ACROSS(to, lower, upper, n, rounded) ((void)(rounded), copy_across(to, lower, upper, n))
#define PACK(to, from, bf16, stride, depth, cols, width, rounded) \
    ((void)(rounded), pack_piece(to, from, bf16, stride, depth, cols, (int32_t)(width)))
#define WIDEN(job, to, b, scales, panel, p, n) widen(job, 1, to, b, scales, panel, p, n)
