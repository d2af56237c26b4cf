// The meeting of a warp's lanes in one operation.
#pragma once
#include "machine.h"

namespace emulator {

// Waits until all lanes of `mask` have come with the same `operation` (compared by address); the last one calls
// work(meeting, warp) for all.
template <class Work>
void meet(const char* operation, uint32_t mask, void* argument, Work work) {
    Thread& thread = *running();
    Warp& warp = *thread.in_warp;
    const uint32_t bit = 1u << thread.lane;
    if (!(mask & bit)) fail("%s: the calling lane is not in its mask 0x%x", operation, mask);
    mask &= warp.present;
    if (mask & warp.exited) fail("%s: mask 0x%x names lanes that have exited: 0x%x", operation, mask, mask & warp.exited);
    Meeting* meeting = nullptr;
    for (Meeting& m : warp.meetings) {
        if (m.arrived && m.mask == mask) meeting = &m;
    }
    for (Meeting& m : warp.meetings) {
        if (meeting || m.arrived) continue;
        meeting = &m;
        m.mask = mask;
        m.operation = operation;
    }
    if (!meeting) fail("%s: too many divergent collectives", operation);
    if (meeting->operation != operation) {
        fail("warp divergence: %s meets %s under one mask", operation, meeting->operation);
    }
    meeting->argument[thread.lane] = argument;
    meeting->arrived |= bit;
    if (meeting->arrived != mask) {
        block_until_woken(operation);
        return;
    }
    meeting->arrived = 0;
    work(*meeting, warp);
    warp.runnable |= mask;
    maybe_reschedule();
}

// Calls f(argument as T&, lane) for each lane of the meeting.
template <class T, class F>
void for_each_lane(const Meeting& meeting, F f) {
    for (int lane = 0; lane < 32; lane++) {
        if (meeting.mask >> lane & 1) f(*(T*)meeting.argument[lane], lane);
    }
}

}  // namespace emulator
