#include "suite.h"

static void check(struct tally *tally, const struct problem *p) {
    static int64_t turn;
    if (turn++ % one_of) {
        return;
    }
    struct operands o;
    struct memory *scratch = scratch_of(p->begin);
    operands_new(&o, p);
    now_at(p);
    candor_cpu_multiply(p->kind, &o.product, scratch->at, o.b.at, o.b2.at, o.scales.at);
    count(tally, operands_are_right(&o, p) && memory_is_clean(scratch));
    operands_free(&o);
}

static const int depths2[] = {0, 1, 8, 16, 300};

/* What changes from one problem to the next, whatever else does. */
static void vary(struct problem *p, int i) {
    p->gap = i % 3;
    p->begin = i / 3 % 2;
    p->init = (enum init)(i % INITS);
}

static void sizes(struct tally *tally, struct problem p) {
    static const int cols[] = {1, 15, 16, 17, 31, 32, 33, 100};
    int i = 0;
    for (int rows = 1; rows <= 35; rows++) {
        p.rows = rows <= 33 ? rows : rows + 221; /* 255, 256 */
        for (int c = 0; c < 8; c++) {
            for (p.across = 0; p.across < 2; p.across++) {
                p.cols = cols[c];
                p.depth = 5 + 2 * (i % 17);
                vary(&p, i);
                p.depth2 = depths2[i++ % 5];
                check(tally, &p);
            }
        }
    }
}

static void depths(struct tally *tally, struct problem p) {
    static const int all[] = {0, 1, 2, 3, 255, 256, 257, 511, 513, 1027, 5000};
    static const int rows[] = {1, 7, 33};
    int i = 0;
    for (int d = 0; d < 11; d++) {
        for (int init = 0; init < INITS; init++) {
            for (int second = 0; second < 5; second++) {
                for (p.across = 0; p.across < 2; p.across++) {
                    p.depth = all[d];
                    p.depth2 = depths2[second];
                    p.rows = rows[i % 3];
                    p.cols = i % 2 ? p.width + 1 : 19;
                    vary(&p, i++);
                    p.init = (enum init)init;
                    check(tally, &p);
                }
            }
        }
    }
    /* Where the copy of A does not hold all of the depth. */
    for (p.across = 0; p.across < 2; p.across++) {
        p.rows = 250;
        p.cols = 40;
        p.depth = 2500;
        p.depth2 = 300;
        vary(&p, 1);
        check(tally, &p);
        p.rows = 70;
        p.depth = 5000;
        check(tally, &p);
    }
}

static void specials(struct tally *tally, struct problem p) {
    static const int depths[] = {1, 2, 17, 33, 259};
    int i = 0;
    for (int d = 0; d < 5; d++) {
        for (p.across = 0; p.across < 2; p.across++) {
            for (p.rows = 1; p.rows < 40; p.rows += 6) {
                p.depth = depths[d];
                p.depth2 = i % 2 * 3;
                p.cols = p.width + i % p.width;
                vary(&p, i++);
                p.gap = i % 4 ? 0 : 2;
                p.values = VALUES_SPECIAL;
                check(tally, &p);
                p.values = VALUES_TINY;
                check(tally, &p);
                if (i % 3 == 0) {
                    const int kept = p.panels;
                    p.panels = CANDOR_CPU_PLAIN_ROWS + i % 2;
                    check(tally, &p);
                    p.values = VALUES_SPECIAL;
                    check(tally, &p);
                    p.panels = kept;
                }
            }
        }
    }
}

static void codes(struct tally *tally, struct problem p) {
    static const int depths[] = {1, 2, 3, 5, 31, 64, 255, 257, 513, 1027};
    static const int rows[] = {1, 5, 33, 64};
    static const int scale_rows[] = {0, 4, 32, 64, 128};
    int i = 0;
    for (p.panels = CANDOR_CPU_BF16_PANELS; p.panels <= CANDOR_CPU_PLAIN_BF16; p.panels++) {
        for (int d = 0; d < 10; d++) {
            for (int s = 0; s < 5; s++) {
                p.depth = depths[d];
                p.rows = rows[i % 4];
                p.cols = i % 3 ? p.width * 2 + 3 : p.width - 1;
                p.across = i % 7 == 3;
                vary(&p, i);
                p.scale_rows = scale_rows[s];
                p.sharing = 1 + i % 3;
                p.first_panel = i % 4;
                p.first_row = i % 5 * 4;
                p.depth2 = depths2[i++ % 4];
                check(tally, &p);
            }
        }
    }
}

static void any(struct tally *tally, struct problem p) {
    const int kept = p.panels;
    for (int i = 0; i < 600; i++) {
        p.rows = 1 + random_below(i % 10 ? 48 : CANDOR_CPU_MOST_ROWS);
        p.cols = 1 + random_below(i % 10 ? 80 : 300);
        p.depth = random_below(i % 10 ? 100 : 1500);
        p.depth2 = random_below(2) ? random_below(40) : 0;
        p.init = (enum init)random_below(INITS);
        p.across = random_below(2);
        p.gap = random_below(5);
        p.begin = random_below(2);
        p.panels = random_below(2) ? kept : CANDOR_CPU_BF16_PANELS + random_below(6);
        p.scale_rows = 4 * random_below(20);
        p.sharing = 1 + random_below(4);
        p.first_panel = random_below(5);
        p.first_row = 4 * random_below(5);
        check(tally, &p);
    }
}

void test_products(int kind, struct tally *tally) {
    for (int arithmetic = 0; arithmetic < 3; arithmetic++) {
        if (!candor_cpu_has(kind, arithmetic)) {
            continue;
        }
        /* Panels are multiples of the kind's own. */
        for (int width = width_of_kind(kind); width <= 32; width *= 2) {
            const int paired = arithmetic == CANDOR_CPU_PAIRS;
            const struct problem p = {
                .kind = kind,
                .arithmetic = arithmetic,
                .panels = paired ? CANDOR_CPU_PAIR_PANELS : CANDOR_CPU_FLOAT_PANELS,
                .width = width,
                .sharing = 1,
            };
            sizes(tally, p);
            depths(tally, p);
            specials(tally, p);
            codes(tally, p);
            any(tally, p);
        }
    }
}
