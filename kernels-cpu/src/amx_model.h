/* AMX's tiles in plain C, for processors without: Intel SDM, volume 1, chapter 18 (palette 1), and volume 2, LDTILECFG, TILELOADD,
 * TILESTORED, TILEZERO, TDPBF16PS. What the processor would answer with a fault ends the program. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIGURE(settings) model_configure((const unsigned char *)(settings))
#define RELEASE() memset(&model, 0, sizeof model)
#define LOAD_TILE(tile, from, stride) model_load(tile, (const unsigned char *)(from), stride)
#define STORE_TILE(tile, to, stride) model_store(tile, (unsigned char *)(to), stride)
#define ZERO_TILE(tile) memset(model_tile(tile)->row, 0, sizeof model_tile(tile)->row)
#define MULTIPLY_TILES(c, a, b) model_multiply(model_tile(c), model_tile(a), model_tile(b))

struct model_tile {
    int rows; /* 0: not configured */
    int bytes;
    float row[16][16]; /* of bits: floats, or pairs of bf16 */
};

static _Thread_local struct model_tile model[8];

static void model_fault(const char *what) {
    fprintf(stderr, "AMX: %s\n", what);
    abort();
}

static struct model_tile *model_tile(int number) {
    if (number < 0 || number >= 8 || model[number].rows == 0) {
        model_fault("a tile that is not configured");
    }
    return &model[number];
}

static void model_configure(const unsigned char *from) {
    memset(&model, 0, sizeof model);
    if (from[0] != 1) {
        model_fault("another palette than 1");
    }
    for (int i = 1; i < 64; i++) { /* start_row, too, is for what was interrupted */
        const int of_a_tile = (i >= 16 && i < 32) || (i >= 48 && i < 56);
        if (!of_a_tile && from[i]) {
            model_fault("reserved settings that are not 0");
        }
    }
    for (int tile = 0; tile < 8; tile++) {
        const int bytes = from[16 + 2 * tile] | from[17 + 2 * tile] << 8;
        const int rows = from[48 + tile];
        if (bytes > 64 || rows > 16 || !bytes != !rows) {
            model_fault("a tile of more than 16 rows of 64 bytes, or of rows without bytes");
        }
        model[tile].rows = rows;
        model[tile].bytes = bytes;
    }
}

static void model_load(int number, const unsigned char *from, ptrdiff_t stride) {
    struct model_tile *tile = model_tile(number);
    memset(tile->row, 0, sizeof tile->row);
    for (int r = 0; r < tile->rows; r++) {
        memcpy(tile->row[r], from + r * stride, (size_t)tile->bytes);
    }
}

static void model_store(int number, unsigned char *to, ptrdiff_t stride) {
    const struct model_tile *tile = model_tile(number);
    for (int r = 0; r < tile->rows; r++) {
        memcpy(to + r * stride, tile->row[r], (size_t)tile->bytes);
    }
}

/* Subnormal operands are zeros, and so are subnormal results. */
static inline float model_normal(float x) {
    return fabsf(x) < FLT_MIN ? copysignf(0, x) : x;
}

static inline float model_lower(float pair) {
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    bits <<= 16;
    memcpy(&pair, &bits, sizeof bits);
    return model_normal(pair);
}

static inline float model_upper(float pair) {
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    bits &= 0xffff0000;
    memcpy(&pair, &bits, sizeof bits);
    return model_normal(pair);
}

/* TDPBF16PS: for each row, lower and upper elements are two sums from zero on, by fused multiply-adds to nearest even in the order of the
 * depth; then both are added to each other, and that to C. */
static void model_multiply(struct model_tile *c, const struct model_tile *a, const struct model_tile *b) {
    if (c == a || a == b || b == c) {
        model_fault("a tile twice in a product");
    }
    if (c->bytes % 4 || a->bytes % 4 || b->bytes % 4 || a->bytes / 4 != b->rows || c->rows != a->rows || c->bytes != b->bytes) {
        model_fault("tiles whose sizes do not go together");
    }
    for (int r = 0; r < c->rows; r++) {
        float lower[16] = {0};
        float upper[16] = {0};
        for (int p = 0; p < a->bytes / 4; p++) {
            const float x = model_lower(a->row[r][p]);
            const float y = model_upper(a->row[r][p]);
            for (int j = 0; j < 16; j++) {
                lower[j] = model_normal(fmaf(x, model_lower(b->row[p][j]), lower[j]));
                upper[j] = model_normal(fmaf(y, model_upper(b->row[p][j]), upper[j]));
            }
        }
        for (int j = 0; j < c->bytes / 4; j++) {
            c->row[r][j] = model_normal(model_normal(c->row[r][j]) + model_normal(lower[j] + upper[j]));
        }
    }
}
