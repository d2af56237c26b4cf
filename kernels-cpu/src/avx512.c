/* AVX-512. */
#include "lanes512.h"

#define FUSED(a, b, c) _mm512_fmadd_ps(a, b, c)
#define MULTIPLY_ADD(a, b, c) FUSED((__m512)(a), (__m512)(b), c)

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
