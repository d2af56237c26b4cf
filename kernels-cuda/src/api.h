// What stands behind the C API's handles, and how its functions look at their arguments and report. Every family's file includes
// this; the bodies are in api.cu and memory.cu.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <unordered_map>

#include "candor_kernels.h"

#define CANDOR_API extern "C" __attribute__((visibility("default")))

// Blocks of device memory that were handed out and came back. A block serves any request that fills at least half of it.
struct candor_device {
    int ordinal = 0;
    std::multimap<int64_t, void*> cached;
    std::unordered_map<void*, int64_t> used;
    int64_t cached_bytes = 0;
    int64_t used_bytes = 0;
    // Ten times the compute capability: 80, 86, 89, 90.
    int architecture = 0;
    int multiprocessors = 0;
    // Streams that are in a capture.
    int captures = 0;
};

struct candor_stream {
    candor_device* device = nullptr;
    cudaStream_t handle = nullptr;
    void* scratch = nullptr;
    int64_t scratch_bytes = 0;
    // How often the scratch memory has moved.
    int64_t scratch_moves = 0;
    bool in_capture = false;
};

struct candor_event {
    candor_device* device = nullptr;
    cudaEvent_t handle = nullptr;
};

struct candor_graph {
    candor_stream* stream = nullptr;
    cudaGraphExec_t handle = nullptr;
    // The stream's, when it was captured: the addresses of its scratch memory are in the graph.
    int64_t scratch_moves = 0;
};

namespace candor {

// Where a function of the C API is: its operation, and the line that reports.
struct Where {
    const char* op;
    const char* file;
    int line;
};

#define CANDOR_WHERE(op) (::candor::Where{op, __FILE__, __LINE__})

// The status for a code of CUDA's: 0 for success; otherwise candor_last_error() becomes "op (shapes): CUDA's words (code n) at
// file:line", the shapes as printf makes them.
int report(int code, const Where& where, const char* shapes, ...) __attribute__((format(printf, 3, 4)));
int report(int code, const Where& where);

// CANDOR_BAD_ARGUMENT or CANDOR_UNSUPPORTED, with a sentence of one's own.
int refuse(int status, const Where& where, const char* sentence, ...) __attribute__((format(printf, 3, 4)));

// Types that a matrix may be wanted of: bf16 or packed, and packed.
constexpr int kWeight = -1, kPackedWeight = -2;

// What an operation wants of a matrix, which has this name in candor_kernels.h.
struct Wanted {
    const char* name;
    const candor_matrix* matrix;
    int type;  // CANDOR_F32, CANDOR_BF16, kWeight or kPackedWeight
    int64_t rows, cols;
    bool optional = false;  // null stands for none
};

// 0, or CANDOR_BAD_ARGUMENT with a sentence about the first matrix that is not as wanted.
int check(const Where& where, std::initializer_list<Wanted> wanted);

// Of a matrix that may be missing: then it has no rows, no columns and no data.
inline int rows(const candor_matrix* m) { return m != nullptr ? m->rows : 0; }
inline int cols(const candor_matrix* m) { return m != nullptr ? m->cols : 0; }
inline int64_t stride(const candor_matrix* m) { return m != nullptr ? m->stride : 0; }
template <class T>
T* data(const candor_matrix* m) { return m != nullptr ? static_cast<T*>(m->data) : nullptr; }

// Makes the device the thread's own, as CUDA wants before every call. A status; message included.
int enter(const candor_device* device, const Where& where);
int enter(const candor_stream* stream, const Where& where);

// 0, or CANDOR_IN_CAPTURE with a sentence where a capture forbids the call.
int not_in_capture(const candor_device* device, const Where& where);
int not_in_capture(const candor_stream* stream, const Where& where);

// At least so many bytes, a multiple of 256 as address, whose contents are anything: the stream's until the next operation
// asks. A status; message included. Grows by waiting for the stream, so only when a shape is new, and never in a capture.
int scratch(void** memory, int64_t bytes, candor_stream* stream, const Where& where);

// Rounds a number of bytes up, to lay several arrays into one piece of scratch memory.
constexpr int64_t aligned(int64_t bytes) { return (bytes + 255) / 256 * 256; }

constexpr int ceil_div(int64_t a, int64_t b) { return static_cast<int>((a + b - 1) / b); }

}  // namespace candor
