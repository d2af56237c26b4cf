/* A product by tiles, for the arithmetic of the file that includes this one, once for each: which pieces of A, B and C meet, in which
 * order. What a tile does is vectors.h's, or the file's own.
 *
 * Before it, define
 *   NAME(x)        the name of x in this arithmetic
 *   PAIRED         1 where a unit is a pair of bf16, 0 where it is a float
 *   LANES          half of the columns of a tile
 *   PACK(to, from, bf16, stride, depth, cols, width, rounded)
 *                  a piece of a panel of a matrix of floats, or of bf16, whose row p is the matrix's
 *   WIDEN(job, to, b, scales, panel, p, n)
 *                  n rows of a panel that is kept in fewer bits, see widen.h
 *   NAME(copy_along), NAME(copy_across)
 *                  (to, from, stride, rows, padded, depth, rounded): the copy of A, of which `depth` is whole pieces but for the last;
 *                  padded: the rows that the copy has room for
 *   NAME(place)(across, padded, r, p)
 *                  where a tile finds row r, units from p on: p is a multiple of PIECE, r the sum of heights before
 *   NAME(height)(across, rows)
 *                  of the next tile, of so many rows
 *   NAME(fits)(all, rows, columns)
 *                  whether a tile writes these rows and columns alone; else it may write a whole one. all: of the product
 *   NAME(run)(tile, rows, columns, across)
 *                  computes one
 */

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

/* A tile at an edge of C: by way of memory where whole ones may be written. */
static void NAME(edge)(struct tile *t, struct scratch *s, int rows, int columns, int across) {
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
    NAME(run)(t, rows, columns, across);
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < columns; j++) {
            c[r * c_row + j] = s->edge[r * 2 * LANES + j];
        }
    }
}

/* All rows of a tile's columns, of which C has `columns`. */
static inline INLINED void NAME(column)(
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
    int64_t ahead,
    int first) {
    const int across = job->a_col != 1;
    int height;
    for (int r = 0; r < job->rows; r += height) {
        height = NAME(height)(across, job->rows - r);
        struct tile t = {
            .a = s->copy + NAME(place)(across, padded, r, p),
            .b = b,
            .a2 = s->copy2 + NAME(place)(0, padded, r, 0),
            .b2 = b2,
            .c = job->c + r * job->c_row + col,
            .c_row = job->c_row,
            .width = job->width,
            .a2_piece = padded * ROW,
            .ahead = ahead,
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
        if (NAME(fits)(job->rows, height, columns)) {
            NAME(run)(&t, height, columns, across);
        } else {
            NAME(edge)(&t, s, height, columns, across);
        }
    }
}

/* Units of so much depth. */
static inline int64_t NAME(of)(int64_t depth) {
    return PAIRED ? (depth + 1) / 2 : depth;
}

static inline INLINED void NAME(multiply)(
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
                const unit *piece = s->widened;
                const int64_t at = (from + p) << PAIRED;
                const int32_t depth = least((int64_t)k << PAIRED, job->depth - at);
                if (kept) {
                    piece = b + job->b_at + panel * job->b_panel + (from + p) * width;
                } else if (job->panels >= CANDOR_CPU_PLAIN_ROWS) {
                    const int bf16 = job->panels == CANDOR_CPU_PLAIN_BF16;
                    const int bytes = bf16 ? 2 : 4;
                    const char *rows = (const char *)b + (job->b_at + at * job->b_panel + col) * bytes;
                    PACK(s->widened, rows, bf16, job->b_panel, depth, least(width, job->cols - col), width, rounded);
                    if (col + width < job->cols) {
                        prefetch_rows(rows + width * bytes, job->b_panel * bytes, depth);
                    }
                } else {
                    WIDEN(job, s->widened, b, scales, panel, at, depth);
                }
                const unit *piece2 = k2 ? b2 + job->b2_at + panel * job->b2_panel : NULL;
                for (int64_t j = 0; j < width && col + j < job->cols; j += 2 * LANES) {
                    NAME(column)
                    (job, s, padded, p, k, last ? k2 : 0, piece + j, k2 ? piece2 + j : NULL, col + j,
                     least(2 * LANES, job->cols - col - j), kept && col + width < job->cols ? job->b_panel : 0, first);
                }
            }
            first = 0;
            p += PIECE;
        } while (p < n);
        from += slice;
    } while (from < all);
}
