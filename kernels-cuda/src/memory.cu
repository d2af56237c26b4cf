// Device memory that is handed out again instead of going back to the driver, pinned host memory, copies, and each stream's
// scratch memory.
#include "api.h"
#include "device/device.h"

using candor::enter;
using candor::report;
using candor::Where;

namespace candor {
namespace {

constexpr int kThreads = 256;

__global__ void zero_rows(unsigned char* to, int64_t pitch, int64_t bytes, int64_t rows) {
    const int64_t total = bytes * rows;
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        to[i / bytes * pitch + i % bytes] = 0;
    }
}

void drop_cache(candor_device* device) {
    for (const auto& block : device->cached) cudaFree(block.second);
    device->cached.clear();
    device->cached_bytes = 0;
}

// A block of the cache that the request fills at least half of, or null.
void* from_cache(candor_device* device, int64_t bytes) {
    const auto found = device->cached.lower_bound(bytes);
    if (found == device->cached.end() || found->first / 2 > bytes) return nullptr;
    void* memory = found->second;
    device->cached_bytes -= found->first;
    device->used[memory] = found->first;
    device->used_bytes += found->first;
    device->cached.erase(found);
    return memory;
}

cudaError_t take(void** memory, int64_t bytes, candor_device* device) {
    *memory = from_cache(device, bytes);
    if (*memory != nullptr) return cudaSuccess;
    cudaError_t code = cudaMalloc(memory, static_cast<size_t>(bytes));
    if (code == cudaErrorMemoryAllocation && !device->cached.empty()) {
        cudaGetLastError();  // what is cached may be what is missing
        drop_cache(device);
        code = cudaMalloc(memory, static_cast<size_t>(bytes));
    }
    if (code != cudaSuccess) {
        cudaGetLastError();
        *memory = nullptr;
        return code;
    }
    device->used[*memory] = bytes;
    device->used_bytes += bytes;
    return cudaSuccess;
}

// False where the memory is not ours.
bool give_back(void* memory, candor_device* device) {
    const auto found = device->used.find(memory);
    if (found == device->used.end()) return false;
    device->cached.emplace(found->second, memory);
    device->cached_bytes += found->second;
    device->used_bytes -= found->second;
    device->used.erase(found);
    return true;
}

}  // namespace

int scratch(void** memory, int64_t bytes, candor_stream* stream, const Where& where) {
    if (stream->scratch_bytes < bytes) {
        if (stream->in_capture) {
            return refuse(
                CANDOR_IN_CAPTURE, where, "it needs %lld bytes of scratch memory, and a capture of %lld does not wait for more",
                static_cast<long long>(bytes), static_cast<long long>(stream->scratch_bytes));
        }
        int status = report(cudaStreamSynchronize(stream->handle), where, "before more scratch memory");
        if (status != 0) return status;
        if (stream->scratch != nullptr) give_back(stream->scratch, stream->device);
        stream->scratch = nullptr;
        stream->scratch_bytes = 0;
        stream->scratch_moves++;
        const int64_t more = aligned(bytes);
        status = report(
            take(&stream->scratch, more, stream->device), where, "%lld bytes of scratch memory", static_cast<long long>(more));
        if (status != 0) return status;
        stream->scratch_bytes = more;
    }
    *memory = stream->scratch;
    return 0;
}

}  // namespace candor

CANDOR_API int candor_device_close(candor_device* device) {
    int status = enter(device, CANDOR_WHERE("deviceClose"));
    candor::drop_cache(device);
    for (const auto& block : device->used) {
        const cudaError_t code = cudaFree(block.first);
        if (status == 0) status = report(code, CANDOR_WHERE("deviceClose"));
    }
    delete device;
    return status;
}

CANDOR_API int candor_memory_info(int64_t* free, int64_t* total, int64_t* used, int64_t* cached, candor_device* device) {
    const Where where = CANDOR_WHERE("memoryInfo");
    size_t free_bytes = 0;
    size_t total_bytes = 0;
    int status = enter(device, where);
    if (status == 0) status = report(cudaMemGetInfo(&free_bytes, &total_bytes), where);
    *free = static_cast<int64_t>(free_bytes);
    *total = static_cast<int64_t>(total_bytes);
    *used = device->used_bytes;
    *cached = device->cached_bytes;
    return status;
}

CANDOR_API int candor_memory_allocate(void** memory, int64_t bytes, candor_device* device) {
    const Where where = CANDOR_WHERE("memoryAllocate");
    int status = not_in_capture(device, where);
    if (status == 0) status = enter(device, where);
    if (status != 0) return status;
    const int64_t whole = candor::aligned(bytes < 1 ? 1 : bytes);
    return report(candor::take(memory, whole, device), where, "%lld bytes", static_cast<long long>(whole));
}

CANDOR_API int candor_memory_release(void* memory, candor_device* device) {
    if (candor::give_back(memory, device)) return 0;
    return candor::refuse(CANDOR_BAD_ARGUMENT, CANDOR_WHERE("memoryRelease"), "%p was not allocated here", memory);
}

CANDOR_API int candor_memory_trim(candor_device* device) {
    const Where where = CANDOR_WHERE("memoryTrim");
    int status = not_in_capture(device, where);
    if (status == 0) status = enter(device, where);
    if (status == 0) candor::drop_cache(device);
    return status;
}

CANDOR_API int candor_pinned_allocate(void** memory, int64_t bytes, candor_device* device) {
    const Where where = CANDOR_WHERE("pinnedAllocate");
    int status = not_in_capture(device, where);
    if (status == 0) status = enter(device, where);
    if (status != 0) return status;
    return report(
        cudaMallocHost(memory, static_cast<size_t>(bytes)), where, "%lld bytes", static_cast<long long>(bytes));
}

CANDOR_API int candor_pinned_release(void* memory, candor_device* device) {
    const Where where = CANDOR_WHERE("pinnedRelease");
    int status = not_in_capture(device, where);
    if (status == 0) status = enter(device, where);
    return status != 0 ? status : report(cudaFreeHost(memory), where);
}

namespace {

int copy(
    void* to, int64_t to_pitch, const void* from, int64_t from_pitch, int64_t bytes, int64_t rows, cudaMemcpyKind kind,
    candor_stream* stream, const Where& where) {
    int status = enter(stream, where);
    if (status != 0 || bytes == 0 || rows == 0) return status;
    if (stream->in_capture) {
        cudaPointerAttributes attributes = {};
        status = report(cudaPointerGetAttributes(&attributes, kind == cudaMemcpyHostToDevice ? from : to), where);
        if (status == 0 && attributes.type != cudaMemoryTypeHost) {
            status = candor::refuse(CANDOR_IN_CAPTURE, where, "a capture takes copies of pinned host memory only");
        }
        if (status != 0) return status;
    }
    cudaError_t code;
    if (rows == 1 || (to_pitch == bytes && from_pitch == bytes)) {
        code = cudaMemcpyAsync(to, from, static_cast<size_t>(bytes * rows), kind, stream->handle);
    } else {
        code = cudaMemcpy2DAsync(
            to, static_cast<size_t>(to_pitch), from, static_cast<size_t>(from_pitch), static_cast<size_t>(bytes),
            static_cast<size_t>(rows), kind, stream->handle);
    }
    return report(
        code, where, "%lld rows of %lld bytes", static_cast<long long>(rows), static_cast<long long>(bytes));
}

}  // namespace

CANDOR_API int candor_copy_to_device(
    void* to, int64_t to_pitch, const void* from_host, int64_t from_pitch, int64_t bytes, int64_t rows, candor_stream* stream) {
    return copy(to, to_pitch, from_host, from_pitch, bytes, rows, cudaMemcpyHostToDevice, stream, CANDOR_WHERE("copyToDevice"));
}

CANDOR_API int candor_copy_to_host(
    void* to_host, int64_t to_pitch, const void* from, int64_t from_pitch, int64_t bytes, int64_t rows, candor_stream* stream) {
    return copy(to_host, to_pitch, from, from_pitch, bytes, rows, cudaMemcpyDeviceToHost, stream, CANDOR_WHERE("copyToHost"));
}

CANDOR_API int candor_zero(void* to, int64_t pitch, int64_t bytes, int64_t rows, candor_stream* stream) {
    const Where where = CANDOR_WHERE("zero");
    int status = enter(stream, where);
    if (status != 0 || bytes == 0 || rows == 0) return status;
    cudaError_t code;
    if (rows == 1 || pitch == bytes) {
        code = cudaMemsetAsync(to, 0, static_cast<size_t>(bytes * rows), stream->handle);
    } else {
        const int blocks = candor::ceil_div(bytes * rows, candor::kThreads);
        const int most = 8 * stream->device->multiprocessors;
        code = candor::launch(
            "zero_rows", candor::zero_rows, {dim3(blocks < most ? blocks : most), dim3(candor::kThreads), 0, stream->handle},
            static_cast<unsigned char*>(to), pitch, bytes, rows);
    }
    return report(code, where, "%lld rows of %lld bytes", static_cast<long long>(rows), static_cast<long long>(bytes));
}
