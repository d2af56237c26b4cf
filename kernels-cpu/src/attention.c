/* Attention by products of blocks of query rows, and rows of exponentials in between: nothing here depends on the processor. */
#include "kernels.h"

enum {
    /* Query rows of a block: with more, more scores are computed that no row sees. */
    HEIGHT = 32
};

static int64_t padded(int64_t n, int64_t to) {
    return (n + to - 1) / to * to;
}

static int64_t units_of(int32_t arithmetic, int64_t depth) {
    return arithmetic == CANDOR_CPU_PAIRS ? (depth + 1) / 2 : depth;
}

/* From one row of scores to the next: no power of two. */
static int64_t score_row(int64_t length) {
    return padded(length, 32) + 16;
}

/* Units of a matrix in panels, of the arithmetic that takes most. */
static int64_t panelled(int64_t depth, int64_t columns, int64_t panel) {
    return padded(columns, panel) * depth;
}

/* A call's work, and where it lies. */
struct call {
    const struct candor_cpu_attention *job;
    int32_t kernels;
    void *scratch;
    int64_t panel; /* columns of one */
    float *scores;
    float *slopes;
    unit *keys;        /* Kᵀ */
    unit *values;      /* forward V, backward Vᵀ */
    unit *keys_across; /* backward K */
};

CANDOR_CPU_API int64_t candor_cpu_attention_bytes(int32_t length, int32_t width, int32_t lanes, int32_t backward) {
    const int64_t panel = 2 * lanes;
    const int64_t rows = (1 + backward) * HEIGHT * score_row(length);
    const int64_t keys = (1 + backward) * panelled(width, length, panel);
    return 4 * (rows + keys + panelled(length, width, panel));
}

static struct call called(
    int32_t kernels, const struct candor_cpu_attention *job, void *scratch, void *work, int backward) {
    struct call c = {.job = job, .kernels = kernels, .scratch = scratch, .panel = 2 * job->lanes};
    const int64_t rows = HEIGHT * score_row(job->length);
    const int64_t keys = panelled(job->width, job->length, c.panel);
    c.scores = work;
    c.slopes = c.scores + rows;
    c.keys = (unit *)c.scores + (1 + backward) * rows;
    c.values = c.keys + keys;
    c.keys_across = c.values + keys;
    return c;
}

/* Lays out a head's columns: across, its tokens are the columns of panels; else the rows. */
static void pack(const struct call *c, unit *to, int32_t col, int across) {
    const struct candor_cpu_attention *job = c->job;
    const int64_t columns = across ? job->length : job->width;
    const int64_t depth = across ? job->width : job->length;
    for (int64_t j = 0; j < columns; j += c->panel) {
        const struct packing packing = {
            .from = job->qkv + col + (across ? j * job->qkv_row : j),
            .stride = job->qkv_row,
            .across = across,
            .depth = (int32_t)depth,
            .cols = least(c->panel, columns - j),
            .width = (int32_t)c->panel,
            .scale = 1,
        };
        unit *at = to + j * units_of(job->arithmetic, depth);
        if (job->arithmetic == CANDOR_CPU_PAIRS) {
            candor_cpu_packer(c->kernels)->pack_pairs(&packing, at);
        } else {
            candor_cpu_rows(c->kernels)->pack_floats(&packing, at, job->arithmetic == CANDOR_CPU_ROUNDED);
        }
    }
}

/* A product with panels that were packed here: of the tokens from `first` on, along or across. */
static void multiply(
    const struct call *c, struct candor_cpu_product *p, const unit *panels, int64_t depth_of_panels, int64_t at) {
    const int32_t arithmetic = c->job->arithmetic;
    p->arithmetic = arithmetic;
    p->panels = arithmetic == CANDOR_CPU_PAIRS ? CANDOR_CPU_PAIR_PANELS : CANDOR_CPU_FLOAT_PANELS;
    p->width = (int32_t)c->panel;
    p->b_panel = units_of(arithmetic, depth_of_panels) * c->panel;
    p->b_at = at;
    p->fresh = 1;
    candor_cpu_multiply(c->kernels, p, c->scratch, panels, 0, 0);
}

/* to (rows, keys) = X·Bᵀ, B in panels of keys, from the block's first key on. */
static void by_keys(const struct call *c, float *to, const float *x, int64_t x_row, const unit *panels, const struct row *block, int rows) {
    const struct candor_cpu_attention *job = c->job;
    struct candor_cpu_product p = {
        .a = x,
        .a_row = x_row,
        .a_col = 1,
        .c = to + block->from,
        .c_row = score_row(job->length),
        .rows = rows,
        .cols = (int32_t)(block->end - block->from),
        .depth = job->width,
    };
    multiply(c, &p, panels, job->width, block->from * units_of(job->arithmetic, job->width));
}

/* to (rows, width) = X (rows, keys)·B, B in panels of the head's columns. */
static void over_keys(const struct call *c, float *to, int64_t to_row, const float *x, const unit *panels, const struct row *block, int rows) {
    const struct candor_cpu_attention *job = c->job;
    struct candor_cpu_product p = {
        .a = x + block->from,
        .a_row = score_row(job->length),
        .a_col = 1,
        .c = to,
        .c_row = to_row,
        .rows = rows,
        .cols = job->width,
        .depth = (int32_t)(block->end - block->from),
    };
    multiply(c, &p, panels, job->length, units_of(job->arithmetic, block->from) * c->panel);
}

/* to (keys, width) += Xᵀ (keys, rows)·B, B (rows, width) as it lies. */
static void over_rows(const struct call *c, float *to, const float *x, const float *b, int64_t b_row, const struct row *block, int rows) {
    const struct candor_cpu_attention *job = c->job;
    for (int64_t key = block->from; key < block->end; key += CANDOR_CPU_MOST_ROWS) {
        float *sums = to + key * job->dqkv_row;
        const struct candor_cpu_product p = {
            .a = x + key,
            .a_row = 1,
            .a_col = score_row(job->length),
            .init = sums,
            .init_row = job->dqkv_row,
            .c = sums,
            .c_row = job->dqkv_row,
            .b_panel = b_row,
            .rows = least(CANDOR_CPU_MOST_ROWS, block->end - key),
            .cols = job->width,
            .depth = rows,
            .width = (int32_t)c->panel,
            .panels = CANDOR_CPU_PLAIN_ROWS,
            .arithmetic = job->arithmetic,
            .fresh = 1,
        };
        candor_cpu_multiply(c->kernels, &p, c->scratch, b, 0, 0);
    }
}

static int64_t low_of(const struct candor_cpu_attention *job, int64_t token) {
    const int64_t window = job->window ? job->window : job->length;
    return token + 1 > window ? token + 1 - window : 0;
}

/* Which keys a block of rows sees: from a whole panel on. */
static struct row block_of(const struct call *c, int64_t first, int rows) {
    const struct row block = {
        .from = low_of(c->job, first) / c->panel * c->panel,
        .end = first + rows,
        .lanes = c->job->lanes,
    };
    return block;
}

/* The same for its row r. */
static struct row row_of(const struct call *c, const struct row *block, int64_t first, int r) {
    struct row row = *block;
    row.low = low_of(c->job, first + r);
    row.n = first + r + 1;
    return row;
}

CANDOR_CPU_API void candor_cpu_attend(
    int32_t kernels, const struct candor_cpu_attention *job, void *scratch, void *work) {
    const struct call c = called(kernels, job, scratch, work, 0);
    const struct kernels *rows_of = candor_cpu_rows(kernels);
    pack(&c, c.keys, job->key_col, 1);
    pack(&c, c.values, job->value_col, 0);
    for (int head = 0; head < job->group; head++) {
        const int32_t col = job->query_col + head * job->width;
        for (int64_t first = 0; first < job->length; first += HEIGHT) {
            const int rows = least(HEIGHT, job->length - first);
            const struct row block = block_of(&c, first, rows);
            float factors[HEIGHT];
            by_keys(&c, c.scores, job->qkv + first * job->qkv_row + col, job->qkv_row, c.keys, &block, rows);
            for (int r = 0; r < rows; r++) {
                const struct row row = row_of(&c, &block, first, r);
                float max;
                const float sum = rows_of->exponentials(c.scores + r * score_row(job->length), &row, job->scale, &max);
                job->maxima[(first + r) * job->lse_row + head] = max;
                job->sums[(first + r) * job->group + head] = sum;
                factors[r] = __builtin_isfinite(max) ? 1 / sum : __builtin_nanf(""); /* the exponential hides it */
            }
            float *o = job->o + first * job->o_row + col;
            over_keys(&c, o, job->o_row, c.scores, c.values, &block, rows);
            for (int r = 0; r < rows; r++) {
                rows_of->scaled(o + r * job->o_row, job->width, factors[r]);
            }
        }
    }
}

CANDOR_CPU_API void candor_cpu_attend_backward(
    int32_t kernels, const struct candor_cpu_attention *job, void *scratch, void *work) {
    const struct call c = called(kernels, job, scratch, work, 1);
    const struct kernels *rows_of = candor_cpu_rows(kernels);
    pack(&c, c.keys, job->key_col, 1);
    pack(&c, c.values, job->value_col, 1);
    pack(&c, c.keys_across, job->key_col, 0);
    for (int64_t token = 0; token < job->length; token++) {
        __builtin_memset(job->dqkv + token * job->dqkv_row + job->key_col, 0, sizeof(float) * (size_t)job->width);
        __builtin_memset(job->dqkv + token * job->dqkv_row + job->value_col, 0, sizeof(float) * (size_t)job->width);
    }
    for (int head = 0; head < job->group; head++) {
        const int32_t col = job->query_col + head * job->width;
        for (int64_t first = 0; first < job->length; first += HEIGHT) {
            const int rows = least(HEIGHT, job->length - first);
            const struct row block = block_of(&c, first, rows);
            const float *q = job->qkv + first * job->qkv_row + col;
            const float *dout = job->dout + first * job->dout_row + col;
            by_keys(&c, c.scores, q, job->qkv_row, c.keys, &block, rows);
            by_keys(&c, c.slopes, dout, job->dout_row, c.values, &block, rows);
            for (int r = 0; r < rows; r++) {
                const struct row row = row_of(&c, &block, first, r);
                const float *o = job->o + (first + r) * job->o_row + col;
                const float delta = rows_of->dot(dout + r * job->dout_row, o, job->width, job->lanes);
                const int64_t at = r * score_row(job->length);
                const float lse = job->lse[(first + r) * job->lse_row + head];
                rows_of->gradients(c.scores + at, c.slopes + at, &row, lse, delta, job->scale);
            }
            float *dq = job->dqkv + first * job->dqkv_row + col;
            over_keys(&c, dq, job->dqkv_row, c.slopes, c.keys_across, &block, rows);
            over_rows(&c, job->dqkv + job->value_col, c.scores, dout, job->dout_row, &block, rows);
            over_rows(&c, job->dqkv + job->key_col, c.slopes, q, job->qkv_row, &block, rows);
        }
    }
}
