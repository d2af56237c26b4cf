/* AMX: tiles of 16 by 16 sums, whose products of pairs of bf16 are TDPBF16PS; what it does not do is AVX512-BF16's. */
#include "lanes512.h"
#include "pairs512.h"

#if defined(CANDOR_CPU_EMULATE_AMX)
#include "amx_model.h"
#else
/* GCC's intrinsics do not tell the compiler that they read memory: what was written must be there before. */
#define WRITTEN(at) __asm__ volatile("" : : "r"(at) : "memory")
#define CONFIGURE(settings)          \
    do {                             \
        WRITTEN(settings);           \
        _tile_loadconfig(settings);  \
    } while (0)
#define RELEASE() _tile_release()
#define LOAD_TILE(tile, from, stride)       \
    do {                                    \
        const void *at = from;              \
        WRITTEN(at);                        \
        _tile_loadd(tile, at, stride);      \
    } while (0)
#define STORE_TILE(tile, to, stride) _tile_stored(tile, to, stride)
#define ZERO_TILE(tile) _tile_zero(tile)
#define MULTIPLY_TILES(c, a, b) _tile_dpbf16ps(c, a, b)
#endif

/* Of a tile: rows, and units of a row; also units of the depth that an instruction takes. */
enum { SIDE = 16 };

/* The tiles of the upper and the lower 16 rows of C, left and right; those of A and of B. Intrinsics want plain numbers. */
#define C00 0
#define C01 1
#define C10 2
#define C11 3
#define A0 4
#define A1 5
#define B0 6
#define B1 7

/* Intel SDM, LDTILECFG: its operand in memory. */
struct settings {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* Lower and upper rows of C's tiles: all 16, but where the product has no more rows than two tiles; none of the lower ones at first. */
static inline int upper_rows(int all) {
    return all < SIDE ? all : SIDE;
}

static inline int lower_rows(int all) {
    return all > SIDE && all < 2 * SIDE ? all - SIDE : SIDE;
}

static void configure(int all) {
    struct settings settings = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        settings.row_bytes[tile] = SIDE * sizeof(unit);
        const int lower = tile == C10 || tile == C11 || tile == A1;
        settings.rows[tile] = (uint8_t)(tile >= B0 ? SIDE : lower ? lower_rows(all) : upper_rows(all));
    }
    CONFIGURE(&settings);
}

/* Rows of units one after another, filled up with zeros to whole steps of the depth: so A's copy is here, along and across. */
static inline ptrdiff_t place_pairs(int across, int64_t padded, int64_t r, int64_t p) {
    (void)across;
    return (p / PIECE * padded + r) * ROW;
}

static void copy_along_pairs(
    unit *to, const float *from, int64_t row, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    (void)rounded;
    for (int64_t p = 0; p < depth; p += 2 * PIECE) {
        const int64_t n = least(2 * PIECE, depth - p);
        for (int64_t r = 0; r < rows; r++) {
            unit *at = to + place_pairs(0, padded, r, p / 2);
            for (int64_t q = 0; q < n; q += 2 * SIDE) {
                const __m512 low = some_floats(from + r * row + p + q, n - q);
                const __m512 high = some_floats(from + r * row + p + q + SIDE, n - q - SIDE);
                _mm512_storeu_si512(at + q / 2, (__m512i)_mm512_cvtne2ps_pbh(high, low));
            }
        }
    }
}

/* 16 rows and 32 of the depth at a time. */
static void copy_across_pairs(
    unit *to, const float *from, int64_t col, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    (void)rounded;
    for (int64_t p = 0; p < depth; p += 2 * SIDE) {
        for (int64_t r = 0; r < rows; r += SIDE) {
            const int64_t n = rows - r;
            __m512i v[SIDE];
            for (int i = 0; i < SIDE; i++) {
                const int64_t q = p + 2 * i;
                v[i] = paired(
                    some_floats(from + q * col + r, q < depth ? n : 0), some_floats(from + (q + 1) * col + r, q + 1 < depth ? n : 0));
            }
            transpose(v);
            for (int i = 0; i < SIDE && i < n; i++) {
                _mm512_storeu_si512(to + place_pairs(1, padded, r + i, p / 2) + p / 2 % PIECE, v[i]);
            }
        }
    }
}

static inline int height_pairs(int across, int rows) {
    (void)across;
    return least(2 * SIDE, rows);
}

static inline int fits_pairs(int all, int rows, int columns) {
    return columns % SIDE == 0 && (rows % SIDE == 0 || all < 2 * SIDE);
}

/* One step: B's rows are `stride` units apart. */
static inline INLINED void step(const unit *a, const unit *b, ptrdiff_t stride, const int lower, const int right) {
    LOAD_TILE(A0, a, ROW * sizeof(unit));
    LOAD_TILE(B0, b, stride * sizeof(unit));
    MULTIPLY_TILES(C00, A0, B0);
    if (right) {
        LOAD_TILE(B1, b + SIDE, stride * sizeof(unit));
        MULTIPLY_TILES(C01, A0, B1);
    }
    if (lower) {
        LOAD_TILE(A1, a + SIDE * ROW, ROW * sizeof(unit));
        MULTIPLY_TILES(C10, A1, B0);
        if (right) {
            MULTIPLY_TILES(C11, A1, B1);
        }
    }
}

/* k units. What is left of B after the last whole step is copied, with zeros in place of what follows: that might be infinite. */
static inline INLINED void add(const unit *a, const unit *b, ptrdiff_t width, int k, const int lower, const int right) {
    int p = 0;
    for (; p + SIDE <= k; p += SIDE) {
        step(a + p, b + p * width, width, lower, right);
    }
    if (p == k) {
        return;
    }
    unit rest[SIDE * 2 * SIDE];
    const int columns = right ? 2 * SIDE : SIDE;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < columns; j += SIDE) {
            _mm512_storeu_si512(
                rest + i * 2 * SIDE + j, p + i < k ? _mm512_loadu_si512(b + (p + i) * width + j) : _mm512_setzero_si512());
        }
    }
    step(a + p, rest, 2 * SIDE, lower, right);
}

static inline INLINED void compute(const struct tile *t, const int lower, const int right) {
    if (t->init) {
        const ptrdiff_t stride = t->init_row * (ptrdiff_t)sizeof(float);
        const float *under = t->init + SIDE * t->init_row;
        LOAD_TILE(C00, t->init, stride);
        if (right) {
            LOAD_TILE(C01, t->init + SIDE, stride);
        }
        if (lower) {
            LOAD_TILE(C10, under, stride);
        }
        if (lower && right) {
            LOAD_TILE(C11, under + SIDE, stride);
        }
    } else {
        ZERO_TILE(C00);
        ZERO_TILE(C01);
        ZERO_TILE(C10);
        ZERO_TILE(C11);
    }
    add(t->a, t->b, t->width, t->k, lower, right);
    const unit *a2 = t->a2;
    for (int p = 0; p < t->k2; p += PIECE, a2 += t->a2_piece) {
        add(a2, t->b2 + p * t->width, t->width, least(PIECE, t->k2 - p), lower, right);
    }
    const ptrdiff_t stride = t->c_row * (ptrdiff_t)sizeof(float);
    float *under = t->c + SIDE * t->c_row;
    STORE_TILE(C00, t->c, stride);
    if (right) {
        STORE_TILE(C01, t->c + SIDE, stride);
    }
    if (lower) {
        STORE_TILE(C10, under, stride);
    }
    if (lower && right) {
        STORE_TILE(C11, under + SIDE, stride);
    }
}

static void run_pairs(const struct tile *t, int rows, int columns, int across) {
    (void)across;
    if (rows > SIDE) {
        if (columns > SIDE) {
            compute(t, 1, 1);
        } else {
            compute(t, 1, 0);
        }
    } else if (columns > SIDE) {
        compute(t, 0, 1);
    } else {
        compute(t, 0, 0);
    }
}

#include "product.h"

static void multiply_amx(
    const struct candor_cpu_product *job, struct scratch *s, const unit *b, const unit *b2, const float *scales) {
    configure(job->rows);
    multiply_pairs(job, s, b, b2, scales, 1);
    RELEASE();
}

const struct kernels candor_cpu_amx = {.multiply = {0, 0, multiply_amx}, .pack_pairs = pack_pairs};
