/* NEON. */
#include "lanes128.h"

#define FUSED(a, b, c) vfmaq_f32(c, a, b)
#define MULTIPLY_ADD(a, b, c) FUSED(vreinterpretq_f32_u32(a), vreinterpretq_f32_u32(b), c)

/* Where the first is not a number, the second. */
#define GREATER(a, b) vbslq_f32(vcgtq_f32(a, b), a, b)
#define GREATEST(v) vmaxvq_f32(v)
#define ANY(v) (vmaxvq_u32((uint32x4_t)(v)) != 0)

#include "floats.h"
#include "rows.h"

const struct kernels candor_cpu_neon = {
    .multiply = {multiply_exact, multiply_rounded, 0},
    .pack_floats = pack_panel,
    .exponentials = exponentials,
    .gradients = gradients,
    .dot = dot,
    .scaled = scaled,
};
