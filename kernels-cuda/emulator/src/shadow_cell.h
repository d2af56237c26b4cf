// Race mode: what is remembered of a byte of memory; codes of eight bits are written by neighbours.
#pragma once
#include <cstdint>

namespace emulator {

constexpr unsigned kCellBytes = 1;
constexpr uint32_t kNobody = ~0u;         // no access in this launch, and no value either
constexpr uint32_t kHost = kNobody - 1;   // no access in this launch; the value is from before it

struct ShadowCell {
    uint32_t writer, write_clock;
    uint32_t readers[2], read_clocks[2];
    uint32_t block, launch;  // the block that these accesses belong to
    void* write_place;
    bool written_by_async, written_atomically;
};

}  // namespace emulator
