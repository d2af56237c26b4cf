/* NEON. */
#include "lanes128.h"

#define MULTIPLY_ADD(a, b, c) vfmaq_f32(c, vreinterpretq_f32_u32(a), vreinterpretq_f32_u32(b))

#include "floats.h"

const struct kernels candor_cpu_neon = {.multiply = {multiply_exact, multiply_rounded, 0}};
