/* suite [ONE_OF]: tests every kind of kernels that this processor has; ONE_OF: one of so many products alone. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int one_of = 1;

static struct memory scratch[2];
static const struct problem *current;

struct memory *scratch_of(int begin) {
    return &scratch[begin];
}

void now_at(const struct problem *p) {
    current = p;
}

void count(struct tally *tally, int right) {
    current = NULL;
    if (right) {
        tally->passed++;
        return;
    }
    tally->failed++;
    if (tally->failed == 5) {
        printf("FAILED: more is not tried\n");
        exit(1);
    }
}

static void ended(int number) {
    const char *text = current ? problem_text(current) : "no product";
    static const char what[] = "WRONG: memory that is not the operands' was touched, or the like: ";
    (void)!write(STDOUT_FILENO, what, sizeof what - 1);
    (void)!write(STDOUT_FILENO, text, strlen(text));
    (void)!write(STDOUT_FILENO, "\n", 1);
    signal(number, SIG_DFL);
    raise(number);
}

int main(int count_of, char **arguments) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count_of > 1) {
        one_of = atoi(arguments[1]);
    }
    signal(SIGSEGV, ended);
    signal(SIGBUS, ended);
    signal(SIGILL, ended);
    signal(SIGABRT, ended);
    if (candor_cpu_api_version() != CANDOR_CPU_API_VERSION) {
        printf("WRONG: version %d, expected %d\n", candor_cpu_api_version(), CANDOR_CPU_API_VERSION);
        return 1;
    }
    struct tally all = {0};
    uint32_t digests[2] = {0}; /* of attention in 8 and 16 lanes */
    for (int kind = 0; kind < CANDOR_CPU_KERNELS; kind++) {
        if (!(candor_cpu_supported() >> kind & 1)) {
            printf("%-12s skipped: this processor, or this build, does not have it\n", name_of_kind(kind));
            continue;
        }
        for (int begin = 0; begin < 2; begin++) {
            scratch[begin] = memory_new((size_t)candor_cpu_scratch_bytes(), !begin);
        }
        seed((uint64_t)kind + 1);
        struct tally tally = {0};
        test_packing(kind, &tally);
        test_products(kind, &tally);
        test_cuts(kind, &tally);
        for (int i = 0; i < 2; i++) {
            const uint32_t now = test_attention(kind, 8 << i, &tally);
            if (now && digests[i] && now != digests[i]) {
                printf("WRONG attention in %d lanes: other bytes in floats than the kind before\n", 8 << i);
                tally.failed++;
            }
            digests[i] = now ? now : digests[i];
        }
        printf("%-12s %lld passed, %lld failed\n", name_of_kind(kind), (long long)tally.passed, (long long)tally.failed);
        all.passed += tally.passed;
        all.failed += tally.failed;
        memory_free(&scratch[0]);
        memory_free(&scratch[1]);
    }
    printf("attention's bytes: %08x %08x\n", digests[0], digests[1]);
    if (all.passed + all.failed == 0) {
        printf("nothing was tested\n");
    }
    return all.failed > 0;
}
