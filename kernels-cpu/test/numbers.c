#include "numbers.h"

#include <float.h>
#include <math.h>
#include <string.h>

static uint64_t state;

void seed(uint64_t value) {
    state = value;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint32_t random_bits(void) {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

int random_below(int n) {
    return (int)((uint64_t)random_bits() * (uint64_t)n >> 32);
}

float random_float(void) {
    return (float)((int32_t)random_bits() >> 7) * 0x1p-24f;
}

uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float rounded(float x) {
    const uint32_t bits = bits_of_float(x);
    if (isnan(x)) {
        return float_of_bits((bits | 0x400000) & 0xffff0000);
    }
    const uint32_t rest = bits & 0xffff;
    const uint32_t down = bits - rest;
    const int up = rest > 0x8000 || (rest == 0x8000 && (down & 0x10000));
    return float_of_bits(down + (up ? 0x10000 : 0));
}

float flushed(float x) {
    return fabsf(x) < FLT_MIN ? copysignf(0, x) : x;
}

/* Intel SDM, VDPBF16PS: the upper elements' product is added first, then the lower one's, each by a fused multiply-add to nearest even
 * that takes and gives zeros for subnormal numbers. */
static float vdp(float sum, float a0, float a1, float b0, float b1) {
    sum = flushed(fmaf(flushed(a1), flushed(b1), flushed(sum)));
    return flushed(fmaf(flushed(a0), flushed(b0), sum));
}

/* x + y, to odd: what is inexact gets an odd last bit. Arm ARM, FPRoundBF: subnormal results become zeros. */
static float add_to_odd(float x, float y) {
    const double sum = (double)x + (double)y;
    if (!isfinite(sum)) {
        return (float)sum;
    }
    /* The error of the sum (Knuth, TwoSum); then sum to odd, and so again to 24 bits. */
    const double part = sum - (double)x;
    const double error = ((double)x - (sum - part)) + ((double)y - part);
    int64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if (error != 0 && !(bits & 1)) {
        bits += (error > 0) == (sum > 0) ? 1 : -1;
    }
    double odd;
    memcpy(&odd, &bits, sizeof odd);
    float result = (float)odd;
    if ((double)result != odd && isfinite(result)) {
        uint32_t word = bits_of_float(result);
        word -= fabs((double)result) > fabs(odd); /* toward zero */
        result = float_of_bits(word | 1);
    }
    return flushed(result);
}

/* Arm ARM, BFDotAdd without extended bf16: products of bf16 are exact in float32 but for its range. */
static float bfdot(float sum, float a0, float a1, float b0, float b1) {
    const float low = flushed(flushed(a0) * flushed(b0));
    const float high = flushed(flushed(a1) * flushed(b1));
    return add_to_odd(flushed(sum), add_to_odd(low, high));
}

/* Intel SDM, TDPBF16PS: within an instruction lower and upper elements are two chains from zero on, whose sum is then added. The
 * last one's depth is filled up with zeros. */
static void tdp(float *sums, const float *a, const float *b, int64_t stride, int depth, int cols) {
    enum { MOST = 128 };
    for (int p = 0; p < depth; p += 32) {
        for (int begin = 0; begin < cols; begin += MOST) {
            const int n = cols - begin < MOST ? cols - begin : MOST;
            float part[2][MOST] = {{0}};
            for (int q = p; q < p + 32; q++) {
                const float x = q < depth ? flushed(a[q]) : 0;
                for (int j = 0; j < n; j++) {
                    float *to = &part[(q - p) % 2][j];
                    *to = flushed(fmaf(x, q < depth ? flushed(b[q * stride + begin + j]) : 0, *to));
                }
            }
            for (int j = 0; j < n; j++) {
                sums[begin + j] = flushed(flushed(sums[begin + j]) + flushed(part[0][j] + part[1][j]));
            }
        }
    }
}

void chain(enum chain kind, float *sums, const float *a, const float *b, int64_t stride, int depth, int cols) {
    if (kind == CHAIN_TDP) {
        tdp(sums, a, b, stride, depth, cols);
        return;
    }
    if (kind == CHAIN_FMA) {
        for (int p = 0; p < depth; p++) {
            for (int j = 0; j < cols; j++) {
                sums[j] = fmaf(a[p], b[p * stride + j], sums[j]);
            }
        }
        return;
    }
    /* BFMMLA takes two pairs: the last ones are filled up with zeros. */
    const int end = kind == CHAIN_VDP ? depth : (depth + 3) / 4 * 4;
    for (int p = 0; p < end; p += 2) {
        const float a0 = p < depth ? a[p] : 0;
        const float a1 = p + 1 < depth ? a[p + 1] : 0;
        for (int j = 0; j < cols; j++) {
            const float b0 = p < depth ? b[p * stride + j] : 0;
            const float b1 = p + 1 < depth ? b[(p + 1) * stride + j] : 0;
            sums[j] = kind == CHAIN_VDP ? vdp(sums[j], a0, a1, b0, b1) : bfdot(sums[j], a0, a1, b0, b1);
        }
    }
}
