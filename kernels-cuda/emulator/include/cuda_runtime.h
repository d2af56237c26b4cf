// Shadow of <cuda_runtime.h>, found first on the include path when the kernels are compiled by the host's compiler.
#pragma once
#define CANDOR_EMULATED 1
#include "emulator/device_language.h"
#include "emulator/host_api.h"
