/* Tiles whose sums are in vector registers, a chain of multiply-adds for each element, and the copies of A that they read; then
 * product.h for them.
 *
 * Before it, define what product.h wants but for functions, and
 *   LANES          of a vector of floats
 *   TALLEST        rows of the tallest tile of two vectors
 *   vector, LOAD(from), STORE(to, v), ZERO(), SPREAD(unit), MULTIPLY_ADD(a, b, c)
 *                  with a and b as units: MULTIPLY_ADD takes what SPREAD and LOAD_UNITS(from) give
 *   COPY_ROW(to, from, n, rounded), COPY_ACROSS(to, from0, from1, n, rounded)
 *                  n floats of a row; n columns of one row, or of two neighbours (from1 may be null: zeros), at most GROUP
 */

/* sums += A·B over k units: rows of A are ROW apart, or side by side where it came across. */
static inline INLINED void NAME(add)(
    vector (*sums)[2],
    const int rows,
    const int vectors,
    const int across,
    const unit *a,
    const unit *b,
    const ptrdiff_t width,
    const ptrdiff_t ahead,
    const int k) {
    for (int p = 0; p < k; p++) {
        __builtin_prefetch(b + ahead, 0, 2);
        if (vectors > 1 && LANES == 16) {
            __builtin_prefetch(b + ahead + LANES, 0, 2);
        }
        const units b0 = LOAD_UNITS(b);
        const units b1 = vectors > 1 ? LOAD_UNITS(b + LANES) : b0;
        UNROLLED
        for (int r = 0; r < rows; r++) {
            const units x = SPREAD(across ? a[r] : a[r * ROW]);
            sums[r][0] = MULTIPLY_ADD(x, b0, sums[r][0]);
            if (vectors > 1) {
                sums[r][1] = MULTIPLY_ADD(x, b1, sums[r][1]);
            }
        }
        a += across ? GROUP : 1;
        b += width;
    }
}

static inline INLINED void NAME(compute)(const struct tile *t, const int rows, const int vectors, const int across) {
    vector sums[14][2];
    if (t->init) {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            sums[r][0] = LOAD(t->init + r * t->init_row);
            if (vectors > 1) {
                sums[r][1] = LOAD(t->init + r * t->init_row + LANES);
            }
        }
    } else {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            sums[r][0] = ZERO();
            sums[r][1] = ZERO();
            /* Lines that will be written are on their way while the product runs. */
            __builtin_prefetch(t->c + r * t->c_row, 1);
            if (vectors > 1) {
                __builtin_prefetch(t->c + r * t->c_row + LANES, 1);
            }
        }
    }
    NAME(add)(sums, rows, vectors, across, t->a, t->b, t->width, t->ahead, t->k);
    const unit *a2 = t->a2;
    for (int p = 0; p < t->k2; p += PIECE, a2 += t->a2_piece) {
        NAME(add)(sums, rows, vectors, 0, a2, t->b2 + p * t->width, t->width, 0, least(PIECE, t->k2 - p));
    }
    UNROLLED
    for (int r = 0; r < rows; r++) {
        STORE(t->c + r * t->c_row, sums[r][0]);
        if (vectors > 1) {
            STORE(t->c + r * t->c_row + LANES, sums[r][1]);
        }
    }
}

#define TILE(rows)                                                  \
    static void NAME(narrow##rows)(const struct tile *t) {          \
        NAME(compute)(t, rows, 1, 0);                               \
    }                                                               \
    static void NAME(wide##rows)(const struct tile *t) {            \
        NAME(compute)(t, rows, 2, 0);                               \
    }
#define TILE_ACROSS(rows)                                           \
    static void NAME(narrow_across##rows)(const struct tile *t) {   \
        NAME(compute)(t, rows, 1, 1);                               \
    }                                                               \
    static void NAME(wide_across##rows)(const struct tile *t) {     \
        NAME(compute)(t, rows, 2, 1);                               \
    }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
TILE_ACROSS(1) TILE_ACROSS(2) TILE_ACROSS(3) TILE_ACROSS(4)
#if TALLEST > 6
TILE(7) TILE(8)
TILE_ACROSS(5) TILE_ACROSS(6) TILE_ACROSS(7) TILE_ACROSS(8)
#endif
#if TALLEST > 8
TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
#endif
#undef TILE
#undef TILE_ACROSS

typedef void (*NAME(tile_function))(const struct tile *);

#define TILE(rows) {NAME(narrow##rows), NAME(wide##rows)}
static const NAME(tile_function) NAME(tiles)[][2] = {
    TILE(1), TILE(2), TILE(3), TILE(4), TILE(5), TILE(6),
#if TALLEST > 6
    TILE(7), TILE(8),
#endif
#if TALLEST > 8
    TILE(9), TILE(10), TILE(11), TILE(12), TILE(13), TILE(14),
#endif
};
#undef TILE

#define TILE(rows) {NAME(narrow_across##rows), NAME(wide_across##rows)}
static const NAME(tile_function) NAME(tiles_across)[][2] = {
    TILE(1), TILE(2), TILE(3), TILE(4),
#if TALLEST > 6
    TILE(5), TILE(6), TILE(7), TILE(8),
#endif
};
#undef TILE

/* Rows of the tallest tile of an A that came across; GROUP is a multiple of it. */
enum { NAME(tallest_across) = sizeof NAME(tiles_across) / sizeof NAME(tiles_across)[0] };

static inline void NAME(run)(const struct tile *t, int rows, int columns, int across) {
    const NAME(tile_function) function =
        across ? NAME(tiles_across)[rows - 1][columns > LANES] : NAME(tiles)[rows - 1][columns > LANES];
    function(t);
}

static inline int NAME(fits)(int all, int rows, int columns) {
    (void)all;
    (void)rows;
    return columns == LANES || columns == 2 * LANES;
}

/* Tiles of about the same height; across, groups are multiples of the tallest. */
static inline int NAME(height)(int across, int rows) {
    if (across) {
        return least(NAME(tallest_across), rows);
    }
    const int count = (rows + TALLEST - 1) / TALLEST;
    return (rows + count - 1) / count;
}

/* Along, rows of a piece are ROW apart. Across, they are side by side: GROUP of them, PIECE units, then the next GROUP; all of them, then
 * the next piece. */
static inline ptrdiff_t NAME(place)(int across, int64_t padded, int64_t r, int64_t p) {
    return across ? (p / PIECE * padded + r / GROUP * GROUP) * PIECE + r % GROUP : (p / PIECE * padded + r) * ROW;
}

static void NAME(copy_along)(
    unit *to, const float *from, int64_t row, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    for (int64_t p = 0; p << PAIRED < depth; p += PIECE) {
        const int64_t at = p << PAIRED;
        for (int64_t r = 0; r < rows; r++) {
            COPY_ROW(to + NAME(place)(0, padded, r, p), from + r * row + at, least(PIECE << PAIRED, depth - at), rounded);
        }
    }
}

static void NAME(copy_across)(
    unit *to, const float *from, int64_t col, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    for (int64_t r = 0; r < rows; r += GROUP) {
        const int n = least(GROUP, rows - r);
        for (int64_t p = 0; p << PAIRED < depth; p++) {
            unit *at = to + NAME(place)(1, padded, r, p) + p % PIECE * GROUP;
            const int64_t q = p << PAIRED;
            const float *upper = PAIRED && q + 1 < depth ? from + (q + 1) * col + r : NULL;
            COPY_ACROSS(at, from + q * col + r, upper, n, rounded);
        }
    }
}

#include "product.h"
