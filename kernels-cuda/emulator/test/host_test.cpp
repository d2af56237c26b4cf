// The host's side: memory, streams, events, errors.
#include <cstring>

#include "harness.h"

namespace {

using candor::launch;

__global__ void increment(int* p, int by) {
    *p += by;
}

CASE(fresh_memory_is_not_a_number) {
    harness::Buffer<float> b(33);
    for (float v : b.get()) CHECK(v != v);
}

CASE(memory_is_counted_and_bounded) {
    harness::report_of("memory=16", [] {
        size_t free_before, free_after, total;
        cudaMemGetInfo(&free_before, &total);
        CHECK(total == 16u << 20);
        void* p;
        CHECK(cudaMalloc(&p, size_t(17) << 20) == cudaErrorMemoryAllocation && !p);
        CHECK(cudaMalloc(&p, size_t(9) << 20) == cudaSuccess);
        void* q;
        CHECK(cudaMalloc(&q, size_t(9) << 20) == cudaErrorMemoryAllocation);
        cudaMemGetInfo(&free_after, &total);
        CHECK(free_before - free_after == size_t(9) << 20);
        CHECK(cudaFree(p) == cudaSuccess);
        CHECK(cudaFree(p) == cudaErrorInvalidValue);
        CHECK(cudaFree(nullptr) == cudaSuccess);
    });
}

CASE(copies_move_rows) {
    std::vector<int> host{1, 2, 3, 4, 5, 6};
    harness::Buffer<int> b(std::vector<int>(8, 0));
    CHECK(cudaMemcpy2DAsync(b.p, 16, host.data(), 12, 8, 2, cudaMemcpyHostToDevice, nullptr) == cudaSuccess);
    CHECK(b.get() == (std::vector<int>{1, 2, 0, 0, 4, 5, 0, 0}));
    CHECK(cudaMemcpy2DAsync(b.p, 4, host.data(), 12, 8, 2, cudaMemcpyHostToDevice, nullptr) == cudaErrorInvalidValue);
    cudaMemsetAsync(b.p, 0xFF, 8, nullptr);
    CHECK(b.get()[1] == -1 && b.get()[2] == 0);
}

// Adds on one stream, doubles on another: right only if the second one waits.
std::vector<int> on_two_streams(bool wait) {
    cudaStream_t first, second;
    cudaEvent_t event;
    cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
    std::vector<int> results;
    for (int i = 0; i < 20; i++) {
        harness::Buffer<int> b(std::vector<int>{0, 0});
        launch("increment", increment, {dim3(1), dim3(1), 0, first}, b.p, 3);
        cudaEventRecord(event, first);
        if (wait) cudaStreamWaitEvent(second, event, 0);
        cudaMemcpyAsync(b.p + 1, b.p, 4, cudaMemcpyDeviceToDevice, second);
        cudaDeviceSynchronize();
        results.push_back(b.get()[1]);
    }
    cudaEventDestroy(event);
    cudaStreamDestroy(first);
    cudaStreamDestroy(second);
    return results;
}

CASE(a_missing_wait_between_streams_shows_where_work_is_late) {
    harness::report_of("streams=lazy", [] {
        CHECK(on_two_streams(true) == std::vector<int>(20, 3));
        CHECK(on_two_streams(false) != std::vector<int>(20, 3));
    });
    CHECK(on_two_streams(true) == std::vector<int>(20, 3));
}

CASE(work_waits_for_a_synchronisation_where_streams_are_lazy) {
    harness::report_of("streams=lazy", [] {
        harness::Buffer<int> b(std::vector<int>{5});
        cudaStream_t stream;
        cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
        launch("increment", increment, {dim3(1), dim3(1), 0, stream}, b.p, 1);
        CHECK(*b.p == 5);
        CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
        CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
        CHECK(*b.p == 6);
        cudaStreamDestroy(stream);
        CHECK(cudaStreamSynchronize(stream) == cudaErrorInvalidResourceHandle);
    });
}

CASE(events_measure_time) {
    cudaEvent_t from, to;
    cudaEventCreateWithFlags(&from, 0);
    cudaEventCreateWithFlags(&to, 0);
    float milliseconds = -1;
    CHECK(cudaEventElapsedTime(&milliseconds, from, to) == cudaErrorInvalidResourceHandle);
    cudaEventRecord(from, nullptr);
    cudaEventRecord(to, nullptr);
    CHECK(cudaEventSynchronize(to) == cudaSuccess);
    CHECK(cudaEventElapsedTime(&milliseconds, from, to) == cudaSuccess);
    CHECK(milliseconds >= 0);
    cudaEventDestroy(from);
    cudaEventDestroy(to);
}

__global__ void trap() {
    __trap();
}

CASE(a_failed_launch_is_the_devices_error_until_its_report_is_taken) {
    candor_emulator_report();
    launch("trap", trap, {dim3(1), dim3(1)});
    CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
    CHECK(strstr(cudaGetErrorString(cudaErrorLaunchFailure), "trap"));
    CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
    CHECK(candor_emulator_findings() == 1);
    CHECK(std::string(candor_emulator_report()).find("[block 0,0,0 thread 0] in trap") != std::string::npos);
    CHECK(cudaGetLastError() == cudaSuccess);
}

CASE(a_configuration_that_is_not_known_is_refused) {
    CHECK(candor_emulator_configure("sched=sideways") == 1);
    CHECK(candor_emulator_configure("threads=0") == 1);
    CHECK(candor_emulator_configure("seed") == 1);
    CHECK(candor_emulator_configure("") == 0);
}

}  // namespace
