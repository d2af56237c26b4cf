// Race mode: what is remembered of a byte of memory; codes of eight bits are written by neighbours.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace emulator {

constexpr unsigned kCellBytes = 1;
constexpr uint32_t kNobody = ~0u;         // no access in this launch, and no value either
constexpr uint32_t kHost = kNobody - 1;   // no access in this launch; the value is from before it

struct ShadowCell {
    uint32_t writer, write_clock;
    uint32_t readers[2], read_clocks[2];
    uint32_t block, launch;  // the block that these accesses belong to
    void* write_place;
    uint32_t written_by_async, written_atomically;

    bool operator==(const ShadowCell& other) const { return memcmp(this, &other, sizeof other) == 0; }
};
static_assert(std::has_unique_object_representations_v<ShadowCell>, "cells are compared by their bytes");

}  // namespace emulator
