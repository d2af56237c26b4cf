// Device memory is a range of addresses of its own: what is not allocated cannot be read or written, addresses are never
// used twice, and fresh memory is 0xFF, a NaN in bf16 and float32.
#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include "config.h"
#include "emulator/host_api.h"
#include "stream.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace emulator {
namespace {

constexpr size_t kRange = size_t(1) << 40;
constexpr size_t kPage = 4096;

struct Heap {
    std::mutex mutex;
    std::map<const unsigned char*, Allocation> allocations;
    std::map<const unsigned char*, size_t> pinned;
    unsigned char* base = nullptr;
    size_t used = 0;       // of the range
    size_t allocated = 0;  // bytes now in use
};

Heap& heap() {
    static Heap* h = new Heap();  // never destroyed: host threads may outlive static objects
    return *h;
}

size_t pages(size_t bytes) {
    return (bytes + kPage - 1) / kPage * kPage;
}

unsigned char* reserve() {
    void* map = mmap(nullptr, kRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return map == MAP_FAILED ? nullptr : (unsigned char*)map;
}

}  // namespace

bool is_device_memory(const void* p) {
    const unsigned char* base = heap().base;
    return base && (const unsigned char*)p >= base && (const unsigned char*)p < base + kRange;
}

Allocation* find_allocation(const void* p, const unsigned char** start) {
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    auto found = h.allocations.upper_bound((const unsigned char*)p);
    if (found == h.allocations.begin()) return nullptr;
    --found;
    if ((const unsigned char*)p >= found->first + found->second.bytes) return nullptr;
    *start = found->first;
    return &found->second;
}

bool stays(const void* p, size_t bytes) {
    if (is_device_memory(p)) return true;
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    auto found = h.pinned.upper_bound((const unsigned char*)p);
    return found != h.pinned.begin()
        && (const unsigned char*)p + bytes <= std::prev(found)->first + std::prev(found)->second;
}

}  // namespace emulator

using namespace emulator;

extern "C" cudaError_t cudaMalloc(void** p, size_t bytes) {
    *p = nullptr;
    if (!bytes) return cudaSuccess;
    if (const cudaError_t forbidden = forbidden_in_capture()) return forbidden;
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    if (!h.base) h.base = reserve();
    const size_t mapped = pages(bytes);
    if (!h.base || mapped < bytes || bytes > config.memory_bytes - std::min(h.allocated, config.memory_bytes)
        || h.used + mapped + kPage > kRange) {
        return cudaErrorMemoryAllocation;
    }
    unsigned char* start = h.base + h.used;
    if (mprotect(start, mapped, PROT_READ | PROT_WRITE)) return cudaErrorMemoryAllocation;
    h.used += mapped + kPage;  // a page in between stays unreachable
    h.allocated += bytes;
    h.allocations[start].bytes = bytes;
    memset(start, 0xFF, bytes);
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(start + bytes, mapped - bytes);
#endif
    *p = start;
    return cudaSuccess;
}

extern "C" cudaError_t cudaFree(void* p) {
    if (!p) return cudaSuccess;
    if (const cudaError_t forbidden = forbidden_in_capture()) return forbidden;
    const cudaError_t status = cudaDeviceSynchronize();
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    const auto found = h.allocations.find((unsigned char*)p);
    if (found == h.allocations.end()) return cudaErrorInvalidValue;
    const size_t bytes = found->second.bytes;
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region((char*)p + bytes, pages(bytes) - bytes);
#endif
    // Gives the pages back and makes them unreachable.
    mmap(p, pages(bytes), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    h.allocated -= bytes;
    h.allocations.erase(found);
    return status;
}

extern "C" cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* p) {
    attributes->type = is_device_memory(p) ? cudaMemoryTypeDevice
        : stays(p, 1)                      ? cudaMemoryTypeHost
                                           : cudaMemoryTypeUnregistered;
    return cudaSuccess;
}

extern "C" cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    *total_bytes = config.memory_bytes;
    *free_bytes = config.memory_bytes - std::min(h.allocated, config.memory_bytes);
    return cudaSuccess;
}

extern "C" cudaError_t cudaHostAlloc(void** p, size_t bytes, unsigned) {
    *p = nullptr;
    if (const cudaError_t forbidden = forbidden_in_capture()) return forbidden;
    *p = aligned_alloc(kPage, pages(bytes ? bytes : 1));
    if (!*p) return cudaErrorMemoryAllocation;
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    h.pinned[(unsigned char*)*p] = bytes;
    return cudaSuccess;
}

extern "C" cudaError_t cudaMallocHost(void** p, size_t bytes) {
    return cudaHostAlloc(p, bytes, cudaHostAllocDefault);
}

extern "C" cudaError_t cudaFreeHost(void* p) {
    if (const cudaError_t forbidden = forbidden_in_capture()) return forbidden;
    Heap& h = heap();
    std::lock_guard<std::mutex> lock(h.mutex);
    if (p && !h.pinned.erase((unsigned char*)p)) return cudaErrorInvalidValue;
    free(p);
    return cudaSuccess;
}
