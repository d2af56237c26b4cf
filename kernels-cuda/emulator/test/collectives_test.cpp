// Warp collectives and barriers: results, and the mistakes that are noticed.
#include "harness.h"

namespace {

using candor::launch;

__global__ void shuffles(int* out) {
    const int lane = threadIdx.x;
    out[lane] = __shfl_sync(~0u, lane * 10, (lane + 3) % 32);
    out[32 + lane] = __shfl_up_sync(~0u, lane, 2);
    out[64 + lane] = __shfl_down_sync(~0u, lane, 5, 16);
    out[96 + lane] = __shfl_xor_sync(~0u, lane, 8);
}

CASE(shuffles_move_values_as_documented) {
    CHECK_CLEAN([] {
        harness::Buffer<int> out(128);
        launch("shuffles", shuffles, {dim3(1), dim3(32)}, out.p);
        const std::vector<int> v = out.get();
        for (int lane = 0; lane < 32; lane++) {
            CHECK(v[lane] == (lane + 3) % 32 * 10);
            CHECK(v[32 + lane] == (lane < 2 ? lane : lane - 2));
            CHECK(v[64 + lane] == (lane % 16 + 5 < 16 ? lane + 5 : lane));
            CHECK(v[96 + lane] == (lane ^ 8));
        }
    });
}

__global__ void votes(unsigned* out) {
    const unsigned lane = threadIdx.x;
    const unsigned odd = __ballot_sync(~0u, lane % 2);
    const int any = __any_sync(~0u, lane == 31), all = __all_sync(~0u, lane < 32), not_all = __all_sync(~0u, lane);
    if (lane == 0) out[0] = odd, out[1] = any, out[2] = all, out[3] = not_all;
}

CASE(votes_count_every_lane) {
    CHECK_CLEAN([] {
        harness::Buffer<unsigned> out(4);
        launch("votes", votes, {dim3(1), dim3(32)}, out.p);
        CHECK(out.get() == (std::vector<unsigned>{0xAAAAAAAAu, 1, 1, 0}));
    });
}

__global__ void divergent_collectives(int* out) {
    if (threadIdx.x % 2) {
        out[threadIdx.x] = __shfl_sync(0xAAAAAAAAu, (int)threadIdx.x, 1);
    } else {
        out[threadIdx.x] = __shfl_sync(0x55555555u, (int)threadIdx.x, 2);
    }
}

CASE(halves_of_a_warp_may_shuffle_apart) {
    CHECK_CLEAN([] {
        harness::Buffer<int> out(32);
        launch("halves", divergent_collectives, {dim3(1), dim3(32)}, out.p);
        for (int i = 0; i < 32; i++) CHECK(out.get()[i] == (i % 2 ? 1 : 2));
    });
}

__global__ void mixed_operations() {
    if (threadIdx.x < 16) {
        __syncwarp();
    } else {
        __shfl_sync(~0u, 0, 0);
    }
}

CASE(different_operations_under_one_mask_are_found) {
    CHECK_FOUND("warp divergence", [] { launch("mixed", mixed_operations, {dim3(1), dim3(32)}); });
}

__global__ void exited_lanes() {
    if (threadIdx.x < 4) return;
    for (int i = 0; i < 3; i++) __nanosleep(1);
    __syncwarp();
}

CASE(a_mask_that_names_exited_lanes_is_found) {
    CHECK_FOUND("have exited", [] { launch("exited", exited_lanes, {dim3(1), dim3(32)}); });
}

__global__ void outside_mask() {
    __shfl_sync(0xfffffffeu, 1, 1);
}

CASE(a_caller_outside_its_mask_is_found) {
    CHECK_FOUND("not in its mask", [] { launch("outside", outside_mask, {dim3(1), dim3(32)}); });
}

struct Staged {
    int values[128];
};

__global__ void reverse(int* out) {
    Staged& s = candor::shared<Staged>();
    s.values[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[blockIdx.x * 128 + threadIdx.x] = s.values[127 - threadIdx.x];
}

CASE(a_barrier_makes_shared_memory_visible) {
    CHECK_CLEAN([] {
        harness::Buffer<int> out(3 * 128);
        launch("reverse", reverse, {dim3(3), dim3(128), sizeof(Staged)}, out.p);
        const std::vector<int> v = out.get();
        for (int i = 0; i < 3 * 128; i++) CHECK(v[i] == 127 - i % 128);
    });
}

__global__ void divergent_barrier() {
    if (threadIdx.x < 64) __syncthreads();
}

CASE(a_barrier_that_some_threads_miss_is_a_deadlock) {
    CHECK_FOUND("64x barrier 0; 64x exited", [] { launch("divergent", divergent_barrier, {dim3(1), dim3(128)}); });
}

__global__ void handover(int* out) {
    Staged& s = candor::shared<Staged>();
    if (threadIdx.x < 64) {
        s.values[threadIdx.x] = threadIdx.x + 1;
        candor::barrier_arrive(1, 128);
    } else {
        candor::barrier_sync(1, 128);
        out[threadIdx.x - 64] = s.values[threadIdx.x - 64];
    }
}

CASE(a_named_barrier_hands_over_without_waiting) {
    CHECK_CLEAN([] {
        harness::Buffer<int> out(64);
        launch("handover", handover, {dim3(1), dim3(128), sizeof(Staged)}, out.p);
        for (int i = 0; i < 64; i++) CHECK(out.get()[i] == i + 1);
    });
}

__global__ void unequal_counts() {
    candor::barrier_sync(2, threadIdx.x < 32 ? 64 : 96);
}

CASE(unequal_counts_at_a_barrier_are_found) {
    CHECK_FOUND("meets count", [] { launch("unequal", unequal_counts, {dim3(1), dim3(64)}); });
}

__global__ void odd_count() {
    candor::barrier_sync(1, 40);
}

CASE(a_count_that_is_no_multiple_of_a_warp_is_found) {
    CHECK_FOUND("not a multiple of a warp", [] { launch("odd", odd_count, {dim3(1), dim3(64)}); });
}

__global__ void spin_forever(int* flag) {
    while (atomicAdd(flag, 0) == 0) __nanosleep(100);
}

CASE(a_livelock_ends) {
    const std::string report = harness::report_of("", [] {
        harness::Buffer<int> flag(std::vector<int>{0});
        launch("spin", spin_forever, {dim3(1), dim3(1)}, flag.p);
    });
    CHECK(report.find("livelock") != std::string::npos);
}

__global__ void wait_for_other_block(int* flag) {
    if (blockIdx.x == 1) {
        atomicExch(flag, 1);
    } else {
        while (atomicAdd(flag, 0) == 0) __nanosleep(100);
    }
}

CASE(resident_blocks_can_wait_for_each_other) {
    const std::string report = harness::report_of("resident=2", [] {
        harness::Buffer<int> flag(std::vector<int>{0});
        launch("wait", wait_for_other_block, {dim3(2), dim3(1)}, flag.p);
    });
    CHECK(report.empty());
}

__global__ void count_up(unsigned* count, int* last) {
    if (threadIdx.x == 0) *last = atomicAdd(count, 1u) == gridDim.x - 1;
    atomicMax(last + 1, (int)(blockIdx.x * blockDim.x + threadIdx.x));
    atomicCAS(last + 2, -7, 9);
}

CASE(atomics_are_atomic_across_host_threads) {
    for (const char* mode : {"threads=2", "sched=shuffle seed=5"}) {
        harness::report_of(mode, [] {
            harness::Buffer<unsigned> count(std::vector<unsigned>{0});
            harness::Buffer<int> last(std::vector<int>{0, -1, -7});
            launch("count", count_up, {dim3(50), dim3(64)}, count.p, last.p);
            CHECK(count.get()[0] == 50);
            CHECK(last.get()[1] == 50 * 64 - 1);
            CHECK(last.get()[2] == 9);
        });
    }
}

__global__ void who(int* out) {
    const int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    out[block * blockDim.x * blockDim.y * blockDim.z + thread] += 1;
}

CASE(every_thread_of_a_three_dimensional_grid_runs_once) {
    CHECK_CLEAN([] {
        const int n = 2 * 3 * 2 * 5 * 2 * 3;
        harness::Buffer<int> out(std::vector<int>(n, 0));
        launch("who", who, {dim3(2, 3, 2), dim3(5, 2, 3)}, out.p);
        CHECK(out.get() == std::vector<int>(n, 1));
    });
}

__global__ void too_large() {
    candor::shared<Staged>();
}

CASE(a_shared_struct_larger_than_the_launch_is_found) {
    CHECK_FOUND("shared memory of 512 bytes", [] { launch("large", too_large, {dim3(1), dim3(1), 256}); });
}

CASE(shapes_that_no_device_takes_are_refused) {
    CHECK(launch("x", too_large, {dim3(0), dim3(32)}) == cudaErrorInvalidConfiguration);
    CHECK(launch("x", too_large, {dim3(1), dim3(1025)}) == cudaErrorInvalidConfiguration);
    CHECK(launch("x", too_large, {dim3(1, 70000), dim3(32)}) == cudaErrorInvalidConfiguration);
    CHECK(launch("x", too_large, {dim3(1), dim3(32), 300000}) == cudaErrorInvalidValue);
    CHECK(std::string(candor_emulator_report()).empty());
}

}  // namespace
