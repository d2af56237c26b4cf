/* What attention does with rows of scores, in floats; product.h's and widen.h's vectors come before. The same bits as
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

/* So low a score that its exponential is as good as none. */
#define NONE (-1e30f)

/* Up to the next whole vector. */
static inline int64_t whole(int64_t n, int lanes) {
    return (n + lanes - 1) / lanes * lanes;
}

/* The largest of a row's scores times scale, by `max`; its scores become exp(score · scale − max), the others of its block zeros. The sum. */
static float exponentials(float *x, const struct row *row, float scale, float *max) {
    const int lanes = row->lanes;
    const int64_t start = row->low / lanes * lanes;
    const int64_t stop = whole(row->n, lanes);
    for (int64_t j = start; j < row->low; j++) {
        x[j] = NONE;
    }
    for (int64_t j = row->n; j < stop; j++) {
        x[j] = NONE;
    }
    float largest = -__builtin_inff();
    ints nan = {0};
    floats most = (floats){0} + largest;
    for (int64_t j = start; j < stop; j += LANES) {
        const floats v = floats_at(x + j);
        nan |= v != v;
        const ints more = v > most;
        most = (floats)((more & (ints)v) | (~more & (ints)most));
    }
    for (int j = 0; j < LANES; j++) {
        largest = nan[j] ? __builtin_nanf("") : largest > most[j] || largest != largest ? largest : most[j];
    }
    *max = largest * scale;
    const vector factor = EACH(scale);
    const vector less = EACH(-*max);
    float sum = 0;
    for (int64_t j = start; j < row->n;) {
        const int64_t next = j / TOGETHER * TOGETHER + TOGETHER;
        floats sums[MOST_VECTORS] = {{0}};
        for (; j < next && j < row->n; j += lanes) {
            for (int v = 0; v < lanes / LANES; v++) {
                const floats e = (floats)power_of_e(FUSED(LOAD(x + j + v * LANES), factor, less));
                sums[v] += e;
                STORE(x + j + v * LANES, (vector)e);
            }
        }
        float each[16];
        memcpy(each, sums, sizeof each);
        sum += sum_of(each, lanes);
    }
    for (int64_t j = row->from; j < row->low; j++) {
        x[j] = 0;
    }
    for (int64_t j = row->n; j < row->end; j++) {
        x[j] = 0;
    }
    return sum;
}

/* A row's scores become its probabilities, and its gradients of probabilities those of scores, times scale; the others of its block zeros. */
static void gradients(float *p, float *ds, const struct row *row, float lse, float delta, float scale) {
    const float shift = lse != lse ? __builtin_nanf("") : delta; /* the exponential hides it */
    const vector factor = EACH(scale);
    const vector less = EACH(-lse);
    for (int64_t j = row->low / row->lanes * row->lanes; j < row->n; j += LANES) {
        const floats e = (floats)power_of_e(FUSED(LOAD(p + j), factor, less));
        STORE(p + j, (vector)e);
        STORE(ds + j, (vector)(((floats)LOAD(ds + j) - shift) * (e * scale)));
    }
    for (int64_t j = row->from; j < row->low; j++) {
        p[j] = 0;
        ds[j] = 0;
    }
    for (int64_t j = row->n; j < row->end; j++) {
        p[j] = 0;
        ds[j] = 0;
    }
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
