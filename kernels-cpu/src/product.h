/* A product by tiles, for the vectors and the arithmetic of the file that includes this one, once for each arithmetic.
 *
 * Before it, define
 *   NAME(x)        the name of x in this arithmetic
 *   PAIRED         1 where a unit is a pair of bf16, 0 where it is a float
 *   LANES          of a vector of floats
 *   TALLEST        rows of the tallest tile of two vectors
 *   vector, LOAD(from), STORE(to, v), ZERO(), SPREAD(unit), MULTIPLY_ADD(a, b, c)
 *                  with a and b as units: MULTIPLY_ADD takes what SPREAD and LOAD_UNITS(from) give
 *   COPY_ROW(to, from, n, rounded), COPY_ACROSS(to, from0, from1, n, rounded)
 *                  n units of a row; n columns of one row, or of two neighbours (from1 may be null: zeros), GROUP units apart
 *   PACK(to, from, bf16, stride, depth, cols, width, rounded)
 *                  a piece of a panel of a matrix of floats, or of bf16, whose row p is the matrix's
 *   WIDEN(job, to, b, scales, panel, p, n)
 *                  n rows of a panel that is kept in fewer bits, see widen.h
 */

/* What a tile is made of. */
struct NAME(tile) {
    const unit *a;
    const unit *b;
    const unit *a2;
    const unit *b2;
    const float *init; /* null: zeros */
    ptrdiff_t init_row;
    float *c;
    ptrdiff_t c_row;
    ptrdiff_t width;    /* from one row of a panel to the next */
    ptrdiff_t a2_piece; /* from one piece of A₂'s copy to the next */
    int k;
    int k2;
};

/* sums += A·B over k units: rows of A are ROW apart, or side by side where it came across. */
static inline __attribute__((always_inline)) void NAME(add)(
    vector (*sums)[2],
    const int rows,
    const int vectors,
    const int across,
    const unit *a,
    const unit *b,
    const ptrdiff_t width,
    const int k) {
    for (int p = 0; p < k; p++) {
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

static inline __attribute__((always_inline)) void NAME(compute)(
    const struct NAME(tile) * t, const int rows, const int vectors, const int across) {
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
    NAME(add)(sums, rows, vectors, across, t->a, t->b, t->width, t->k);
    if (!across) {
        const unit *a2 = t->a2;
        for (int p = 0; p < t->k2; p += PIECE, a2 += t->a2_piece) {
            const int k = least(PIECE, t->k2 - p);
            NAME(add)(sums, rows, vectors, 0, a2, t->b2 + p * t->width, t->width, k);
        }
    }
    UNROLLED
    for (int r = 0; r < rows; r++) {
        STORE(t->c + r * t->c_row, sums[r][0]);
        if (vectors > 1) {
            STORE(t->c + r * t->c_row + LANES, sums[r][1]);
        }
    }
}

#define TILE(rows)                                                              \
    static void NAME(narrow##rows)(const struct NAME(tile) * t) {               \
        NAME(compute)(t, rows, 1, 0);                                           \
    }                                                                           \
    static void NAME(wide##rows)(const struct NAME(tile) * t) {                 \
        NAME(compute)(t, rows, 2, 0);                                           \
    }
#define TILE_ACROSS(rows)                                                       \
    static void NAME(narrow_across##rows)(const struct NAME(tile) * t) {        \
        NAME(compute)(t, rows, 1, 1);                                           \
    }                                                                           \
    static void NAME(wide_across##rows)(const struct NAME(tile) * t) {          \
        NAME(compute)(t, rows, 2, 1);                                           \
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

typedef void (*NAME(tile_function))(const struct NAME(tile) *);

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
enum { NAME(tallest_across) = sizeof(NAME(tiles_across)) / sizeof(NAME(tiles_across)[0]) };

/* Units of so much depth. */
static inline int64_t NAME(of)(int64_t depth) {
    return PAIRED ? (depth + 1) / 2 : depth;
}

/* Where the row r of the copy's piece p / PIECE begins; rows are as many as the copy has room for. */
static inline ptrdiff_t NAME(along)(int64_t rows, int64_t r, int64_t p) {
    return (p / PIECE * rows + r) * ROW;
}

static void NAME(copy_along)(
    unit *to, const float *from, int64_t row, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    const int64_t units_of = NAME(of)(depth);
    for (int64_t p = 0; p < units_of; p += PIECE) {
        const int64_t n = least(PIECE, units_of - p) << PAIRED;
        const int64_t at = p << PAIRED;
        for (int64_t r = 0; r < rows; r++) {
            COPY_ROW(to + NAME(along)(padded, r, p), from + r * row + at, least(n, depth - at), rounded);
        }
    }
}

/* Rows side by side: GROUP of them, PIECE units, then the next GROUP; all of them, then the next piece. */
static void NAME(copy_across)(
    unit *to, const float *from, int64_t col, int64_t rows, int64_t padded, int64_t depth, const int rounded) {
    const int64_t units_of = NAME(of)(depth);
    for (int64_t r = 0; r < rows; r += GROUP) {
        const int n = least(GROUP, rows - r);
        for (int64_t p = 0; p < units_of; p++) {
            unit *at = to + (p / PIECE * padded + r) * PIECE + p % PIECE * GROUP;
            const int64_t q = p << PAIRED;
            const float *upper = PAIRED && q + 1 < depth ? from + (q + 1) * col + r : NULL;
            COPY_ACROSS(at, from + q * col + r, upper, n, rounded);
        }
    }
}

/* Copies what the product needs of A from unit `from` on, unless it is there. */
static void NAME(copy_a)(
    const struct candor_cpu_product *job, struct scratch *s, int64_t from, int64_t n, int64_t padded, const int rounded) {
    if (s->valid && s->from == from && s->units == n && s->rows == job->rows) {
        return;
    }
    const int64_t at = from << PAIRED;
    const int64_t depth = least(n << PAIRED, job->depth - at);
    if (job->a_col == 1) {
        NAME(copy_along)(s->copy, job->a + at, job->a_row, job->rows, padded, depth, rounded);
    } else {
        NAME(copy_across)(s->copy, job->a + at * job->a_col, job->a_col, job->rows, padded, depth, rounded);
    }
    s->valid = 1;
    s->from = from;
    s->units = n;
    s->rows = job->rows;
}

/* A tile at C's right edge: by way of memory where whole vectors may be written. */
static void NAME(edge)(NAME(tile_function) function, struct NAME(tile) * t, struct scratch *s, int rows, int columns) {
    float *c = t->c;
    const ptrdiff_t c_row = t->c_row;
    if (t->init) {
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < columns; j++) {
                s->edge[r * 2 * LANES + j] = t->init[r * t->init_row + j];
            }
        }
        t->init = s->edge;
        t->init_row = 2 * LANES;
    }
    t->c = s->edge;
    t->c_row = 2 * LANES;
    function(t);
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < columns; j++) {
            c[r * c_row + j] = s->edge[r * 2 * LANES + j];
        }
    }
}

/* All rows of two vectors of columns, of which C has `columns`. */
static inline __attribute__((always_inline)) void NAME(column)(
    const struct candor_cpu_product *job,
    struct scratch *s,
    int64_t padded,
    int64_t p,
    int k,
    int k2,
    const unit *b,
    const unit *b2,
    int64_t col,
    int columns,
    int first) {
    const int across = job->a_col != 1;
    const int rows = job->rows;
    const int tallest = across ? NAME(tallest_across) : TALLEST;
    /* Tiles of about the same height; across, groups are multiples of the tallest. */
    const int count = (rows + tallest - 1) / tallest;
    for (int i = 0, r = 0; i < count; i++) {
        const int height = across ? least(tallest, rows - r) : (rows - r + count - i - 1) / (count - i);
        const int vectors = columns > LANES ? 2 : 1;
        struct NAME(tile) t = {
            .a = across ? s->copy + (p / PIECE * padded + r / GROUP * GROUP) * PIECE + p % PIECE * GROUP + r % GROUP
                        : s->copy + NAME(along)(padded, r, p),
            .b = b,
            .a2 = s->copy2 + NAME(along)(padded, r, 0),
            .b2 = b2,
            .c = job->c + r * job->c_row + col,
            .c_row = job->c_row,
            .width = job->width,
            .a2_piece = padded * ROW,
            .k = k,
            .k2 = k2,
        };
        if (!first) {
            t.init = t.c;
            t.init_row = t.c_row;
        } else if (job->init) {
            t.init = job->init + r * job->init_row + col;
            t.init_row = job->init_row;
        }
        const NAME(tile_function) function =
            (across ? NAME(tiles_across) : NAME(tiles))[height - 1][vectors - 1];
        if (columns >= vectors * LANES) {
            function(&t);
        } else {
            NAME(edge)(function, &t, s, height, columns);
        }
        r += height;
    }
}

static inline __attribute__((always_inline)) void NAME(multiply)(
    const struct candor_cpu_product *job,
    struct scratch *s,
    const unit *b,
    const unit *b2,
    const float *scales,
    const int rounded) {
    const int64_t all = NAME(of)(job->depth);
    const int64_t padded = (job->rows + 31) / 32 * 32;
    const int64_t slice = MOST_COPIED / padded / PIECE * PIECE;
    const int k2 = (int)NAME(of)(job->depth2);
    const int kept = job->panels == (PAIRED ? CANDOR_CPU_PAIR_PANELS : CANDOR_CPU_FLOAT_PANELS);
    const int64_t width = job->width;
    if (job->fresh) {
        s->valid = 0;
    }
    if (k2) {
        NAME(copy_along)(s->copy2, job->a2, job->a2_row, job->rows, padded, job->depth2, rounded);
    }
    int first = 1;
    int64_t from = 0;
    do { /* once where the depth is 0, too: C = I */
        const int64_t n = least(slice, all - from);
        NAME(copy_a)(job, s, from, n, padded, rounded);
        int64_t p = 0;
        do {
            const int k = least(PIECE, n - p);
            const int last = from + p + k == all;
            for (int64_t col = 0; col < job->cols; col += width) {
                const int64_t panel = col / width;
                const unit *piece;
                const int64_t at = (from + p) << PAIRED;
                const int32_t depth = least((int64_t)k << PAIRED, job->depth - at);
                if (kept) {
                    piece = b + job->b_at + panel * job->b_panel + (from + p) * width;
                } else {
                    if (job->panels >= CANDOR_CPU_PLAIN_ROWS) {
                        const int bf16 = job->panels == CANDOR_CPU_PLAIN_BF16;
                        const char *rows = (const char *)b + ((job->b_at + at * job->b_panel + col) << (bf16 ? 1 : 2));
                        PACK(s->widened, rows, bf16, job->b_panel, depth, least(width, job->cols - col), width, rounded);
                        if (col + width < job->cols) {
                            prefetch_rows(rows + (width << (bf16 ? 1 : 2)), job->b_panel << (bf16 ? 1 : 2), depth);
                        }
                    } else {
                        WIDEN(job, s->widened, b, scales, panel, at, depth);
                    }
                    piece = s->widened;
                }
                const unit *piece2 = k2 ? b2 + job->b2_at + panel * job->b2_panel : NULL;
                for (int64_t j = 0; j < width && col + j < job->cols; j += 2 * LANES) {
                    NAME(column)
                    (job, s, padded, p, k, last ? k2 : 0, piece + j, k2 ? piece2 + j : NULL, col + j,
                     least(2 * LANES, job->cols - col - j), first);
                }
            }
            first = 0;
            p += PIECE;
        } while (p < n);
        from += slice;
    } while (from < all);
}
