/* The functions of candor_cpu.h: which kernels there are, and which are called. */
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

static const struct kernels *const all[CANDOR_CPU_KERNELS] = {
/* The build says which files the compiler could take. */
#if defined(CANDOR_CPU_WITH_AVX2)
    [CANDOR_CPU_AVX2] = &candor_cpu_avx2,
#endif
#if defined(CANDOR_CPU_WITH_AVX512)
    [CANDOR_CPU_AVX512] = &candor_cpu_avx512,
#endif
#if defined(CANDOR_CPU_WITH_AVX512BF16)
    [CANDOR_CPU_AVX512BF16] = &candor_cpu_avx512bf16,
#endif
#if defined(CANDOR_CPU_WITH_AMX)
    [CANDOR_CPU_AMX] = &candor_cpu_amx,
#endif
#if defined(CANDOR_CPU_WITH_NEON)
    [CANDOR_CPU_NEON] = &candor_cpu_neon,
#endif
#if defined(CANDOR_CPU_WITH_NEONBF16)
    [CANDOR_CPU_NEONBF16] = &candor_cpu_neonbf16,
#endif
};

/* Those whose place a kind takes in what it does not do itself. */
static const int32_t below[CANDOR_CPU_KERNELS] = {
    [CANDOR_CPU_AVX2] = -1,
    [CANDOR_CPU_AVX512] = -1,
    [CANDOR_CPU_AVX512BF16] = CANDOR_CPU_AVX512,
    [CANDOR_CPU_AMX] = CANDOR_CPU_AVX512BF16,
    [CANDOR_CPU_NEON] = -1,
    [CANDOR_CPU_NEONBF16] = CANDOR_CPU_NEON,
};

int32_t candor_cpu_multiplier(int32_t kind, int32_t arithmetic) {
    while (kind >= 0 && !(all[kind] && all[kind]->multiply[arithmetic])) {
        kind = below[kind];
    }
    return kind;
}

const struct kernels *candor_cpu_packer(int32_t kind) {
    while (!all[kind]->pack_pairs) {
        kind = below[kind];
    }
    return all[kind];
}

const struct kernels *candor_cpu_rows(int32_t kind) {
    while (!all[kind]->exponentials) {
        kind = below[kind];
    }
    return all[kind];
}

CANDOR_CPU_API int32_t candor_cpu_api_version(void) {
    return CANDOR_CPU_API_VERSION;
}

#if defined(__x86_64__)
#if defined(CANDOR_CPU_EMULATE_AMX)
static int has_amx(void) {
    return 1; /* amx_model.h */
}
#elif defined(__linux__)
/* Whether there is AMX with bf16, the system keeps its registers, and lets this process have them: Linux wants to be asked. */
static int has_amx(void) {
    enum { OSXSAVE = 1 << 27, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, TILE_STATES = 3 << 17, TILE_DATA = 18, REQUEST = 0x1023 };
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE)) {
        return 0;
    }
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & AMX_TILE) || !(d & AMX_BF16)) {
        return 0;
    }
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & TILE_STATES) == TILE_STATES && syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0; /* ARCH_REQ_XCOMP_PERM */
}
#else
static int has_amx(void) {
    return 0; /* no Mac has it */
}
#endif
#endif

/* The kinds that this processor and this system run. */
static int64_t here(void) {
    int64_t found = 0;
#if defined(__x86_64__)
    /* These ask the operating system, too, whether it keeps the registers. */
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found |= 1 << CANDOR_CPU_AVX2;
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        found |= 1 << CANDOR_CPU_AVX512;
        if (__builtin_cpu_supports("avx512bf16")) {
            found |= 1 << CANDOR_CPU_AVX512BF16;
            if (has_amx()) {
                found |= 1 << CANDOR_CPU_AMX;
            }
        }
    }
#elif defined(__aarch64__)
    found |= 1 << CANDOR_CPU_NEON;
#if defined(__linux__)
    enum { BF16 = 1 << 14 }; /* HWCAP2_BF16 */
    if (getauxval(AT_HWCAP2) & BF16) {
        found |= 1 << CANDOR_CPU_NEONBF16;
    }
#elif defined(__APPLE__)
    int32_t bf16 = 0;
    size_t bytes = sizeof bf16;
    if (sysctlbyname("hw.optional.arm.FEAT_BF16", &bf16, &bytes, NULL, 0) == 0 && bf16) {
        found |= 1 << CANDOR_CPU_NEONBF16;
    }
#endif
#endif
    return found;
}

CANDOR_CPU_API int64_t candor_cpu_supported(void) {
    int64_t found = here();
    for (int kind = 0; kind < CANDOR_CPU_KERNELS; kind++) {
        if (!all[kind]) {
            found &= ~((int64_t)1 << kind);
        }
    }
    return found;
}

CANDOR_CPU_API int32_t candor_cpu_has(int32_t kernels, int32_t arithmetic) {
    return candor_cpu_multiplier(kernels, arithmetic) >= 0;
}

CANDOR_CPU_API int64_t candor_cpu_scratch_bytes(void) {
    return sizeof(struct scratch);
}

CANDOR_CPU_API int32_t candor_cpu_most_rows(int32_t arithmetic, int32_t depth2) {
    const int64_t units = arithmetic == CANDOR_CPU_PAIRS ? ((int64_t)depth2 + 1) / 2 : depth2;
    const int64_t pieces = (units + PIECE - 1) / PIECE;
    const int64_t rows = pieces ? MOST_COPIED / (pieces * PIECE) / 32 * 32 : CANDOR_CPU_MOST_ROWS;
    return rows < 32 ? 32 : least(rows, CANDOR_CPU_MOST_ROWS);
}

CANDOR_CPU_API void candor_cpu_multiply(
    int32_t kernels,
    const struct candor_cpu_product *product,
    void *scratch,
    const void *b,
    const void *b2,
    const float *scales) {
    all[candor_cpu_multiplier(kernels, product->arithmetic)]->multiply[product->arithmetic](product, scratch, b, b2, scales);
}

CANDOR_CPU_API void candor_cpu_pack_pairs(
    int32_t kernels,
    void *to,
    int64_t at,
    const void *from,
    int64_t stride,
    int32_t bf16,
    int32_t across,
    int32_t depth,
    int32_t cols,
    int32_t width,
    float scale) {
    const struct packing packing = {from, stride, bf16, across, depth, cols, width, scale};
    candor_cpu_packer(kernels)->pack_pairs(&packing, (unit *)to + at);
}
