/* AVX-512. */
#include "lanes512.h"

#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps((__m512)(a), (__m512)(b), c)

#include "floats.h"

const struct kernels candor_cpu_avx512 = {.multiply = {multiply_exact, multiply_rounded, 0}};
