#include "problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What C holds in the gaps between its rows. */
static const uint32_t GAP = 0x5a5a5a5a;

const char *name_of_kind(int kind) {
    static const char *const names[CANDOR_CPU_KERNELS] = {"avx2", "avx512", "avx512bf16", "amx", "neon", "neonbf16"};
    return names[kind];
}

int width_of_kind(int kind) {
    return kind == CANDOR_CPU_AVX2 ? 16 : kind >= CANDOR_CPU_NEON ? 8 : 32;
}

enum chain pairs_of_kind(int kind) {
    return kind == CANDOR_CPU_AVX512BF16 ? CHAIN_VDP : kind == CANDOR_CPU_AMX ? CHAIN_TDP : CHAIN_BFMMLA;
}

const char *problem_text(const struct problem *p) {
    static const char *const arithmetics[] = {"floats", "rounded", "pairs"};
    static const char *const panels[] = {"float", "pair", "bf16", "nf4", "int8", "fp8", "(none: rows of floats)", "(none: rows of bf16)"};
    static const char *const inits[] = {"none", "matrix", "row", "C"};
    static char text[400];
    snprintf(
        text, sizeof text,
        "%s in %s: %d rows, %d cols, depth %d + %d, %s panels of %d, A %s, init %s, gap %d, values %d, guarded at the %s; codes from panel %d, "
        "row %d, scales of %d rows, %d panels",
        name_of_kind(p->kind), arithmetics[p->arithmetic], p->rows, p->cols, p->depth, p->depth2, panels[p->panels], p->width,
        p->across ? "across" : "along", inits[p->init], p->gap, (int)p->values, p->begin ? "beginning" : "end", p->first_panel,
        p->first_row, p->scale_rows, p->sharing);
    return text;
}

static float some_value(enum values values) {
    const float x = random_float();
    if (values == VALUES_TINY && random_below(2)) {
        return x * 0x1p-125f;
    }
    return x;
}

/* Rows of a panel in an element of 32 bits of codes, and the bits of a code. */
static int rows_of_codes(int panels) {
    return panels == CANDOR_CPU_NF4_PANELS ? 4 : panels == CANDOR_CPU_BF16_PANELS ? 1 : 2;
}

static int bits_of_codes(int panels) {
    return panels == CANDOR_CPU_NF4_PANELS ? 4 : panels == CANDOR_CPU_BF16_PANELS ? 16 : 8;
}

/* What a code stands for, by its definition. */
static float value_of_code(int panels, uint32_t code) {
    static const float nf4[16] = {
        -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};
    switch (panels) {
    case CANDOR_CPU_NF4_PANELS:
        return nf4[code];
    case CANDOR_CPU_INT8_PANELS:
        return (float)(int8_t)code;
    case CANDOR_CPU_FP8_PANELS: { /* E4M3: sign, four bits of exponent with bias 7, three of fraction */
        const int exponent = code >> 3 & 15;
        const float fraction = (float)(code & 7);
        const float size = exponent ? ldexpf(8 + fraction, exponent - 10) : ldexpf(fraction, -9);
        return code & 0x80 ? -size : size;
    }
    default:
        return float_of_bits(code << 16);
    }
}

/* What a float becomes. Conversions to pairs of x86 take subnormal numbers for zeros. */
static float operand(const struct problem *p, float x) {
    if (p->arithmetic == CANDOR_CPU_FLOATS) {
        return x;
    }
    return rounded(p->arithmetic == CANDOR_CPU_PAIRS && p->kind < CANDOR_CPU_NEON ? flushed(x) : x);
}

/* From one panel to the next, in elements of 32 bits: more rows than the product has. */
static int64_t panel_elements(const struct problem *p, int panels, int64_t rows) {
    switch (panels) {
    case CANDOR_CPU_FLOAT_PANELS:
        return rows * p->width;
    case CANDOR_CPU_PAIR_PANELS:
        return (rows + 1) / 2 * p->width;
    default:
        return (rows + rows_of_codes(panels) - 1) / rows_of_codes(panels) * p->width / 2;
    }
}

/* Lays out values in panels of floats or pairs; all else is NaN. */
static struct memory lay_out(const struct problem *p, const float *values, int depth, int paired, int64_t at, int64_t panel) {
    const int panels = (p->cols + p->width - 1) / p->width;
    const int64_t rows = panel_elements(p, paired ? CANDOR_CPU_PAIR_PANELS : CANDOR_CPU_FLOAT_PANELS, depth) / p->width;
    struct memory m = memory_new((size_t)(at + (panels - 1) * panel + rows * p->width) * 4, !p->begin);
    uint32_t *to = m.at;
    memset(to, 0xff, m.bytes);
    for (int q = 0; q < depth + (paired && depth % 2); q++) {
        for (int j = 0; j < p->cols; j++) {
            const uint32_t bits = q < depth ? bits_of_float(values[(int64_t)q * p->cols + j]) : 0;
            uint32_t *unit = to + at + j / p->width * panel + (paired ? q / 2 : q) * p->width + j % p->width;
            *unit = !paired ? bits : q % 2 ? (*unit & 0xffff) | (bits & 0xffff0000) : bits >> 16;
        }
    }
    return m;
}

/* The values in rows of their own, not in panels; then what they stand for. All else is NaN. */
static void lay_out_rows(struct operands *o, const struct problem *p) {
    struct candor_cpu_product *product = &o->product;
    const int bf16 = p->panels == CANDOR_CPU_PLAIN_BF16;
    product->b_at = p->gap * 3;
    product->b_panel = p->cols + p->gap;
    const int64_t elements = product->b_at + (p->depth ? (p->depth - 1) * product->b_panel + p->cols : 0);
    o->b = memory_new((size_t)elements * (bf16 ? 2 : 4), !p->begin);
    memset(o->b.at, 0xff, o->b.bytes);
    for (int q = 0; q < p->depth; q++) {
        for (int j = 0; j < p->cols; j++) {
            float *value = &o->values[(int64_t)q * p->cols + j];
            const int64_t at = product->b_at + q * product->b_panel + j;
            if (bf16) {
                *value = rounded(*value);
                ((uint16_t *)o->b.at)[at] = (uint16_t)(bits_of_float(*value) >> 16);
            } else {
                ((float *)o->b.at)[at] = *value;
                *value = operand(p, *value);
            }
        }
    }
}

/* Random codes and scales, and the values that they stand for. */
static void lay_out_codes(struct operands *o, const struct problem *p) {
    struct candor_cpu_product *product = &o->product;
    const int group = rows_of_codes(p->panels);
    const int bits = bits_of_codes(p->panels);
    const int half = p->width / 2;
    const int panels = p->first_panel + (p->cols + p->width - 1) / p->width;
    const int rows = p->first_row + p->depth;
    product->b_panel = panel_elements(p, p->panels, rows + p->gap);
    product->first_panel = p->first_panel;
    product->first_row = p->first_row;
    product->across = p->scale_rows;
    product->sharing = p->sharing;
    o->b = memory_new((size_t)((panels - 1) * product->b_panel + panel_elements(p, p->panels, rows)) * 4, !p->begin);
    uint32_t *codes = o->b.at;
    for (size_t i = 0; i < o->b.bytes / 4; i++) {
        codes[i] = random_bits();
        if (p->panels == CANDOR_CPU_BF16_PANELS) { /* numbers, of about the size of the other operand's */
            codes[i] = bits_of_float(rounded(some_value(p->values))) | bits_of_float(rounded(some_value(p->values))) >> 16;
        }
    }
    const int scaled = p->panels != CANDOR_CPU_BF16_PANELS;
    const int groups = p->scale_rows ? (rows + p->scale_rows - 1) / p->scale_rows : 0;
    const int own = p->scale_rows ? groups * p->width : rows;
    product->scale_stride = own + p->gap;
    float *scales = NULL;
    if (scaled) {
        o->scales = memory_new((size_t)((panels - 1) / p->sharing * product->scale_stride + own) * 4, !p->begin);
        scales = o->scales.at;
        for (size_t i = 0; i < o->scales.bytes / 4; i++) {
            const float size = p->panels == CANDOR_CPU_NF4_PANELS ? 1 : p->panels == CANDOR_CPU_INT8_PANELS ? 127 : 448;
            scales[i] = (random_float() + 1.1f) / size;
        }
    }
    for (int q = 0; q < p->depth; q++) {
        const int row = p->first_row + q;
        for (int j = 0; j < p->cols; j++) {
            const int panel = p->first_panel + j / p->width;
            const int column = j % p->width;
            const uint32_t element = codes[panel * product->b_panel + row / group * half + column % half];
            const uint32_t code = element >> ((row % group * 2 + column / half) * bits) & (uint32_t)((1 << bits) - 1);
            float value = value_of_code(p->panels, code);
            if (scaled) {
                const float *of = scales + panel / p->sharing * product->scale_stride;
                value = rounded(value * (p->scale_rows ? of[row / p->scale_rows * p->width + column] : of[row]));
            }
            o->values[(int64_t)q * p->cols + j] = value;
        }
    }
}

static void fill(float *to, int64_t rows, int64_t cols, int64_t stride, enum values values) {
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < cols; c++) {
            to[r * stride + c] = some_value(values);
        }
    }
}

/* A matrix whose gaps are NaN; its last row ends where the memory does. */
static struct memory matrix(int begin, int64_t rows, int64_t cols, int64_t stride, enum values values) {
    struct memory m = memory_new(rows && cols ? (size_t)((rows - 1) * stride + cols) * 4 : 0, !begin);
    memset(m.at, 0xff, m.bytes);
    fill(m.at, rows, cols, stride, values);
    return m;
}

/* Infinities, NaNs and a subnormal number, at places that a neighbour might be multiplied with. */
static void spoil(float *x, int64_t n) {
    const float wrong[] = {INFINITY, -INFINITY, NAN, 0x1p-130f, 0};
    for (int i = 0; i < 5 && n > 0; i++) {
        x[i % 2 ? n - 1 - random_below((int)(n < 8 ? n : 8)) : random_below((int)n)] = wrong[i];
    }
}

static void expect(struct operands *o, const struct problem *p) {
    const struct candor_cpu_product *product = &o->product;
    const enum chain kind = p->arithmetic == CANDOR_CPU_PAIRS ? pairs_of_kind(p->kind) : CHAIN_FMA;
    const int longest = p->depth > p->depth2 ? p->depth : p->depth2;
    float *row = malloc((size_t)(longest + 1) * sizeof *row);
    for (int r = 0; r < p->rows; r++) {
        float *sums = o->expected + (int64_t)r * p->cols;
        for (int j = 0; j < p->cols; j++) {
            sums[j] = p->init == INIT_NONE ? 0 : product->init[r * product->init_row + j];
        }
        for (int q = 0; q < p->depth; q++) {
            row[q] = operand(p, product->a[r * product->a_row + q * product->a_col]);
        }
        chain(kind, sums, row, o->values, p->cols, p->depth, p->cols);
        for (int q = 0; q < p->depth2; q++) {
            row[q] = operand(p, product->a2[r * product->a2_row + q]);
        }
        chain(kind, sums, row, o->values2, p->cols, p->depth2, p->cols);
    }
    free(row);
}

void operands_reset(struct operands *o, const struct problem *p) {
    uint32_t *c = o->c.at;
    for (size_t i = 0; i < o->c.bytes / 4; i++) {
        c[i] = GAP;
    }
    for (int r = 0; r < p->rows && p->init == INIT_SAME; r++) {
        memcpy(c + r * o->product.c_row, (float *)o->init.at + r * p->cols, (size_t)p->cols * 4);
    }
}

void operands_new(struct operands *o, const struct problem *p) {
    memset(o, 0, sizeof *o);
    struct candor_cpu_product *product = &o->product;
    product->rows = p->rows;
    product->cols = p->cols;
    product->depth = p->depth;
    product->depth2 = p->depth2;
    product->width = p->width;
    product->panels = p->panels;
    product->arithmetic = p->arithmetic;
    product->fresh = 1;

    product->a_row = p->across ? 1 : p->depth + p->gap;
    product->a_col = p->across ? p->rows + p->gap : 1;
    o->a = p->across ? matrix(p->begin, p->depth, p->rows, product->a_col, p->values)
                     : matrix(p->begin, p->rows, p->depth, product->a_row, p->values);
    product->a = o->a.at;
    product->a2_row = p->depth2 + p->gap;
    o->a2 = matrix(p->begin, p->rows, p->depth2, product->a2_row, p->values);
    product->a2 = o->a2.at;
    if (p->values == VALUES_SPECIAL && p->gap == 0) {
        spoil(o->a.at, (int64_t)p->rows * p->depth);
        spoil(o->a2.at, (int64_t)p->rows * p->depth2);
    }

    const int rounds = p->arithmetic != CANDOR_CPU_FLOATS; /* panels are the caller's, who rounds what he lays out */
    o->values = malloc((size_t)p->depth * (size_t)p->cols * 4 + 4);
    o->values2 = malloc((size_t)p->depth2 * (size_t)p->cols * 4 + 4);
    fill(o->values, p->depth, p->cols, p->cols, p->values);
    fill(o->values2, p->depth2, p->cols, p->cols, p->values);
    if (p->values == VALUES_SPECIAL) {
        spoil(o->values, (int64_t)p->depth * p->cols);
        spoil(o->values2, (int64_t)p->depth2 * p->cols);
    }
    for (int64_t i = 0; rounds && p->panels < CANDOR_CPU_PLAIN_ROWS && i < (int64_t)p->depth * p->cols; i++) {
        o->values[i] = rounded(o->values[i]);
    }
    for (int64_t i = 0; rounds && i < (int64_t)p->depth2 * p->cols; i++) {
        o->values2[i] = rounded(o->values2[i]);
    }
    const int paired = p->arithmetic == CANDOR_CPU_PAIRS;
    const int kept2 = paired ? CANDOR_CPU_PAIR_PANELS : CANDOR_CPU_FLOAT_PANELS;
    if (p->panels == CANDOR_CPU_FLOAT_PANELS || p->panels == CANDOR_CPU_PAIR_PANELS) {
        product->b_at = p->gap * 3;
        product->b_panel = panel_elements(p, p->panels, p->depth + 2 * p->gap);
        o->b = lay_out(p, o->values, p->depth, paired, product->b_at, product->b_panel);
    } else if (p->panels >= CANDOR_CPU_PLAIN_ROWS) {
        lay_out_rows(o, p);
    } else {
        lay_out_codes(o, p);
    }
    product->b2_at = p->gap * 5;
    product->b2_panel = panel_elements(p, kept2, p->depth2 + p->gap);
    o->b2 = lay_out(p, o->values2, p->depth2, paired, product->b2_at, product->b2_panel);

    product->c_row = p->cols + p->gap;
    o->c = matrix(p->begin, p->rows, p->cols, product->c_row, VALUES_PLAIN);
    product->c = o->c.at;
    product->init_row = p->init == INIT_ROW ? 0 : p->init == INIT_SAME ? p->cols : p->cols + 2 * p->gap;
    o->init = matrix(p->begin, p->init == INIT_ROW ? 1 : p->rows, p->cols, product->init_row, p->values);
    product->init = p->init == INIT_NONE ? NULL : o->init.at;
    o->expected = malloc((size_t)p->rows * (size_t)p->cols * 4 + 4);
    expect(o, p);
    if (p->init == INIT_SAME) {
        product->init = product->c;
        product->init_row = product->c_row;
    }
    operands_reset(o, p);
}

void operands_free(struct operands *o) {
    struct memory *all[] = {&o->a, &o->a2, &o->init, &o->c, &o->b, &o->b2, &o->scales};
    for (int i = 0; i < 7; i++) {
        memory_free(all[i]);
    }
    free(o->values);
    free(o->values2);
    free(o->expected);
}

static int wrong(const struct problem *p, const char *what, int r, int j, double got, double expected) {
    printf("WRONG %s\n  %s at (%d, %d): %.9g, expected %.9g\n", problem_text(p), what, r, j, got, expected);
    return 0;
}

/* Against float64, where all is finite: a chain of n roundings to 24 bits, and of what is subnormal to zero. */
static int is_near(const struct operands *o, const struct problem *p, int r, int j, float got) {
    const struct candor_cpu_product *product = &o->product;
    const float *init = o->init.at;
    double sum = p->init == INIT_NONE ? 0 : init[(p->init == INIT_ROW ? 0 : r) * (p->init == INIT_SAME ? p->cols : product->init_row) + j];
    double size = fabs(sum);
    for (int q = 0; q < p->depth + p->depth2; q++) {
        const int second = q >= p->depth;
        const float x = second ? product->a2[r * product->a2_row + q - p->depth] : product->a[r * product->a_row + q * product->a_col];
        const float y = second ? o->values2[(int64_t)(q - p->depth) * p->cols + j] : o->values[(int64_t)q * p->cols + j];
        const double term = (double)operand(p, x) * y;
        sum += term;
        size += fabs(term);
    }
    if (!isfinite(sum)) {
        return !isfinite(got);
    }
    const int n = p->depth + p->depth2 + 1;
    return fabs(got - sum) <= size * n * 0x1p-23 + n * 0x1p-125;
}

int operands_are_right(const struct operands *o, const struct problem *p) {
    const struct candor_cpu_product *product = &o->product;
    const float *c = o->c.at;
    for (int r = 0; r < p->rows; r++) {
        for (int j = 0; j < p->cols; j++) {
            const float got = c[r * product->c_row + j];
            const float expected = o->expected[(int64_t)r * p->cols + j];
            if (isnan(expected) ? !isnan(got) : bits_of_float(got) != bits_of_float(expected)) {
                return wrong(p, "the chain", r, j, got, expected);
            }
        }
        /* Three columns of each row: the chain above says the same of all. */
        for (int i = 0; i < 3; i++) {
            const int j = i == 0 ? 0 : i == 1 ? p->cols - 1 : random_below(p->cols);
            const float got = c[r * product->c_row + j];
            if (!is_near(o, p, r, j, got)) {
                return wrong(p, "float64", r, j, got, o->expected[(int64_t)r * p->cols + j]);
            }
        }
        for (int64_t j = p->cols; j < product->c_row && r + 1 < p->rows; j++) {
            if (bits_of_float(c[r * product->c_row + j]) != GAP) {
                return wrong(p, "the gap beside C", r, (int)j, c[r * product->c_row + j], float_of_bits(GAP));
            }
        }
    }
    if (!memory_is_clean(&o->c)) {
        return wrong(p, "memory around C", 0, 0, 0, 0);
    }
    return 1;
}
