// Named barriers 0 to 15 of a block; __syncthreads is barrier 0 with all threads.
#include "config.h"
#include "emulator/collectives.h"
#include "machine.h"

namespace emulator {
namespace {

const char* const kNames[16] = {"barrier 0", "barrier 1", "barrier 2", "barrier 3", "barrier 4", "barrier 5",
    "barrier 6", "barrier 7", "barrier 8", "barrier 9", "barrier 10", "barrier 11", "barrier 12", "barrier 13",
    "barrier 14", "barrier 15"};

void arrive(int id, int count, bool wait) {
    if (id < 0 || id > 15) fail("barrier %d: there are barriers 0 to 15", id);
    Thread& thread = *running();
    NamedBarrier& barrier = thread.in_block->barriers[id];
    const int expected = count < 0 ? (int)group->threads_per_block : count;
    if (count >= 0 && expected % 32) fail("barrier %d: count %d is not a multiple of a warp", id, expected);
    if (barrier.arrived && barrier.expected != expected) {
        fail("barrier %d: count %d meets count %d", id, expected, barrier.expected);
    }
    barrier.expected = expected;
    barrier.arrived++;
    barrier.arrivals.push_back(&thread);
    if (wait) barrier.waiting.push_back(&thread);
    if (barrier.arrived < expected) {
        if (wait) block_until_woken(kNames[id]);
        return;
    }
    if (config.race) {
        VectorClock all;
        for (Thread* t : barrier.arrivals) join(all, t->clock);
        for (Thread* t : barrier.waiting) t->clock = all;
        for (Thread* t : barrier.arrivals) t->now()++;
    }
    for (Thread* t : barrier.waiting) wake(*t);
    barrier.arrived = 0;
    barrier.waiting.clear();
    barrier.arrivals.clear();
    if (wait && config.shuffle) reschedule();
}

}  // namespace

void barrier_sync(int id, int count) {
    arrive(id, count, true);
}

void barrier_arrive(int id, int count) {
    arrive(id, count, false);
}

}  // namespace emulator
