// mbarrier objects. Their state is kept aside; the word in shared memory holds a tag, so that overwriting it is noticed.
#include "mbarrier.h"

#include "config.h"
#include "emulator/instructions.h"
#include "shadow.h"

namespace emulator {
namespace {

constexpr uint64_t kTag = 0x6d62617272696572ull;
constexpr uint32_t kMostArrivals = (1u << 20) - 1;

size_t offset_of(const uint64_t* word) {
    return (const unsigned char*)word - running()->shared;
}

void note(uint64_t* word, const char* what, bool write, void* place) {
    Access access{what, place};
    access.write = write;
    access.atomic = true;
    note_access(word, 8, access);
}

void arrive(uint64_t* word, uint32_t bytes, const char* operation, void* place) {
    MBarrier& barrier = mbarrier_state(word, operation);
    if (!barrier.pending) fail("%s: more arrivals than the barrier expects", operation);
    note(word, operation, false, place);
    if (config.race) {
        join(barrier.released, running()->clock);
        running()->now()++;
    }
    barrier.bytes += bytes;
    barrier.pending--;
    mbarrier_settle(barrier);
    maybe_reschedule();
}

}  // namespace

MBarrier& mbarrier_state(uint64_t* word, const char* operation) {
    const size_t offset = offset_of(word);
    auto& all = running()->in_block->mbarriers;
    const auto found = all.find((uint32_t)offset);
    if (found == all.end()) fail("%s on an mbarrier that was not initialised, at +%zu", operation, offset);
    if (*word != (kTag ^ offset)) fail("%s: the mbarrier at +%zu was overwritten", operation, offset);
    return found->second;
}

void mbarrier_settle(MBarrier& barrier) {
    if (barrier.pending || barrier.bytes) return;
    barrier.phase++;
    barrier.pending = barrier.count;
    if (config.race) barrier.acquired = barrier.released;
    auto waiting = std::move(barrier.waiting);
    barrier.waiting.clear();
    for (auto& [thread, parity] : waiting) {
        if ((barrier.phase & 1) == parity) {
            barrier.waiting.emplace_back(thread, parity);
            continue;
        }
        if (config.race) join(thread->clock, barrier.acquired);
        wake(*thread);
    }
}

void mbarrier_init(uint64_t* word, uint32_t count) {
    const size_t offset = offset_of(word);
    if (offset % 8 || offset + 8 > group->launch->shared_bytes) fail("mbarrier.init at +%zu", offset);
    if (!count || count > kMostArrivals) fail("mbarrier.init with count %u", count);
    MBarrier barrier;
    barrier.count = barrier.pending = count;
    running()->in_block->mbarriers[(uint32_t)offset] = barrier;
    *word = kTag ^ offset;
    note(word, "mbarrier.init", true, __builtin_return_address(0));
}

void mbarrier_arrive(uint64_t* word) {
    arrive(word, 0, "mbarrier.arrive", __builtin_return_address(0));
}

void mbarrier_arrive_expect_tx(uint64_t* word, uint32_t bytes) {
    arrive(word, bytes, "mbarrier.arrive.expect_tx", __builtin_return_address(0));
}

void mbarrier_wait_parity(uint64_t* word, uint32_t parity) {
    MBarrier& barrier = mbarrier_state(word, "mbarrier.try_wait");
    note(word, "mbarrier.try_wait", false, __builtin_return_address(0));
    if ((barrier.phase & 1) != parity) {
        if (config.race) join(running()->clock, barrier.acquired);
        maybe_reschedule();
        return;
    }
    barrier.waiting.emplace_back(running(), parity);
    block_until_woken("mbarrier wait");
}

}  // namespace emulator
