#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct packing_case {
    int kind;
    int bf16;
    int across;
    int depth;
    int cols;
    int width;
    int gap;
    float scale;
    int begin;
};

/* What a bf16 of this float is: x86's conversions take and give zeros for subnormal numbers, ARM's do not. */
static uint32_t converted(int kind, float x, float scale) {
    const float y = x * scale;
    return bits_of_float(kind >= CANDOR_CPU_NEON ? rounded(y) : flushed(rounded(flushed(y)))) >> 16;
}

static int is_nan_of_bf16(uint32_t bits) {
    return (bits & 0x7fff) > 0x7f80;
}

static void check(struct tally *tally, const struct packing_case *k) {
    const int rows = k->across ? k->cols : k->depth;
    const int cols = k->across ? k->depth : k->cols;
    const int64_t stride = cols + k->gap;
    const size_t elements = (size_t)((rows - 1) * stride + cols);
    struct memory from = memory_new(elements * (k->bf16 ? 2 : 4), !k->begin);
    const int at = k->gap * 3;
    const int units = (k->depth + 1) / 2 * k->width;
    struct memory to = memory_new((size_t)(at + units) * 4, !k->begin);
    memset(to.at, 0xa5, to.bytes);
    memset(from.at, 0xff, from.bytes);
    static const float special[] = {INFINITY, -INFINITY, NAN, 0x1p-130f, -0.0f, 3.4e38f, 1.00390625f, 1.01171875f};
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < cols; c++) {
            const float x = random_below(20) ? random_float() : special[random_below(8)];
            if (k->bf16) {
                ((uint16_t *)from.at)[r * stride + c] = (uint16_t)(bits_of_float(x) >> 16);
            } else {
                ((float *)from.at)[r * stride + c] = x;
            }
        }
    }
    candor_cpu_pack_pairs(k->kind, to.at, at, from.at, stride, k->bf16, k->across, k->depth, k->cols, k->width, k->scale);
    const uint32_t *got = to.at;
    int right = memory_is_clean(&to);
    for (int i = 0; i < at; i++) {
        right &= got[i] == 0xa5a5a5a5;
    }
    for (int p = 0; p < (k->depth + 1) / 2 * 2; p++) {
        for (int j = 0; j < k->width; j++) {
            uint32_t expected = 0;
            if (p < k->depth && j < k->cols) {
                const int64_t element = k->across ? j * stride + p : p * stride + j;
                expected = k->bf16 ? ((uint16_t *)from.at)[element]
                                   : converted(k->kind, ((float *)from.at)[element], k->scale);
            }
            const uint32_t half = got[at + p / 2 * k->width + j] >> p % 2 * 16 & 0xffff;
            if (k->bf16 || !is_nan_of_bf16(expected) ? half != expected : !is_nan_of_bf16(half)) {
                if (right) {
                    printf("WRONG panel of pairs: row %d, column %d: %04x, expected %04x\n", p, j, half, expected);
                }
                right = 0;
            }
        }
    }
    if (!right) {
        printf("  %s: bf16 %d, across %d, depth %d, cols %d of %d, gap %d, scale %g\n", name_of_kind(k->kind), k->bf16, k->across,
               k->depth, k->cols, k->width, k->gap, (double)k->scale);
    }
    count(tally, right);
    memory_free(&from);
    memory_free(&to);
}

void test_packing(int kind, struct tally *tally) {
    static const int depths[] = {1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 100};
    if (!candor_cpu_has(kind, CANDOR_CPU_PAIRS)) {
        return;
    }
    int i = 0;
    for (int width = width_of_kind(kind); width <= 32; width *= 2) {
        for (int d = 0; d < 13; d++) {
            for (int cols = 1; cols <= width; cols++) {
                for (int form = 0; form < 4; form++) {
                    if (i++ % one_of) {
                        continue;
                    }
                    const struct packing_case k = {
                        kind, form & 1, form >> 1, depths[d], cols, width, i % 3, i % 5 ? 1 : 0.3f, i % 2,
                    };
                    check(tally, &k);
                }
            }
        }
    }
}
