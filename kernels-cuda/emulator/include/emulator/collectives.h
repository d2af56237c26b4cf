// Barriers, shuffles, votes and atomics, as the shadow headers and the instruction wrappers call them.
#pragma once
#include "emulator/thread.h"

namespace emulator {

enum class Shuffle { index, up, down, exclusive_or };
uint32_t shuffle(uint32_t mask, uint32_t value, int argument, int width, Shuffle kind);
uint32_t ballot(uint32_t mask, bool predicate);
void sync_warp(uint32_t mask);

constexpr int kWholeBlock = -1;
void barrier_sync(int id, int count);
void barrier_arrive(int id, int count);

// Atomics live in the runtime, which is never instrumented, so that race mode sees them as atomic.
// any_bit: of integers, their bitwise or.
enum class Atomic { add, max, min, exchange, any_bit };
template <class T>
T atomic_update(T* p, T value, Atomic kind);
template <class T>
T atomic_compare_exchange(T* p, T expected, T value);

}  // namespace emulator
