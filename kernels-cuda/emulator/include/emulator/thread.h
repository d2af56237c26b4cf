// What a running device thread can see of itself, and the few things every part of the emulator may ask for.
#pragma once
#include <cstddef>
#include <cstdint>

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace emulator {

struct ThreadContext {
    uint3 thread, block;
    dim3 block_dim, grid_dim;
    unsigned lane, warp;      // of the thread within its block
    unsigned linear;          // index of the thread within its block
    unsigned char* shared;    // the block's shared memory
    unsigned shared_bytes;    // as much of it as the launch asked for
};

// Swapped at each switch of fibers. Initial-exec: one instruction to reach, and only a pointer, since a library with more
// of this kind of storage cannot be opened at run time.
extern __thread ThreadContext* current __attribute__((tls_model("initial-exec")));

// Shared memory starts here in the shared window, so that address 0 is never a tile's.
constexpr uint32_t kSharedBase = 1024;

// Records an error against the running launch and ends it; does not return when a device thread calls it.
void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Lets others run; the launch fails when it is called without end (livelock).
void yield();

}  // namespace emulator
