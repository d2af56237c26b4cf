// The state of a running group of blocks: threads, warps, blocks, and what the scheduler needs to know of them.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "clocks.h"
#include "commit_queue.h"
#include "emulator/launch.h"
#include "emulator/thread.h"
#include "fiber.h"
#include "shadow_cell.h"

namespace emulator {

struct Block;
struct Warp;

struct CopyOperation {
    unsigned char* destination;
    const void* source;
    int bytes, source_bytes;  // the rest of the destination becomes zero
};

struct BulkStore {
    std::function<void()> run;
};

struct Thread : ThreadContext {
    Fiber fiber;
    Warp* in_warp = nullptr;
    Block* in_block = nullptr;
    const char* waits_for = nullptr;
    CommitQueue<CopyOperation> copies;
    CommitQueue<BulkStore> bulk_stores;
    // race mode
    VectorClock clock;         // 2n entries: the block's n threads, then their asynchronous agents
    uint32_t async_clock = 0;  // of this thread's own asynchronous agent
    uint32_t proxy_fence = 0;  // moment of the last fence.proxy.async

    uint32_t& now() { return clock[linear]; }
};

// Where the lanes of a collective operation meet: the last to come does the work for all.
struct Meeting {
    uint32_t mask = 0, arrived = 0;
    const char* operation = nullptr;
    void* argument[32];
};

struct WgmmaOperation {
    float* d[32];           // each lane's accumulators
    const uint32_t* a[32];  // each lane's part of a left operand in registers, or null
    int n;
    bool accumulate, transpose_a, transpose_b;
    uint64_t descriptor_a, descriptor_b;
};

struct Warp {
    Block* block = nullptr;
    Thread* lanes[32] = {};
    uint32_t present = 0, runnable = 0, exited = 0;
    Meeting meetings[4];
    CommitQueue<WgmmaOperation> products;
    size_t products_issued = 0;
    bool product_fence = false;
};

struct NamedBarrier {
    int arrived = 0, expected = 0;
    std::vector<Thread*> waiting, arrivals;
};

struct MBarrier {
    uint32_t phase = 0, count = 0, pending = 0;
    int64_t bytes = 0;  // expected and not yet there
    std::vector<std::pair<Thread*, uint32_t>> waiting;
    VectorClock released, acquired;  // of the phase that fills, of the phase that was completed last
};

struct Block {
    uint3 id;
    unsigned linear, slot;           // in the grid, in the group
    unsigned char* shared;
    NamedBarrier barriers[16];
    std::unordered_map<uint32_t, MBarrier> mbarriers;      // by offset in shared memory
    std::vector<std::vector<WgmmaOperation>> issued;       // per warpgroup: what its warps have to agree on
    std::vector<ShadowCell> cells;                         // race mode: of the shared memory
    std::set<uint32_t> ordered_after;                      // race mode: blocks before this one, through atomics
};

// Blocks that are resident together: a cluster, or as many as the configuration says.
struct Group {
    const Launch* launch = nullptr;
    const std::function<void()>* body = nullptr;
    uint32_t launch_number = 0;
    unsigned threads_per_block = 0, live = 0, current_warp = 0;
    bool failed = false;
    uint64_t yields = 0;
    uint64_t random_state = 1;
    std::vector<Block> blocks;
    std::vector<Warp> warps;
    std::vector<std::unique_ptr<Thread>> threads;
    Thread host;
    std::vector<std::function<void()>> late, soon;         // asynchronous work: as late as is legal, at some moment
    unsigned char* shared_map = nullptr;
    size_t shared_capacity = 0;                            // mapped per block, a guard page at its end

    ~Group();
    uint64_t random();
};

// Of this host thread.
extern thread_local Group* group;

inline Thread* running() { return static_cast<Thread*>(current); }

// The running device thread, or null on the host.
inline Thread* self() { return group && current != &group->host ? running() : nullptr; }

// " [block 1,0,0 thread 5]", or "" on the host.
std::string place();

// Shared-window address to host pointer, checked for alignment and bounds.
unsigned char* shared_pointer(uint32_t address, size_t bytes, unsigned alignment, const char* what);
uint32_t shared_address(const void* p);

// Scheduler.
void run_group(const Launch& launch, uint32_t launch_number, const std::function<void()>& body, unsigned first_block,
    unsigned block_count);
void block_until_woken(const char* reason);
void wake(Thread& thread);
void reschedule();                                        // lets another thread run
void maybe_reschedule();                                  // shuffle mode: one time in four
void later(std::function<void()> work);                   // by the mode of asynchronous copies
[[noreturn]] void abandon_group();

}  // namespace emulator
