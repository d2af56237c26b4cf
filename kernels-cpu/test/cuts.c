#include "suite.h"

#include <stdio.h>
#include <string.h>

/* The part of a product from (row, col) on; columns begin with a panel. */
static struct candor_cpu_product part(
    const struct operands *o, const struct problem *p, int row, int rows, int col, int cols, int fresh) {
    struct candor_cpu_product product = o->product;
    const int panel = col / p->width;
    product.a += row * product.a_row;
    product.a2 += row * product.a2_row;
    product.c += row * product.c_row + col;
    if (product.init) {
        product.init += row * product.init_row + col;
    }
    product.b_at += p->panels >= CANDOR_CPU_PLAIN_ROWS ? col : panel * product.b_panel;
    product.first_panel += panel;
    product.b2_at += panel * product.b2_panel;
    product.rows = rows;
    product.cols = cols;
    product.fresh = fresh;
    return product;
}

/* In blocks of so many rows and panels. */
static void check(struct tally *tally, const struct problem *p, int rows, int panels) {
    struct operands o;
    operands_new(&o, p);
    struct memory *scratch = scratch_of(p->begin);
    now_at(p);
    for (int r = 0; r < p->rows; r += rows) {
        for (int c = 0; c < p->cols; c += panels * p->width) {
            const struct candor_cpu_product product =
                part(&o, p, r, r + rows < p->rows ? rows : p->rows - r, c,
                     c + panels * p->width < p->cols ? panels * p->width : p->cols - c, c == 0);
            candor_cpu_multiply(p->kind, &product, scratch->at, o.b.at, o.b2.at, o.scales.at);
        }
    }
    const int right = operands_are_right(&o, p) && memory_is_clean(scratch);
    if (!right) {
        printf("  in calls of %d rows and %d panels\n", rows, panels);
    }
    count(tally, right);
    operands_free(&o);
}

void test_cuts(int kind, struct tally *tally) {
    static const int rows[] = {1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 40};
    for (int arithmetic = 0; arithmetic < 3; arithmetic++) {
        if (!candor_cpu_has(kind, arithmetic)) {
            continue;
        }
        const int paired = arithmetic == CANDOR_CPU_PAIRS;
        for (int i = 0; i < 66; i++) {
            const struct problem p = {
                .kind = kind,
                .arithmetic = arithmetic,
                .panels = i % 3 ? CANDOR_CPU_BF16_PANELS + i % 6 : paired ? CANDOR_CPU_PAIR_PANELS : CANDOR_CPU_FLOAT_PANELS,
                .width = width_of_kind(kind),
                .rows = 20 + i % 30,
                .cols = 3 * width_of_kind(kind) + i % 5,
                /* Fewer columns see A's copy anew where the depth is cut: then `fresh` has to be understood for each part. */
                .depth = i % 8 == 5 ? 4500 : 3 + 7 * i,
                .depth2 = i % 4 * 5,
                .init = (enum init)(i % 3),
                .across = i % 2,
                .gap = i % 5 % 3,
                .begin = i % 2,
                .scale_rows = i % 4 * 8,
                .sharing = 1 + i % 2,
                .first_panel = i % 3,
                .first_row = i % 4 * 4,
            };
            check(tally, &p, rows[i % 11], 1 + i % 3);
        }
    }
}
