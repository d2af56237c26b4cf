// Captures and graphs: what is kept and replayed, and what a capture refuses.
#include <cstring>
#include <thread>

#include "harness.h"

namespace {

using candor::launch;

__global__ void increment(int* p, int by) {
    *p += by;
}

struct Stream {
    cudaStream_t handle;
    Stream() { cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking); }
    ~Stream() { cudaStreamDestroy(handle); }
    operator cudaStream_t() const { return handle; }
};

struct Event {
    cudaEvent_t handle;
    Event() { cudaEventCreateWithFlags(&handle, cudaEventDisableTiming); }
    ~Event() { cudaEventDestroy(handle); }
    operator cudaEvent_t() const { return handle; }
};

cudaError_t add(int* p, int by, cudaStream_t stream) {
    return launch("increment", increment, {dim3(1), dim3(1), 0, stream}, p, by);
}

// Ends a capture and makes a graph of it that can be launched.
cudaGraphExec_t end(cudaStream_t stream) {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    CHECK(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
    cudaGraphDestroy(graph);
    return executable;
}

CASE(a_graph_plays_again_what_was_captured_on_two_streams) {
    for (const char* mode : {"", "streams=lazy"}) {
        harness::report_of(mode, [] {
            harness::Buffer<int> b(std::vector<int>{0, 0});
            cudaStream_t first, second;
            cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
            cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
            cudaEvent_t fork, join;
            cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
            cudaEventCreateWithFlags(&join, cudaEventDisableTiming);
            CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal) == cudaErrorStreamCaptureUnsupported);
            CHECK(cudaStreamBeginCapture(first, cudaStreamCaptureModeGlobal) == cudaSuccess);
            launch("increment", increment, {dim3(1), dim3(1), 0, first}, b.p, 1);
            cudaEventRecord(fork, first);
            cudaStreamWaitEvent(second, fork, 0);
            cudaStreamCaptureStatus status;
            cudaStreamIsCapturing(second, &status);
            CHECK(status == cudaStreamCaptureStatusActive);
            launch("increment", increment, {dim3(1), dim3(1), 0, second}, b.p + 1, 10);
            cudaEventRecord(join, second);
            cudaStreamWaitEvent(first, join, 0);
            cudaGraph_t graph;
            CHECK(cudaStreamEndCapture(first, &graph) == cudaSuccess);
            cudaGraphExec_t executable;
            CHECK(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
            cudaGraphDestroy(graph);
            CHECK(b.get() == (std::vector<int>{0, 0}));
            for (int i = 0; i < 3; i++) cudaGraphLaunch(executable, first);
            cudaStreamSynchronize(first);
            CHECK(b.get() == (std::vector<int>{3, 30}));
            CHECK(cudaStreamEndCapture(first, &graph) == cudaErrorIllegalState && !graph);
            cudaGraphExecDestroy(executable);
            cudaEventDestroy(fork);
            cudaEventDestroy(join);
            cudaStreamDestroy(first);
            cudaStreamDestroy(second);
        });
    }
}

// Kernels, copies and memsets, in their order; arguments are what they were, memory is what it is at each launch.
CASE(a_graph_keeps_arguments_and_reads_memory_anew) {
    for (const char* mode : {"", "streams=lazy"}) {
        harness::report_of(mode, [] {
            Stream stream;
            harness::Buffer<int> b(std::vector<int>{7, 7, 7});
            int* pinned = nullptr;
            CHECK(cudaMallocHost((void**)&pinned, 2 * sizeof(int)) == cudaSuccess);
            int by = 1;
            CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
            CHECK(cudaMemcpyAsync(b.p, pinned, sizeof(int), cudaMemcpyHostToDevice, stream) == cudaSuccess);
            CHECK(add(b.p, by, stream) == cudaSuccess);
            CHECK(cudaMemcpy2DAsync(b.p + 1, 4, b.p, 4, 4, 1, cudaMemcpyDeviceToDevice, stream) == cudaSuccess);
            CHECK(cudaMemsetAsync(b.p + 2, 0, sizeof(int), stream) == cudaSuccess);
            CHECK(cudaMemcpyAsync(pinned + 1, b.p + 1, sizeof(int), cudaMemcpyDeviceToHost, stream) == cudaSuccess);
            by = 100;
            const cudaGraphExec_t graph = end(stream);
            CHECK(b.get() == (std::vector<int>{7, 7, 7}));
            for (int value : {10, 20}) {
                pinned[0] = value;
                add(b.p + 2, 5, stream);
                CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
                cudaStreamSynchronize(stream);
                CHECK(b.get() == (std::vector<int>{value + 1, value + 1, 0}) && pinned[1] == value + 1);
            }
            CHECK(cudaGraphExecDestroy(graph) == cudaSuccess);
            cudaFreeHost(pinned);
        });
    }
}

// Each of these breaks the capture that it falls into: what comes after is refused, and there is no graph.
CASE(what_no_capture_allows_breaks_it) {
    Stream stream, other;
    Event before, event;
    harness::Buffer<int> b(std::vector<int>{1});
    cudaEventRecord(before, other);
    int host = 3;
    void* p = nullptr;
    int* pinned = nullptr;
    cudaMallocHost((void**)&pinned, sizeof(int));
    const std::vector<std::function<cudaError_t()>> calls{
        [&] { return cudaMalloc(&p, 16); },
        [&] { return cudaFree(b.p); },
        [&] { return cudaMallocHost(&p, 16); },
        [&] { return cudaFreeHost(pinned); },
        [&] { return cudaMemcpy(b.p, &host, sizeof host, cudaMemcpyHostToDevice); },
        [&] { return cudaMemset(b.p, 0, sizeof host); },
        [&] { return cudaMemcpyAsync(b.p, &host, sizeof host, cudaMemcpyHostToDevice, stream); },
        [&] { return cudaMemcpyAsync(&host, b.p, sizeof host, cudaMemcpyDeviceToHost, stream); },
        [&] { return cudaMemcpy2DAsync(b.p, 4, &host, 4, 4, 1, cudaMemcpyHostToDevice, stream); },
        [&] { return cudaMemcpyAsync(b.p, pinned, 2 * sizeof host, cudaMemcpyHostToDevice, stream); },
        [&] { return cudaStreamSynchronize(stream); },
        [&] { return cudaStreamQuery(stream); },
        [&] { return cudaStreamDestroy(stream); },
        [&] { return cudaDeviceSynchronize(); },
    };
    for (const auto& call : calls) {
        CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
        CHECK(add(b.p, 1, stream) == cudaSuccess);
        CHECK(call() == cudaErrorStreamCaptureUnsupported);
        cudaStreamCaptureStatus status;
        cudaStreamIsCapturing(stream, &status);
        CHECK(status == cudaStreamCaptureStatusInvalidated);
        CHECK(add(b.p, 1, stream) == cudaErrorStreamCaptureInvalidated);
        CHECK(cudaMemsetAsync(b.p, 0, 4, stream) == cudaErrorStreamCaptureInvalidated);
        CHECK(cudaEventRecord(event, stream) == cudaErrorStreamCaptureInvalidated);
        cudaGraph_t graph;
        CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated && !graph);
        CHECK(b.get() == std::vector<int>{1} && host == 3);
        cudaEventRecord(event, other);
    }
    CHECK(strstr(cudaGetErrorString(cudaErrorStreamCaptureUnsupported), "not permitted when stream is capturing"));
    // Waiting for what is outside of the capture.
    cudaGraph_t graph;
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    CHECK(cudaStreamWaitEvent(stream, before, 0) == cudaErrorStreamCaptureIsolation);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated && !graph);
    cudaFreeHost(pinned);
}

CASE(an_event_of_a_capture_cannot_be_asked) {
    Stream stream, other;
    Event event;
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    cudaEventRecord(event, stream);
    CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
    CHECK(cudaEventSynchronize(event) == cudaErrorCapturedEvent);
    float milliseconds;
    CHECK(cudaEventElapsedTime(&milliseconds, event, event) == cudaErrorCapturedEvent);
    cudaGraphExecDestroy(end(stream));
    CHECK(cudaStreamWaitEvent(other, event, 0) == cudaErrorCapturedEvent);
    cudaEventRecord(event, stream);
    CHECK(cudaEventQuery(event) == cudaSuccess);
}

CASE(a_capture_ends_where_and_by_whom_it_was_begun) {
    Stream first, second;
    Event fork;
    harness::Buffer<int> b(std::vector<int>{0});
    cudaGraph_t graph;
    CHECK(cudaStreamEndCapture(first, &graph) == cudaErrorIllegalState);
    cudaStreamBeginCapture(first, cudaStreamCaptureModeThreadLocal);
    CHECK(cudaStreamBeginCapture(first, cudaStreamCaptureModeThreadLocal) == cudaErrorIllegalState);
    std::thread([&] { CHECK(cudaStreamEndCapture(first, &graph) == cudaErrorStreamCaptureWrongThread); }).join();
    // Work of a stream that nobody waits for.
    cudaEventRecord(fork, first);
    cudaStreamWaitEvent(second, fork, 0);
    add(b.p, 1, second);
    CHECK(cudaStreamEndCapture(first, &graph) == cudaErrorStreamCaptureUnjoined && !graph);
    cudaStreamBeginCapture(first, cudaStreamCaptureModeThreadLocal);
    cudaEventRecord(fork, first);
    cudaStreamWaitEvent(second, fork, 0);
    CHECK(cudaStreamEndCapture(second, &graph) == cudaErrorStreamCaptureUnmatched && !graph);
    CHECK(cudaStreamEndCapture(first, &graph) == cudaErrorStreamCaptureInvalidated && !graph);
}

// What the modes are about: whose allocations a capture forbids.
CASE(another_threads_allocation_breaks_a_global_capture_only) {
    const auto allocates = [](cudaStreamCaptureMode mode, bool elsewhere) {
        Stream stream;
        cudaStreamBeginCapture(stream, mode);
        cudaError_t status = cudaSuccess;
        const auto allocate = [&] {
            void* p = nullptr;
            status = cudaMalloc(&p, 16);
        };
        if (elsewhere) {
            std::thread(allocate).join();
        } else {
            allocate();
        }
        cudaGraph_t graph;
        CHECK(cudaStreamEndCapture(stream, &graph) == (status ? cudaErrorStreamCaptureInvalidated : cudaSuccess));
        cudaGraphDestroy(graph);
        return status == cudaSuccess;
    };
    CHECK(!allocates(cudaStreamCaptureModeGlobal, true) && !allocates(cudaStreamCaptureModeGlobal, false));
    CHECK(allocates(cudaStreamCaptureModeThreadLocal, true) && !allocates(cudaStreamCaptureModeThreadLocal, false));
    CHECK(allocates(cudaStreamCaptureModeRelaxed, true) && allocates(cudaStreamCaptureModeRelaxed, false));
}

}  // namespace
