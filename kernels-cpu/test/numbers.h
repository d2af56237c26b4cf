/* Plain models of what kernels compute, number by number. */
#ifndef CANDOR_CPU_TEST_NUMBERS_H
#define CANDOR_CPU_TEST_NUMBERS_H

#include <stdint.h>

/* Random numbers: the same in every run. */
void seed(uint64_t value);
uint32_t random_bits(void);
int random_below(int n);
/* In [−1, 1). */
float random_float(void);

uint32_t bits_of_float(float x);
float float_of_bits(uint32_t bits);

/* To bf16, ties to even. */
float rounded(float x);

/* Zero in place of what is smaller than the least normal number. */
float flushed(float x);

/* How an element's sum goes on. */
enum chain {
    CHAIN_FMA,   /* floats, a fused multiply-add each */
    CHAIN_VDP,   /* pairs, VDPBF16PS */
    CHAIN_TDP,   /* pairs, TDPBF16PS over 16 of them */
    CHAIN_BFMMLA, /* pairs, BFMMLA */
    CHAINS
};

/* sums (cols) += a (depth) · b (depth, cols), rows of b `stride` apart. */
void chain(enum chain kind, float *sums, const float *a, const float *b, int64_t stride, int depth, int cols);

#endif
