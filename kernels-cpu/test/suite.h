/* The suite's parts. Each says what is wrong on stdout, and counts. */
#ifndef CANDOR_CPU_TEST_SUITE_H
#define CANDOR_CPU_TEST_SUITE_H

#include "problem.h"

struct tally {
    int64_t passed;
    int64_t failed;
};

/* One of so many products and panels is tried: 1 for all. Cuts are always whole. */
extern int one_of;

/* Stops the program after some failures. */
void count(struct tally *tally, int right);

/* What is being computed when a signal ends the program. */
void now_at(const struct problem *p);

/* Scratch memory of a kind, that stays from product to product: guarded at its beginning or at its end. */
struct memory *scratch_of(int begin);

/* Every product in every form. */
void test_products(int kind, struct tally *tally);

/* Bytes do not depend on how rows and columns are cut into calls, nor on whether A's copy is made anew. */
void test_cuts(int kind, struct tally *tally);

/* Attention, where a row's sums are taken in so many lanes. Gives a digest of what came out in floats and rounded, which is the same for
 * every kind; 0 where the kind's vectors are longer. */
uint32_t test_attention(int kind, int lanes, struct tally *tally);

/* Panels of pairs. */
void test_packing(int kind, struct tally *tally);

#endif
