/* NEON with BFMMLA: 2 by 2 sums of products of 4 bf16, two pairs, each. BFDOT would read panels of pairs as they are, but does half as much;
 * two rows of a panel become the right operands of BFMMLA by four zips, which all rows of a tile share. */
#include "lanes128.h"
#include "pairs128.h"

/* Of a tile: 4 · 4 registers of sums, 4 of B before their zips and 4 after, 4 of A. */
enum { TALL = 8 };

/* Two rows of A are side by side, two units of the one and two of the other: so a left operand is. The copy is the same along and
 * across. A row without a partner has what was there before, which comes into no sum of its own. */
static inline ptrdiff_t place_pairs(int across, int64_t padded, int64_t r, int64_t p) {
    (void)across;
    return (p / PIECE * padded + r) * ROW;
}

/* 4 units of a row from p on, a multiple of 4. */
static inline void put_pairs(unit *to, int64_t padded, int64_t r, int64_t p, uint32x4_t v) {
    unit *at = to + place_pairs(0, padded, r / 2 * 2, p) + p % PIECE * 2 + r % 2 * 2;
    vst1_u32(at, vget_low_u32(v));
    vst1_u32(at + 4, vget_high_u32(v));
}

static void copy_along_pairs(
    unit *to, const float *from, int64_t row, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    (void)rounded;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t p = 0; p < depth; p += 8) {
            const float *at = from + r * row + p;
            put_pairs(to, padded, r, p / 2, neighbouring(some_floats(at, depth - p), some_floats(at + 4, depth - p - 4)));
        }
    }
}

static void copy_across_pairs(
    unit *to, const float *from, int64_t col, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    (void)rounded;
    for (int64_t p = 0; p < depth; p += 8) {
        for (int64_t r = 0; r < rows; r += 4) {
            uint32x4_t v[8];
            for (int i = 0; i < 8; i++) {
                v[i] = vreinterpretq_u32_f32(some_floats(from + (p + i) * col + r, p + i < depth ? rows - r : 0));
            }
            transpose(v);
            transpose(v + 4);
            for (int i = 0; i < 4 && i < rows - r; i++) {
                put_pairs(
                    to, padded, r + i, p / 2, neighbouring(vreinterpretq_f32_u32(v[i]), vreinterpretq_f32_u32(v[4 + i])));
            }
        }
    }
}

/* Tiles of about the same height, which is even but for the last. */
static inline int height_pairs(int across, int rows) {
    (void)across;
    const int count = (rows + TALL - 1) / TALL;
    return least(((rows + count - 1) / count + 1) / 2 * 2, rows);
}

static inline int fits_pairs(int all, int rows, int columns) {
    (void)all;
    (void)rows;
    return columns == 2 * LANES;
}

/* Two units of the depth: x and y are rows of B. */
static inline INLINED void step(
    float32x4_t (*sums)[4], const int rows, const unit *a, uint32x4_t x0, uint32x4_t x1, uint32x4_t y0, uint32x4_t y1) {
    const bfloat16x8_t b0 = vreinterpretq_bf16_u32(vzip1q_u32(x0, y0));
    const bfloat16x8_t b1 = vreinterpretq_bf16_u32(vzip2q_u32(x0, y0));
    const bfloat16x8_t b2 = vreinterpretq_bf16_u32(vzip1q_u32(x1, y1));
    const bfloat16x8_t b3 = vreinterpretq_bf16_u32(vzip2q_u32(x1, y1));
    UNROLLED
    for (int i = 0; i < (rows + 1) / 2; i++) {
        const bfloat16x8_t x = vreinterpretq_bf16_u32(vld1q_u32(a + i * 2 * ROW));
        sums[i][0] = vbfmmlaq_f32(sums[i][0], x, b0);
        sums[i][1] = vbfmmlaq_f32(sums[i][1], x, b1);
        sums[i][2] = vbfmmlaq_f32(sums[i][2], x, b2);
        sums[i][3] = vbfmmlaq_f32(sums[i][3], x, b3);
    }
}

static inline INLINED void add(
    float32x4_t (*sums)[4], const int rows, const unit *a, const unit *b, const ptrdiff_t width, const int k) {
    int p = 0;
    for (; p + 1 < k; p += 2, b += 2 * width) {
        step(sums, rows, a + 2 * p, vld1q_u32(b), vld1q_u32(b + 4), vld1q_u32(b + width), vld1q_u32(b + width + 4));
    }
    if (p < k) { /* A's copy has zeros here, too */
        step(sums, rows, a + 2 * p, vld1q_u32(b), vld1q_u32(b + 4), vdupq_n_u32(0), vdupq_n_u32(0));
    }
}

/* Halves of two rows, as BFMMLA has sums: and back. */
static inline float32x4_t lower_halves(float32x4_t x, float32x4_t y) {
    return vcombine_f32(vget_low_f32(x), vget_low_f32(y));
}

static inline float32x4_t upper_halves(float32x4_t x, float32x4_t y) {
    return vcombine_f32(vget_high_f32(x), vget_high_f32(y));
}

static inline INLINED void compute(const struct tile *t, const int rows) {
    float32x4_t sums[TALL / 2][4];
    UNROLLED
    for (int i = 0; i < (rows + 1) / 2; i++) {
        UNROLLED
        for (int j = 0; j < 2; j++) {
            float32x4_t x = ZERO();
            float32x4_t y = ZERO();
            if (t->init) {
                x = LOAD(t->init + 2 * i * t->init_row + 4 * j);
                if (2 * i + 1 < rows) {
                    y = LOAD(t->init + (2 * i + 1) * t->init_row + 4 * j);
                }
            }
            sums[i][2 * j] = lower_halves(x, y);
            sums[i][2 * j + 1] = upper_halves(x, y);
        }
    }
    add(sums, rows, t->a, t->b, t->width, t->k);
    const unit *a2 = t->a2;
    for (int p = 0; p < t->k2; p += PIECE, a2 += t->a2_piece) {
        add(sums, rows, a2, t->b2 + p * t->width, t->width, least(PIECE, t->k2 - p));
    }
    UNROLLED
    for (int i = 0; i < (rows + 1) / 2; i++) {
        UNROLLED
        for (int j = 0; j < 2; j++) {
            STORE(t->c + 2 * i * t->c_row + 4 * j, lower_halves(sums[i][2 * j], sums[i][2 * j + 1]));
            if (2 * i + 1 < rows) {
                STORE(t->c + (2 * i + 1) * t->c_row + 4 * j, upper_halves(sums[i][2 * j], sums[i][2 * j + 1]));
            }
        }
    }
}

#define TILE(rows)                                   \
    static void tile##rows(const struct tile *t) {   \
        compute(t, rows);                            \
    }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8)
#undef TILE

static inline void run_pairs(const struct tile *t, int rows, int columns, int across) {
    static void (*const tiles[])(const struct tile *) = {
        tile1, tile2, tile3, tile4, tile5, tile6, tile7, tile8,
    };
    (void)columns;
    (void)across;
    tiles[rows - 1](t);
}

#include "product.h"

static void multiply_bf16(
    const struct candor_cpu_product *job, struct scratch *s, const unit *b, const unit *b2, const float *scales) {
    multiply_pairs(job, s, b, b2, scales, 1);
}

const struct kernels candor_cpu_neonbf16 = {.multiply = {0, 0, multiply_bf16}, .pack_pairs = pack_pairs};
