/* What attention does with rows of scores, in floats; what vectors.h and widen.h want of vectors comes before. The same bits as
 * candor.ops.cpu.AttentionBlock and Exp, which say why: so the order of every sum is theirs. */

/* The exponential function: range reduction to |r| ≤ ln 2 / 2 in two steps (Cody and Waite 1980), a polynomial of degree six
 * (Cephes, expf), the power of two added to the exponent. Arguments beyond ±87 are held there; also NaN. */
static inline vector power_of_e(vector x) {
    const ints bits = (ints)x;
    ints size = bits & 0x7fffffff;
    const ints far = size > 0x42ae0000; /* 87 */
    size = (far & 0x42ae0000) | (~far & size);
    const vector held = (vector)(size | (bits & ~0x7fffffff));
#define EACH(x) ((vector)((floats){0} + (x)))
    const vector round = EACH(12582912.0f); /* 1.5 · 2²³: the nearest integer is in the low bits of a sum with it */
    const vector shifted = FUSED(held, EACH(1.442695041f), round);
    const vector n = (vector)((floats)shifted - (floats)round);
    vector r = FUSED(n, EACH(-0.693359375f), held);
    r = FUSED(n, EACH(2.12194440e-4f), r);
    vector p = EACH(1.9875691500e-4f);
    p = FUSED(p, r, EACH(1.3981999507e-3f));
    p = FUSED(p, r, EACH(8.3334519073e-3f));
    p = FUSED(p, r, EACH(4.1665795894e-2f));
    p = FUSED(p, r, EACH(1.6666665459e-1f));
    p = FUSED(p, r, EACH(5.0000001201e-1f));
    p = FUSED(p, (vector)((floats)r * (floats)r), r);
    p = (vector)((floats)p + 1.0f);
    return (vector)((ints)p + ((ints)shifted << 23));
}

/* Halves are added to halves until one number is left: as so many vectors of four lanes would add up. */
static inline float quarter(const float *x, int j, int lanes) {
    return lanes == 16 ? (x[j] + x[j + 8]) + (x[j + 4] + x[j + 12]) : lanes == 8 ? x[j] + x[j + 4] : x[j];
}

static inline float sum_of(const float *x, int lanes) {
    return (quarter(x, 0, lanes) + quarter(x, 2, lanes)) + (quarter(x, 1, lanes) + quarter(x, 3, lanes));
}

enum {
    /* Columns whose sum is taken before the next ones': a piece of a row in AttentionBlock. */
    TOGETHER = 256,
    MOST_VECTORS = 16 / LANES
};

/* Up to the next whole vector. */
static inline int64_t whole(int64_t n, int lanes) {
    return (n + lanes - 1) / lanes * lanes;
}

/* Whether the vector at j holds keys that the row does not see. */
static inline int at_edge(const struct row *row, int64_t j) {
    return j < row->low || j + LANES > row->n;
}

/* All bits of the lanes that it sees. */
static inline ints seen(const struct row *row, int64_t j) {
    ints lane;
    for (int i = 0; i < LANES; i++) {
        lane[i] = i;
    }
    return (lane >= (int32_t)(row->low - j)) & (lane < (int32_t)(row->n - j));
}

/* The keys of its block that no vector with one that it sees holds become zeros: whole vectors of them. */
static inline void zero_others(float *x, const struct row *row, int64_t start, int64_t stop) {
    for (int64_t j = row->from; j < start; j += LANES) {
        STORE(x + j, ZERO());
    }
    for (int64_t j = stop; j < row->end; j += LANES) {
        STORE(x + j, ZERO());
    }
}

/* A piece of a row; its sum, in `vectors` times LANES lanes. */
static inline INLINED float raised(
    float *x, const struct row *row, int64_t from, int64_t to, vector factor, vector less, const int vectors) {
    floats sums[MOST_VECTORS] = {{0}};
    for (int64_t j = from; j < to; j += vectors * LANES) {
        for (int v = 0; v < vectors; v++) {
            const int64_t at = j + v * LANES;
            floats e = (floats)power_of_e(FUSED(LOAD(x + at), factor, less));
            if (at_edge(row, at)) {
                e = (floats)((ints)e & seen(row, at));
            }
            sums[v] += e;
            STORE(x + at, (vector)e);
        }
    }
    float each[16];
    memcpy(each, sums, sizeof each);
    return sum_of(each, vectors * LANES);
}

/* The largest of a row's scores times scale, by `max`; its scores become exp(score · scale − max), the others of its block zeros. The sum. */
static float exponentials(float *x, const struct row *row, float scale, float *max) {
    const int lanes = row->lanes;
    const int64_t start = row->low / lanes * lanes;
    const int64_t stop = whole(row->n, lanes);
    ints nan = {0};
    const vector none = EACH(-__builtin_inff());
    vector most = none;
    for (int64_t j = start; j < row->n; j += LANES) {
        floats v = floats_at(x + j);
        if (at_edge(row, j)) {
            const ints keep = seen(row, j);
            v = (floats)(((ints)v & keep) | ((ints)none & ~keep));
        }
        nan |= v != v;
        most = GREATER((vector)v, most);
    }
    *max = (ANY(nan) ? __builtin_nanf("") : GREATEST(most)) * scale;
    const vector factor = EACH(scale);
    const vector less = EACH(-*max);
    float sum = 0;
    for (int64_t j = start; j < row->n;) {
        const int64_t next = j / TOGETHER * TOGETHER + TOGETHER;
        const int64_t to = next < row->n ? next : row->n;
        switch (lanes / LANES) {
        case 1:
            sum += raised(x, row, j, to, factor, less, 1);
            break;
        case 2:
            sum += raised(x, row, j, to, factor, less, MOST_VECTORS < 2 ? 1 : 2);
            break;
        default:
            sum += raised(x, row, j, to, factor, less, MOST_VECTORS);
        }
        j = next;
    }
    zero_others(x, row, start, stop);
    return sum;
}

/* A row's scores become its probabilities, and its gradients of probabilities those of scores, times scale; the others of its block zeros. */
static void gradients(float *p, float *ds, const struct row *row, float lse, float delta, float scale) {
    const float shift = lse != lse ? __builtin_nanf("") : delta; /* the exponential hides it */
    const vector factor = EACH(scale);
    const vector less = EACH(-lse);
    const int64_t start = row->low / LANES * LANES;
    for (int64_t j = start; j < row->n; j += LANES) {
        floats e = (floats)power_of_e(FUSED(LOAD(p + j), factor, less));
        floats d = ((floats)LOAD(ds + j) - shift) * (e * scale);
        if (at_edge(row, j)) {
            const ints keep = seen(row, j);
            e = (floats)((ints)e & keep);
            d = (floats)((ints)d & keep);
        }
        STORE(p + j, (vector)e);
        STORE(ds + j, (vector)d);
    }
    zero_others(p, row, start, whole(row->n, LANES));
    zero_others(ds, row, start, whole(row->n, LANES));
}

static float dot(const float *u, const float *v, int64_t n, int lanes) {
    vector sums[MOST_VECTORS];
    for (int i = 0; i < MOST_VECTORS; i++) {
        sums[i] = ZERO();
    }
    int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        for (int i = 0; i < lanes / LANES; i++) {
            sums[i] = FUSED(LOAD(u + j + i * LANES), LOAD(v + j + i * LANES), sums[i]);
        }
    }
    float each[16];
    memcpy(each, sums, sizeof each);
    float total = sum_of(each, lanes);
    for (; j < n; j++) {
        total = __builtin_fmaf(u[j], v[j], total);
    }
    return total;
}

static void scaled(float *x, int64_t n, float factor) {
    for (int64_t j = 0; j < n; j++) {
        x[j] *= factor;
    }
}
