// Which device thread runs next, what happens when none can, and how a group of blocks begins and ends.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>

#include "config.h"
#include "machine.h"
#include "report.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace emulator {

__thread ThreadContext* current = nullptr;
thread_local Group* group = nullptr;

namespace {

constexpr uint64_t kMostYields = 5'000'000;  // of threads that wait by __nanosleep
constexpr size_t kPage = 4096;

void switch_to(Thread& to, bool from_ends = false) {
    Thread* from = running();
    if (from == &to) return;
    current = &to;
    Fiber::switch_from_to(from->fiber, to.fiber, from_ends);
}

void take_and_run(std::vector<std::function<void()>>& work, size_t i) {
    auto run = std::move(work[i]);
    work.erase(work.begin() + i);
    run();
}

// Asynchronous work that was put off: one piece of it. False if there is none.
bool run_late_work() {
    for (auto& work : group->soon) group->late.push_back(std::move(work));
    group->soon.clear();
    if (group->late.empty()) return false;
    const bool any_order = config.async == Async::random || config.shuffle;
    take_and_run(group->late, any_order ? group->random() % group->late.size() : 0);
    return true;
}

unsigned pick_lane(const Warp& warp) {
    const uint32_t runnable = warp.runnable;
    if (config.shuffle) {
        const unsigned start = group->random() % 32;
        const uint32_t rotated = start ? runnable >> start | runnable << (32 - start) : runnable;
        return (__builtin_ctz(rotated) + start) % 32;
    }
    // Round robin from the lane after the running one.
    const Thread* thread = running();
    const unsigned lane = thread != &group->host && thread->in_warp == &warp ? thread->lane : 31;
    const uint32_t behind = lane == 31 ? 0 : runnable & ~((2u << lane) - 1);
    return __builtin_ctz(behind ? behind : runnable);
}

// The next thread that can run, or null; asynchronous work happens at the latest when nothing else can move.
Thread* pick() {
    Group& g = *group;
    do {
        if (!g.soon.empty() && g.random() % 8 == 0) take_and_run(g.soon, g.random() % g.soon.size());
        const unsigned count = (unsigned)g.warps.size();
        const unsigned start = config.shuffle ? g.random() % count : g.current_warp;
        for (unsigned i = 0; i < count; i++) {
            const unsigned w = (start + i) % count;
            if (!g.warps[w].runnable) continue;
            g.current_warp = w;
            return g.warps[w].lanes[pick_lane(g.warps[w])];
        }
    } while (run_late_work());
    return nullptr;
}

void report_deadlock() {
    std::map<std::string, int> states;
    for (const Warp& warp : group->warps) {
        for (unsigned lane = 0; lane < 32; lane++) {
            if (!(warp.present >> lane & 1)) continue;
            const bool exited = warp.exited >> lane & 1;
            const char* reason = warp.lanes[lane]->waits_for;
            states[exited ? "exited" : reason ? reason : "?"]++;
        }
    }
    std::string text;
    for (const auto& [state, count] : states) text += std::to_string(count) + "x " + state + "; ";
    text += std::string("in ") + group->launch->name;
    finding("DEADLOCK", text, text);
    group->failed = true;
}

// The next thread, or the host when nothing can go on.
Thread& next_or_host() {
    Thread* next = pick();
    if (next) return *next;
    report_deadlock();
    return group->host;
}

void thread_main() {
    Fiber::entered(group->host.fiber);
    (*group->body)();
    Thread* thread = running();
    const uint32_t bit = 1u << thread->lane;
    thread->in_warp->exited |= bit;
    thread->in_warp->runnable &= ~bit;
    if (--group->live) switch_to(next_or_host(), true);
    while (run_late_work()) {
    }
    switch_to(group->host, true);
    __builtin_unreachable();
}

void map_shared(Group& g, size_t bytes, unsigned blocks) {
    const size_t capacity = (bytes + kPage - 1) / kPage * kPage + 2 * kPage;
    if (g.shared_capacity >= capacity && g.blocks.size() >= blocks) return;
    if (g.shared_map) munmap(g.shared_map, g.shared_capacity * g.blocks.size());
    g.shared_map = nullptr;
    void* map = mmap(nullptr, capacity * blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    g.blocks.resize(blocks);
    g.shared_capacity = capacity;
    g.shared_map = (unsigned char*)map;
    for (unsigned i = 0; i < blocks; i++) mprotect(g.shared_map + (i + 1) * capacity - kPage, kPage, PROT_NONE);
}

void prepare_block(Group& g, unsigned slot, unsigned id) {
    Block& b = g.blocks[slot];
    const Launch& launch = *g.launch;
    const unsigned warps = (g.threads_per_block + 31) / 32;
    b.linear = id;
    b.slot = slot;
    b.id = {id % launch.grid.x, id / launch.grid.x % launch.grid.y, id / (launch.grid.x * launch.grid.y)};
    b.shared = g.shared_map + slot * g.shared_capacity;
    b.mbarriers.clear();
    for (NamedBarrier& barrier : b.barriers) barrier = NamedBarrier();
    b.issued.assign(warps / 4 + 1, {});
    b.ordered_after.clear();
#if defined(__SANITIZE_ADDRESS__)
    const size_t usable = g.shared_capacity - kPage;
    __asan_unpoison_memory_region(b.shared, usable);
#endif
    memset(b.shared, 0xFF, launch.shared_bytes);  // a NaN in bf16 and float32: reading it shows in the result
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(b.shared + launch.shared_bytes, usable - launch.shared_bytes);
#endif
    // What blocks and launches before have left there is known by their numbers, and dropped when a cell is next touched.
    if (config.race && b.cells.size() < g.shared_capacity / kCellBytes) b.cells.resize(g.shared_capacity / kCellBytes);
    for (unsigned w = 0; w < warps; w++) {
        Warp& warp = g.warps[slot * warps + w];
        warp = Warp();
        warp.block = &b;
        const unsigned lanes = std::min(32u, g.threads_per_block - w * 32);
        warp.present = warp.runnable = lanes == 32 ? ~0u : (1u << lanes) - 1;
    }
}

void prepare_thread(Group& g, unsigned slot, unsigned index) {
    Block& b = g.blocks[slot];
    const Launch& launch = *g.launch;
    Thread& t = *g.threads[slot * g.threads_per_block + index];
    t.thread = {index % launch.block.x, index / launch.block.x % launch.block.y,
        index / (launch.block.x * launch.block.y)};
    t.block = b.id;
    t.block_dim = launch.block;
    t.grid_dim = launch.grid;
    t.lane = index % 32;
    t.warp = index / 32;
    t.linear = index;
    t.shared = b.shared;
    t.shared_bytes = (unsigned)launch.shared_bytes;
    t.in_block = &b;
    t.in_warp = &g.warps[slot * ((g.threads_per_block + 31) / 32) + index / 32];
    t.in_warp->lanes[t.lane] = &t;
    t.waits_for = nullptr;
    t.copies.clear();
    t.bulk_stores.clear();
    t.async_clock = t.proxy_fence = 0;
    if (config.race) {
        t.clock.assign(2 * g.threads_per_block, 0);
        t.now() = 1;
    }
    t.fiber.prepare(thread_main);
}

}  // namespace

Group::~Group() {
    if (shared_map) munmap(shared_map, shared_capacity * blocks.size());
}

uint64_t Group::random() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x9E3779B97F4A7C15ull >> 11;
}

void block_until_woken(const char* reason) {
    Thread* thread = running();
    thread->waits_for = reason;
    thread->in_warp->runnable &= ~(1u << thread->lane);
    switch_to(next_or_host());
}

void wake(Thread& thread) {
    thread.in_warp->runnable |= 1u << thread.lane;
}

void reschedule() {
    if (!self()) return;
    group->current_warp = (group->current_warp + 1) % group->warps.size();  // else the one who spins is picked again
    Thread* next = pick();
    if (next) switch_to(*next);
}

void yield() {
    if (!self()) return;
    if (++group->yields > kMostYields) fail("livelock: %llu yields in one group of blocks", (unsigned long long)kMostYields);
    reschedule();
}

void maybe_reschedule() {
    if (config.shuffle && group->random() % 4 == 0) reschedule();
}

void later(std::function<void()> work) {
    const unsigned when = config.async == Async::random ? group->random() % 4 : config.async == Async::eager ? 0 : 3;
    if (when == 0) {
        work();
    } else {
        (when == 1 ? group->soon : group->late).push_back(std::move(work));
    }
}

void abandon_group() {
    group->failed = true;
    switch_to(group->host, true);
    __builtin_unreachable();
}

void run_group(const Launch& launch, uint32_t launch_number, const std::function<void()>& body, unsigned first_block,
    unsigned block_count) {
    Group& g = *group;
    const unsigned n = launch.block.x * launch.block.y * launch.block.z;
    g.launch = &launch;
    g.launch_number = launch_number;
    g.body = &body;
    g.threads_per_block = n;
    g.live = n * block_count;
    g.current_warp = 0;
    g.yields = 0;
    g.failed = false;
    g.late.clear();
    g.soon.clear();
    g.random_state = (config.seed * 0x9E3779B97F4A7C15ull) ^ (first_block + 1) * 0xD1B54A32D192ED03ull;
    if (!g.random_state) g.random_state = 1;
    map_shared(g, launch.shared_bytes, block_count);
    while (g.threads.size() < n * block_count) {
        g.threads.push_back(std::make_unique<Thread>());
        g.threads.back()->fiber.allocate_stack();
    }
    g.warps.resize((n + 31) / 32 * block_count);
    for (unsigned slot = 0; slot < block_count; slot++) {
        prepare_block(g, slot, first_block + slot);
        for (unsigned t = 0; t < n; t++) prepare_thread(g, slot, t);
    }
    ThreadContext* before = current;
    current = &g.host;
    switch_to(*pick());
    current = before;
    if (g.failed) return;
    // Stores still in flight land after the exit of their thread.
    for (unsigned i = 0; i < n * block_count; i++) {
        g.threads[i]->bulk_stores.flush([](BulkStore& store) { store.run(); });
    }
}

std::string place() {
    const Thread* thread = self();
    if (!thread) return "";
    char text[160];
    snprintf(text, sizeof text, " [block %u,%u,%u thread %u]", thread->block.x, thread->block.y, thread->block.z,
        thread->linear);
    return text;
}

unsigned char* shared_pointer(uint32_t address, size_t bytes, unsigned alignment, const char* what) {
    const size_t size = group->launch->shared_bytes;
    if (address % alignment) fail("%s: shared address 0x%x is not %u-byte aligned", what, address, alignment);
    if (address < kSharedBase || address - kSharedBase + bytes > size) {
        fail("%s: shared address 0x%x+%zu is outside the launch's %zu bytes", what, address, bytes, size);
    }
    return running()->shared + (address - kSharedBase);
}

uint32_t shared_address(const void* p) {
    return (uint32_t)((const unsigned char*)p - running()->shared) + kSharedBase;
}

}  // namespace emulator
