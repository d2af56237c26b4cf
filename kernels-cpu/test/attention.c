#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attention_case {
    int kind;
    int arithmetic;
    int length;
    int width;
    int group;
    int window;
    int lanes;
    int gap;
    int begin;
    int nan_at; /* a token whose key is not a number, or −1 */
};

struct tensors {
    struct memory qkv, o, maxima, sums, lse, dout, dqkv, work;
    struct candor_cpu_attention job;
};

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t digest(uint32_t hash, const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 16777619u;
    }
    return hash;
}

static struct memory floats(const struct attention_case *k, int64_t rows, int64_t cols, int64_t stride, int random) {
    struct memory m = memory_new((size_t)((rows - 1) * stride + cols) * 4, !k->begin);
    memset(m.at, 0xff, m.bytes);
    for (int64_t i = 0; random && i < (int64_t)(m.bytes / 4); i++) {
        ((float *)m.at)[i] = random_float();
    }
    return m;
}

static void tensors_new(struct tensors *t, const struct attention_case *k) {
    memset(t, 0, sizeof *t);
    struct candor_cpu_attention *job = &t->job;
    const int queries = k->group * k->width;
    job->qkv_row = queries + 2 * k->width + k->gap;
    job->o_row = queries + k->gap;
    job->dout_row = queries + 2 * k->gap;
    job->dqkv_row = queries + 2 * k->width + 3 * k->gap;
    job->lse_row = k->group + k->gap;
    job->query_col = 0;
    job->key_col = queries;
    job->value_col = queries + k->width;
    job->length = k->length;
    job->width = k->width;
    job->group = k->group;
    job->window = k->window;
    job->lanes = k->lanes;
    job->arithmetic = k->arithmetic;
    job->scale = 1.7f / sqrtf((float)k->width);
    t->qkv = floats(k, k->length, queries + 2 * k->width, job->qkv_row, 1);
    t->o = floats(k, k->length, queries, job->o_row, 0);
    t->maxima = floats(k, k->length, k->group, job->lse_row, 0);
    t->sums = floats(k, k->length, k->group, k->group, 0);
    t->lse = floats(k, k->length, k->group, job->lse_row, 0);
    t->dout = floats(k, k->length, queries, job->dout_row, 1);
    t->dqkv = floats(k, k->length, queries + 2 * k->width, job->dqkv_row, 0);
    if (k->nan_at >= 0) {
        ((float *)t->qkv.at)[k->nan_at * job->qkv_row + job->key_col + k->width / 2] = NAN;
    }
    job->qkv = t->qkv.at;
    job->o = t->o.at;
    job->maxima = t->maxima.at;
    job->sums = t->sums.at;
    job->lse = t->lse.at;
    job->dout = t->dout.at;
    job->dqkv = t->dqkv.at;
}

static int tensors_are_clean(struct tensors *t) {
    struct memory *all[] = {&t->qkv, &t->o, &t->maxima, &t->sums, &t->lse, &t->dout, &t->dqkv};
    int clean = 1;
    for (int i = 0; i < 7; i++) {
        clean &= memory_is_clean(all[i]);
        memory_free(all[i]);
    }
    return clean;
}

/* What is near: so much of the size of its terms. Operands rounded to bf16 are off by 2⁻⁹ each. */
static int near(const struct attention_case *k, const char *what, int i, int j, double got, double expected, double size) {
    const double most = size * (k->arithmetic == CANDOR_CPU_FLOATS ? 2e-5 : 0x1p-6) + 1e-6;
    if (isnan(expected) ? isnan(got) : fabs(got - expected) <= most) {
        return 1;
    }
    printf(
        "WRONG attention: %s (%d, %d): %g, expected %g within %g\n  %s: arithmetic %d, length %d, width %d, group %d, window %d, lanes %d, "
        "gap %d, NaN at %d\n",
        what, i, j, got, expected, most, name_of_kind(k->kind), k->arithmetic, k->length, k->width, k->group, k->window, k->lanes, k->gap,
        k->nan_at);
    return 0;
}

/* Attention and its gradients in float64: Vaswani et al. 2017, equation 1, under a causal mask with a window. */
static int is_right(const struct tensors *t, const struct attention_case *k) {
    const struct candor_cpu_attention *job = &t->job;
    const int cols = (k->group + 2) * k->width;
    double *gradient = calloc((size_t)(k->length * cols * 2), sizeof *gradient);
    double *size = gradient + k->length * cols;
    double *p = calloc((size_t)k->length, sizeof *p);
    int right = 1;
    for (int head = 0; head < k->group; head++) {
        const int col = head * k->width;
        for (int i = 0; i < k->length && right; i++) {
            const float *q = job->qkv + i * job->qkv_row + col;
            const float *dout = job->dout + i * job->dout_row + col;
            const int low = k->window && i + 1 > k->window ? i + 1 - k->window : 0;
            double max = -INFINITY;
            int nan = 0;
            for (int j = low; j <= i; j++) {
                p[j] = 0;
                for (int c = 0; c < k->width; c++) {
                    p[j] += (double)q[c] * job->qkv[j * job->qkv_row + job->key_col + c];
                }
                p[j] *= job->scale;
                nan |= isnan(p[j]);
                max = fmax(max, p[j]);
            }
            double sum = 0;
            for (int j = low; j <= i; j++) {
                p[j] = exp(p[j] - max);
                sum += p[j];
            }
            const int64_t at = i * job->lse_row + head;
            const double lse = (double)job->maxima[at] + log((double)job->sums[i * k->group + head]);
            right &= near(k, "log-sum-exp", i, head, lse, nan ? NAN : max + log(sum), 1);
            double delta = 0;
            double delta_size = 0;
            for (int c = 0; c < k->width; c++) {
                double o = 0;
                for (int j = low; j <= i; j++) {
                    o += p[j] / sum * job->qkv[j * job->qkv_row + job->value_col + c];
                }
                right &= near(k, "o", i, col + c, job->o[i * job->o_row + col + c], nan ? NAN : o, 1);
                delta += dout[c] * o;
                delta_size += fabs(dout[c]);
            }
            for (int j = low; j <= i; j++) {
                const float *key = job->qkv + j * job->qkv_row + job->key_col;
                const float *value = job->qkv + j * job->qkv_row + job->value_col;
                double slope = -delta;
                for (int c = 0; c < k->width; c++) {
                    slope += (double)dout[c] * value[c];
                }
                slope *= p[j] / sum * job->scale;
                const double most = p[j] / sum * job->scale * 2 * delta_size;
                for (int c = 0; c < k->width; c++) {
                    const int dq = i * cols + col + c;
                    const int dk = j * cols + job->key_col + c;
                    const int dv = j * cols + job->value_col + c;
                    gradient[dq] += slope * key[c];
                    size[dq] += most;
                    gradient[dk] += slope * q[c];
                    size[dk] += most;
                    gradient[dv] += p[j] / sum * dout[c];
                    size[dv] += p[j] / sum;
                }
            }
        }
    }
    for (int i = 0; i < k->length && right && k->nan_at < 0; i++) {
        for (int c = 0; c < cols && right; c++) {
            right = near(k, "dqkv", i, c, job->dqkv[i * job->dqkv_row + c], gradient[i * cols + c], size[i * cols + c]);
        }
    }
    free(gradient);
    free(p);
    return right;
}

/* Forward and backward; what came out is added to `hash`. */
static void check(struct tally *tally, const struct attention_case *k, uint32_t *hash) {
    struct tensors t;
    tensors_new(&t, k);
    struct memory *scratch = scratch_of(k->begin);
    t.work = memory_new((size_t)candor_cpu_attention_bytes(k->length, k->width, k->lanes, 0), !k->begin);
    candor_cpu_attend(k->kind, &t.job, scratch->at, t.work.at);
    int right = memory_is_clean(&t.work);
    memory_free(&t.work);
    for (int i = 0; i < k->length; i++) {
        for (int head = 0; head < k->group; head++) {
            const int64_t at = i * t.job.lse_row + head;
            ((float *)t.lse.at)[at] = t.job.maxima[at] + (float)log((double)t.job.sums[i * k->group + head]);
        }
    }
    t.work = memory_new((size_t)candor_cpu_attention_bytes(k->length, k->width, k->lanes, 1), !k->begin);
    candor_cpu_attend_backward(k->kind, &t.job, scratch->at, t.work.at);
    right &= memory_is_clean(&t.work) && memory_is_clean(scratch) && is_right(&t, k);
    memory_free(&t.work);
    if (k->nan_at < 0) {
        *hash = digest(*hash, t.o.at, t.o.bytes);
        *hash = digest(*hash, t.dqkv.at, t.dqkv.bytes);
    }
    right &= tensors_are_clean(&t);
    count(tally, right);
}

uint32_t test_attention(int kind, int lanes, struct tally *tally) {
    static const int lengths[] = {1, 2, 15, 17, 32, 33, 50, 70};
    static const int widths[] = {8, 16, 20, 33, 64};
    uint32_t hash = 2166136261u;
    if (2 * lanes < width_of_kind(kind)) {
        return 0;
    }
    seed(7);
    int i = 0;
    for (int arithmetic = 0; arithmetic < 3; arithmetic++) {
        if (!candor_cpu_has(kind, arithmetic)) {
            continue;
        }
        uint32_t own = hash;
        for (int l = 0; l < 8; l++) {
            for (int w = 0; w < 5; w++, i++) {
                struct attention_case k = {
                    kind, arithmetic, lengths[l], widths[w], 1 + i % 3, i % 4 * 7 % 20, lanes, i % 3, i % 2, -1,
                };
                check(tally, &k, &own);
                if (i % 8 == 3) {
                    k.nan_at = k.length / 2;
                    check(tally, &k, &own);
                }
            }
        }
        if (arithmetic != CANDOR_CPU_PAIRS) {
            hash = own;
        }
    }
    return hash;
}
