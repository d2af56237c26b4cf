/* AVX2 and FMA. */
#include <immintrin.h>

#include "kernels.h"

typedef __m256 vector;
typedef __m256i units;

#define LANES 8
#define TALLEST 6
#define LOAD(from) _mm256_loadu_ps(from)
#define STORE(to, v) _mm256_storeu_ps(to, v)
#define ZERO() _mm256_setzero_ps()
#define LOAD_UNITS(from) _mm256_loadu_si256((const __m256i *)(from))
#define SPREAD(x) _mm256_set1_epi32((int)(x))
#define FUSED(a, b, c) _mm256_fmadd_ps(a, b, c)
#define MULTIPLY_ADD(a, b, c) FUSED((__m256)(a), (__m256)(b), c)

/* From two halves of the table, by the index's lower bits; its fourth says which. */
static inline __m256i lookup(__m256i index, const float *table) {
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), index);
    return (__m256i)_mm256_blendv_ps(low, high, (__m256)_mm256_slli_epi32(index, 28));
}

#define LOOKUP(index, table) (ints) lookup((__m256i)(index), table)

/* Where the first is not a number, the second. */
#define GREATER(a, b) _mm256_max_ps(a, b)
#define ANY(v) (!_mm256_testz_si256((__m256i)(v), (__m256i)(v)))

static inline float greatest(__m256 v) {
    __m128 w = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    w = _mm_max_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(_mm_max_ss(w, _mm_movehdup_ps(w)));
}

#define GREATEST(v) greatest(v)

#include "floats.h"
#include "rows.h"

const struct kernels candor_cpu_avx2 = {
    .multiply = {multiply_exact, multiply_rounded, 0},
    .pack_floats = pack_panel,
    .exponentials = exponentials,
    .gradients = gradients,
    .dot = dot,
    .scaled = scaled,
};
