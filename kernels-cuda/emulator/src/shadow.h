// Race mode: happens-before over vector clocks, bounds and initialisation of every access.
#pragma once
#include <cstddef>

#include "config.h"
#include "machine.h"

namespace emulator {

struct Access {
    const char* what;
    void* place;              // program counter, for the report
    bool write = false;
    bool by_agent = false;    // by the thread's asynchronous agent instead of the thread
    bool async_proxy = false; // through the asynchronous proxy (TMA, wgmma)
    bool atomic = false;
};

void record_access(const void* p, size_t bytes, const Access& access, Thread& thread);

inline void note_access(const void* p, size_t bytes, const Access& access) {
    if (config.race && self()) record_access(p, bytes, access, *self());
}

// Atomics order blocks: acquire and release at once.
void order_by_atomic(const void* p);

}  // namespace emulator
