/* One product, its operands in guarded memory, and what must come out. */
#ifndef CANDOR_CPU_TEST_PROBLEM_H
#define CANDOR_CPU_TEST_PROBLEM_H

#include "candor_cpu.h"
#include "memory.h"
#include "numbers.h"

enum init {
    INIT_NONE,
    INIT_MATRIX,
    INIT_ROW,
    INIT_SAME, /* C itself */
    INITS
};

enum values {
    VALUES_PLAIN,
    VALUES_SPECIAL, /* some infinities and NaNs, and subnormal numbers */
    VALUES_TINY     /* many subnormal numbers */
};

/* What is asked for. */
struct problem {
    int kind;
    int arithmetic;
    int panels;
    int width;
    int rows;
    int cols;
    int depth;
    int depth2;
    enum init init;
    int across; /* whether A is read so */
    int gap;    /* floats between rows of A, of init, of C; rows between panels */
    enum values values;
    int begin; /* where memory is guarded: at its beginning, else at its end */
    /* Of codes. */
    int first_panel;
    int first_row;
    int scale_rows; /* candor_cpu_product's `across` */
    int sharing;
};

struct operands {
    struct memory a, a2, init, c, b, b2, scales;
    struct candor_cpu_product product;
    /* What B and B₂ stand for: (depth, cols) and (depth2, cols). */
    float *values;
    float *values2;
    float *expected; /* (rows, cols) */
};

/* Kinds that are asked for here, and their names. */
const char *name_of_kind(int kind);

/* Columns of the narrowest panel of a kind, and how its pairs add. */
int width_of_kind(int kind);
enum chain pairs_of_kind(int kind);

/* A line for people. */
const char *problem_text(const struct problem *p);

void operands_new(struct operands *o, const struct problem *p);
void operands_free(struct operands *o);

/* C as it was before the product. */
void operands_reset(struct operands *o, const struct problem *p);

/* 1 where C is what it should be and nothing else was written; else says what is wrong. */
int operands_are_right(const struct operands *o, const struct problem *p);

#endif
