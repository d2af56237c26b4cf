/* Memory between unreadable pages, so that a read or write outside of it ends the program. */
#ifndef CANDOR_CPU_TEST_MEMORY_H
#define CANDOR_CPU_TEST_MEMORY_H

#include <stddef.h>

struct memory {
    void *at;
    size_t bytes;
    unsigned char *pages; /* readable ones */
    size_t readable;
};

/* At the end of its pages, or at their beginning; zeros. What is left of the pages gets a pattern. */
struct memory memory_new(size_t bytes, int at_end);

/* Whether the pattern is still there. */
int memory_is_clean(const struct memory *m);

/* Of the memory of a null pointer: nothing. */
void memory_free(struct memory *m);

#endif
