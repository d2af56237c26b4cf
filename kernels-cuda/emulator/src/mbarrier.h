#pragma once
#include "machine.h"

namespace emulator {

// The state behind a barrier's word in shared memory; an error if it was never initialised, or overwritten since.
MBarrier& mbarrier_state(uint64_t* word, const char* operation);

// Completes the phase if nothing is pending, and wakes those who waited for it.
void mbarrier_settle(MBarrier& barrier);

}  // namespace emulator
