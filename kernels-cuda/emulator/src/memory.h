// Device memory: where it lies, and which allocation an address belongs to.
#pragma once
#include <cstddef>
#include <vector>

#include "shadow_cell.h"

namespace emulator {

struct Allocation {
    size_t bytes;
    std::vector<ShadowCell> cells;  // race mode, made on first use
};

bool is_device_memory(const void* p);

// The allocation that holds this address, and its start; null if there is none.
Allocation* find_allocation(const void* p, const unsigned char** start);

// Whether a copy may read or write these bytes at any later time: device memory, or host memory that is pinned.
bool stays(const void* p, size_t bytes);

}  // namespace emulator
