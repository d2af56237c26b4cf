/* AVX-512 with VDPBF16PS: pairs of bf16. What is smaller than the least normal number counts as zero there. */
#include "lanes512.h"

#define MULTIPLY_ADD(a, b, c) _mm512_dpbf16_ps(c, (__m512bh)(b), (__m512bh)(a))

#include "pairs512.h"
#include "vectors.h"

static void multiply_bf16(
    const struct candor_cpu_product *job, struct scratch *s, const unit *b, const unit *b2, const float *scales) {
    multiply_pairs(job, s, b, b2, scales, 1);
}

const struct kernels candor_cpu_avx512bf16 = {.multiply = {0, 0, multiply_bf16}, .pack_pairs = pack_pairs};
