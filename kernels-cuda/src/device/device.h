// The one header that a kernel file includes. It compiles in two ways: by nvcc for a GPU, and by the host's compiler for the
// emulator, whose shadow headers come first on the include path then. Rules for kernels are in kernels-cuda/README.md.
#pragma once
#include <cuda.h>
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stdint.h>

#include "launch.h"

#ifdef CANDOR_EMULATED
#include "instructions_emulated.h"
#else
#include "instructions_gpu.h"
#endif

#include "convert.h"
#include "packed.h"
#include "random.h"
#include "reduce.h"
#include "swizzle.h"
#include "tile.h"
