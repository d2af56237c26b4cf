#pragma once
#include <cstdint>

#include "cuda.h"
#include "machine.h"

namespace emulator {

// What a CUtensorMap holds here: a row-major matrix of two-byte elements, cut in boxes.
struct TensorMap {
    uint64_t magic;
    unsigned char* base;
    uint64_t columns, rows, row_bytes;
    uint32_t box_columns, box_rows, swizzle;

    static constexpr unsigned kElementBytes = 2;
    unsigned box_bytes() const { return box_columns * box_rows * kElementBytes; }
    bool inside(int64_t row, int64_t column) const {
        return row >= 0 && row < (int64_t)rows && column >= 0 && column < (int64_t)columns;
    }
    unsigned char* at(int64_t row, int64_t column) const { return base + row * row_bytes + column * kElementBytes; }
};

// Copied, since the map is only lent for the time of the call.
TensorMap tensor_map(const CUtensorMap* map);

// The swizzles exchange 16-byte chunks by exclusive or on bits of the shared address: bits 4.. with bits 7..
inline uint32_t swizzled(uint32_t address, uint32_t chunk_mask) {
    return address ^ ((address >> 7 & chunk_mask) << 4);
}

}  // namespace emulator
