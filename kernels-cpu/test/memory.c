#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATTERN = 0xa5 };

struct memory memory_new(size_t bytes, int at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t readable = (bytes + page - 1) / page * page + (bytes == 0 ? page : 0);
    unsigned char *all = mmap(NULL, readable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (all == MAP_FAILED || mprotect(all + page, readable, PROT_READ | PROT_WRITE) != 0) {
        perror("mmap");
        exit(2);
    }
    unsigned char *pages = all + page;
    struct memory m = {at_end ? pages + readable - bytes : pages, bytes, pages, readable};
    memset(at_end ? pages : pages + bytes, PATTERN, readable - bytes);
    return m;
}

static int has_pattern(const unsigned char *from, const unsigned char *to) {
    while (from < to) {
        if (*from++ != PATTERN) {
            return 0;
        }
    }
    return 1;
}

int memory_is_clean(const struct memory *m) {
    const unsigned char *at = m->at;
    return has_pattern(m->pages, at) && has_pattern(at + m->bytes, m->pages + m->readable);
}

void memory_free(struct memory *m) {
    if (m->at) {
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        munmap(m->pages - page, m->readable + 2 * page);
        m->at = NULL;
    }
}
