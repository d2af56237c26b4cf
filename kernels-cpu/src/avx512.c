/* AVX-512. */
#include "lanes512.h"

#define FUSED(a, b, c) _mm512_fmadd_ps(a, b, c)
#define MULTIPLY_ADD(a, b, c) FUSED((__m512)(a), (__m512)(b), c)

/* Where the first is not a number, the second. */
#define GREATER(a, b) _mm512_max_ps(a, b)
#define GREATEST(v) _mm512_reduce_max_ps(v)
#define ANY(v) (_mm512_test_epi32_mask((__m512i)(v), (__m512i)(v)) != 0)

#include "floats.h"
#include "rows.h"

const struct kernels candor_cpu_avx512 = {
    .multiply = {multiply_exact, multiply_rounded, 0},
    .pack_floats = pack_panel,
    .exponentials = exponentials,
    .gradients = gradients,
    .dot = dot,
    .scaled = scaled,
};
