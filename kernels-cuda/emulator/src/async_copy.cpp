// cp.async: copies of 4, 8 or 16 bytes from global to shared memory, put off until they are waited for.
#include <algorithm>
#include <cstring>

#include "config.h"
#include "emulator/instructions.h"
#include "machine.h"
#include "shadow.h"

namespace emulator {
namespace {

void copy(const CopyOperation& operation) {
    memcpy(operation.destination, operation.source, operation.source_bytes);
    memset(operation.destination + operation.source_bytes, 0, operation.bytes - operation.source_bytes);
}

void note(const void* p, size_t bytes, const char* what, bool write, void* place) {
    Access access{what, place};
    access.write = write;
    access.by_agent = true;
    note_access(p, bytes, access);
}

}  // namespace

void cp_async(uint32_t destination, const void* source, int bytes, int source_bytes) {
    Thread& thread = *running();
    unsigned char* to = shared_pointer(destination, bytes, bytes, "cp.async");
    if (source_bytes < 0 || source_bytes > bytes) fail("cp.async: source size %d of %d", source_bytes, bytes);
    if (source_bytes && (uintptr_t)source % bytes) fail("cp.async: the global address is not %d-byte aligned", bytes);
    void* place = __builtin_return_address(0);
    thread.async_clock++;
    if (source_bytes) note(source, source_bytes, "cp.async source", false, place);
    note(to, bytes, "cp.async", true, place);
    CopyOperation& operation = thread.copies.add({to, source, bytes, source_bytes});
    if (config.async == Async::eager || (config.async == Async::random && group->random() % 2)) {
        copy(operation);
        thread.copies.last_is_done();
    }
}

void cp_async_commit() {
    running()->copies.commit(running()->async_clock);
}

void cp_async_wait(int groups_in_flight) {
    Thread& thread = *running();
    thread.copies.wait(groups_in_flight, copy, [&](uint32_t clock) {
        if (!config.race) return;
        uint32_t& seen = thread.clock[group->threads_per_block + thread.linear];
        seen = std::max(seen, clock);
    });
}

}  // namespace emulator
