/* AVX-512's vectors, as vectors.h and widen.h want them. */
#include <immintrin.h>

#include "kernels.h"

typedef __m512 vector;
typedef __m512i units;

#define LANES 16
#define TALLEST 14
#define LOAD(from) _mm512_loadu_ps(from)
#define STORE(to, v) _mm512_storeu_ps(to, v)
#define ZERO() _mm512_setzero_ps()
#define LOAD_UNITS(from) _mm512_loadu_si512(from)
#define SPREAD(x) _mm512_set1_epi32((int)(x))
#define LOOKUP(index, table) (ints) _mm512_permutexvar_ps((__m512i)(index), _mm512_loadu_ps(table))
