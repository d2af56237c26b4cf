#include "shadow.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "memory.h"
#include "report.h"

namespace emulator {
namespace {

// "library+0x1234": for addr2line.
std::string name_of(void* place) {
    Dl_info info;
    if (!place || !dladdr(place, &info) || !info.dli_fname) return "an asynchronous operation";
    const char* slash = strrchr(info.dli_fname, '/');
    char text[256];
    snprintf(text, sizeof text, "%s+0x%zx", slash ? slash + 1 : info.dli_fname, (size_t)place - (size_t)info.dli_fbase);
    return text;
}

// One access of one thread to one cell.
struct Event {
    ShadowCell& cell;
    const Access& access;
    Thread& thread;
    bool shared;

    uint32_t agent() const { return access.by_agent ? group->threads_per_block + thread.linear : thread.linear; }
    uint32_t moment() const { return access.by_agent ? thread.async_clock : thread.clock[thread.linear]; }

    // Whether the accesses of `other` up to `clock` are before this one.
    bool after(uint32_t other, uint32_t clock) const {
        return other >= kHost || other == agent() || thread.clock[other] >= clock;
    }

    void report(const char* kind, uint32_t other) const {
        const unsigned n = group->threads_per_block;
        std::string text = std::string(kind) + " on " + (shared ? "shared" : "global") + " memory: " + access.what
            + (access.by_agent ? " (asynchronous)" : "") + " at " + name_of(access.place);
        if (other < kHost) {
            text += std::string("; before it ") + (other >= n ? "the asynchronous agent of " : "") + "thread "
                + std::to_string(other % n);
        }
        if (cell.write_place) text += ", written at " + name_of(cell.write_place);
        char grid[64];
        snprintf(grid, sizeof grid, " [block %u,%u,%u thread %u]", thread.block.x, thread.block.y, thread.block.z,
            thread.linear);
        finding("RACE", std::string(kind) + name_of(access.place) + name_of(cell.write_place) + (shared ? "s" : "g"),
            text + grid + " in " + group->launch->name);
    }
};

void reset(ShadowCell& cell, uint32_t writer, uint32_t block) {
    cell = ShadowCell{};
    cell.writer = writer;
    cell.readers[0] = cell.readers[1] = kNobody;
    cell.launch = group->launch_number;
    cell.block = block;
}

// Blocks of one launch are ordered by nothing but atomics.
void check_other_block(const Event& e) {
    ShadowCell& cell = e.cell;
    const bool written = cell.writer < kHost;
    const bool conflict = e.access.write ? written || cell.readers[0] < kHost : written;
    const bool both_atomic = e.access.atomic && cell.written_atomically;
    if (conflict && !both_atomic && !e.thread.in_block->ordered_after.count(cell.block)) {
        e.report("conflict between blocks", cell.writer);
    }
}

void check_write(const Event& e) {
    ShadowCell& cell = e.cell;
    for (int i = 0; i < 2; i++) {
        if (!e.after(cell.readers[i], cell.read_clocks[i])) e.report("write-after-read race", cell.readers[i]);
    }
    cell.writer = e.agent();
    cell.write_clock = e.moment();
    cell.written_by_async = e.access.async_proxy;
    cell.written_atomically = e.access.atomic;
    cell.write_place = e.access.place;
    cell.readers[0] = cell.readers[1] = kNobody;
}

void check_read(const Event& e) {
    ShadowCell& cell = e.cell;
    const unsigned n = group->threads_per_block;
    if (e.access.async_proxy && cell.writer < n && !cell.written_by_async) {
        const Thread& writer = *group->threads[e.thread.in_block->slot * n + cell.writer];
        if (writer.proxy_fence < cell.write_clock) e.report("missing fence.proxy.async", cell.writer);
    }
    // Two readers are remembered: one that is ordered before this one is no longer needed.
    const auto replaceable = [&](int i) {
        return cell.readers[i] == e.agent() || e.after(cell.readers[i], cell.read_clocks[i]);
    };
    const int i = replaceable(0) ? 0 : replaceable(1) ? 1 : (int)(group->random() & 1);
    cell.readers[i] = e.agent();
    cell.read_clocks[i] = e.moment();
}

void check_cell(const Event& e) {
    ShadowCell& cell = e.cell;
    const uint32_t block = e.thread.in_block->linear;
    if (cell.launch != group->launch_number || (e.shared && cell.block != block)) {
        reset(cell, e.shared ? kNobody : kHost, block);
    }
    if (cell.block != block) {
        check_other_block(e);
        if (!e.access.write) return;
        reset(cell, kHost, block);
    }
    if (!e.access.write && cell.writer == kNobody) e.report("read of uninitialised memory", kNobody);
    const bool both_atomic = e.access.atomic && cell.written_atomically;
    if (!both_atomic && !e.after(cell.writer, cell.write_clock)) {
        e.report(e.access.write ? "write-write race" : "read-write race", cell.writer);
    }
    if (e.access.write) {
        check_write(e);
    } else {
        check_read(e);
    }
}

void check_cells(std::vector<ShadowCell>& cells, size_t offset, size_t bytes, const Access& access, Thread& thread,
    bool shared) {
    // Neighbours mostly have one past, and then one future.
    ShadowCell before, after;
    const size_t first = offset / kCellBytes;
    for (size_t i = first; i <= (offset + bytes - 1) / kCellBytes; i++) {
        if (i > first && cells[i] == before) {
            cells[i] = after;
            continue;
        }
        before = cells[i];
        check_cell(Event{cells[i], access, thread, shared});
        after = cells[i];
    }
}

void report_bounds(const char* where, size_t bytes, const Access& access) {
    finding("OUT OF BOUNDS", name_of(access.place),
        std::string(where) + " " + access.what + " of " + std::to_string(bytes) + " bytes at " + name_of(access.place)
            + place() + " in " + group->launch->name);
}

}  // namespace

void record_access(const void* p, size_t bytes, const Access& access, Thread& thread) {
    if (thread.fiber.owns(p)) return;
    const unsigned char* shared = thread.in_block->shared;
    const unsigned char* address = (const unsigned char*)p;
    if (address >= shared && address < shared + group->shared_capacity) {
        const size_t offset = address - shared;
        if (offset + bytes > group->launch->shared_bytes) return report_bounds("shared", bytes, access);
        return check_cells(thread.in_block->cells, offset, bytes, access, thread, true);
    }
    if (!is_device_memory(p)) return;
    const unsigned char* start = nullptr;
    Allocation* allocation = find_allocation(p, &start);
    if (!allocation || (size_t)(address - start) + bytes > allocation->bytes) {
        return report_bounds("global", bytes, access);
    }
    if (allocation->cells.empty()) allocation->cells.resize(allocation->bytes / kCellBytes + 1);
    check_cells(allocation->cells, address - start, bytes, access, thread, false);
}

void order_by_atomic(const void* p) {
    static std::map<const void*, std::set<uint32_t>> blocks;
    static uint32_t of_launch = 0;
    if (of_launch != group->launch_number) blocks.clear();
    of_launch = group->launch_number;
    std::set<uint32_t>& here = blocks[p];
    std::set<uint32_t>& mine = running()->in_block->ordered_after;
    mine.insert(here.begin(), here.end());
    here = mine;
    here.insert(running()->in_block->linear);
}

}  // namespace emulator
