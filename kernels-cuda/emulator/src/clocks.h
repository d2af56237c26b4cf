// Vector clocks of race mode: entry i of a thread's clock is the latest moment of agent i that this thread has seen.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace emulator {

using VectorClock = std::vector<uint32_t>;

inline void join(VectorClock& into, const VectorClock& other) {
    if (into.size() < other.size()) into.resize(other.size());
    for (size_t i = 0; i < other.size(); i++) into[i] = std::max(into[i], other[i]);
}

}  // namespace emulator
