/* NEON's vectors, as vectors.h and widen.h want them. */
#include <arm_neon.h>

#include "kernels.h"

typedef float32x4_t vector;
typedef uint32x4_t units;

#define LANES 4
/* So that a register each is left for the rows of A, which compilers load before they multiply. */
#define TALLEST 8
#define LOAD(from) vld1q_f32(from)
#define STORE(to, v) vst1q_f32(to, v)
#define ZERO() vdupq_n_f32(0)
#define LOAD_UNITS(from) vld1q_u32(from)
#define SPREAD(x) vdupq_n_u32(x)

/* The table's bytes by the numbers of bytes. */
static inline uint8x16_t lookup(uint32x4_t index, const float *table) {
    const uint8_t *bytes = (const uint8_t *)table;
    const uint8x16x4_t all = {{vld1q_u8(bytes), vld1q_u8(bytes + 16), vld1q_u8(bytes + 32), vld1q_u8(bytes + 48)}};
    return vqtbl4q_u8(all, vreinterpretq_u8_u32(vmlaq_n_u32(vdupq_n_u32(0x03020100), index, 0x04040404)));
}

#define LOOKUP(index, table) (ints) lookup((uint32x4_t)(index), table)
