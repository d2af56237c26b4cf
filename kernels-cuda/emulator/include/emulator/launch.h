// How the wrapper of a launch hands a kernel to the emulator.
#pragma once
#include <cstddef>
#include <functional>

#include "emulator/thread.h"

struct emulated_stream;

namespace emulator {

constexpr size_t kMostShared = 232448;      // bytes a block may opt in to, as on sm_90
constexpr size_t kMostSharedPlain = 49152;  // bytes without opting in

struct Launch {
    const char* name;
    dim3 grid, block, cluster;
    size_t shared_bytes;
};

// A cudaError_t as int: 0, or why this shape cannot be launched.
int check(const Launch& launch);

// Runs all blocks to their end, on the calling host thread or several; findings are reported, not thrown.
void run(const Launch& launch, const std::function<void()>& body);

// Queues work on a stream (0: the default one), or runs it at once, by configuration; a stream in a capture keeps it. A
// cudaError_t as int.
int enqueue(emulated_stream* stream, std::function<void()> work);

}  // namespace emulator
