// Race mode: what orders accesses and what does not, bounds, and memory that was never written. These cases say nothing in
// other forms of the library.
#include "harness.h"

#if RACE_BUILD
namespace {

using candor::launch;

struct Slots {
    int values[64];
};

#define TWO_WARPS(kernel, ...) \
    [] { \
        harness::Buffer<int> out(std::vector<int>(64, 0)); \
        launch(#kernel, kernel, {dim3(1), dim3(64), sizeof(Slots)}, out.p); \
    }

__global__ void no_barrier(int* out) {
    Slots& s = candor::shared<Slots>();
    s.values[threadIdx.x] = threadIdx.x;
    out[threadIdx.x] = s.values[63 - threadIdx.x];
}

CASE(a_read_without_a_barrier_is_a_race) {
    const std::string report = harness::report_of("", TWO_WARPS(no_barrier));
    CHECK(report.find("race on shared memory") != std::string::npos || report.find("uninitialised") != std::string::npos);
}

__global__ void with_barrier(int* out) {
    Slots& s = candor::shared<Slots>();
    s.values[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = s.values[63 - threadIdx.x];
}

CASE(a_barrier_orders) {
    CHECK_CLEAN(TWO_WARPS(with_barrier));
}

__global__ void reused(int* out) {
    Slots& s = candor::shared<Slots>();
    for (int i = 0; i < 2; i++) {
        s.values[threadIdx.x] = threadIdx.x + i;
        __syncthreads();
        out[threadIdx.x] = s.values[63 - threadIdx.x];
    }
}

CASE(a_buffer_used_again_without_a_barrier_is_a_race) {
    CHECK_FOUND("write-after-read race on shared memory", TWO_WARPS(reused));
}

__global__ void bytes(int* out) {
    reinterpret_cast<unsigned char*>(out)[threadIdx.x] = (unsigned char)threadIdx.x;
}

__global__ void bytes_of_pairs(int* out) {
    reinterpret_cast<unsigned char*>(out)[threadIdx.x / 2] = (unsigned char)threadIdx.x;
}

CASE(neighbours_may_write_bytes_of_their_own) {
    CHECK_CLEAN(TWO_WARPS(bytes));
    CHECK_FOUND("write-write race on global memory", TWO_WARPS(bytes_of_pairs));
}

__global__ void warp_only(int* out) {
    Slots& s = candor::shared<Slots>();
    s.values[threadIdx.x] = threadIdx.x;
    __syncwarp();
    out[threadIdx.x] = s.values[threadIdx.x ^ 1];
}

__global__ void by_shuffle(int* out) {
    Slots& s = candor::shared<Slots>();
    s.values[threadIdx.x] = threadIdx.x;
    __shfl_sync(~0u, 0, 0);
    out[threadIdx.x] = s.values[threadIdx.x ^ 1];
}

CASE(a_warps_barrier_orders_and_a_shuffle_does_not) {
    CHECK_CLEAN(TWO_WARPS(warp_only));
    CHECK_FOUND("race on shared memory", TWO_WARPS(by_shuffle));
}

__global__ void uninitialised(int* out) {
    out[threadIdx.x] = candor::shared<Slots>().values[threadIdx.x];
}

CASE(shared_memory_that_nobody_wrote_is_found) {
    CHECK_FOUND("read of uninitialised memory on shared", TWO_WARPS(uninitialised));
}

__global__ void past_the_end(int* out) {
    out[threadIdx.x + 1] = 0;
}

CASE(a_store_past_an_allocation_is_found) {
    CHECK_FOUND("OUT OF BOUNDS: global store of 4 bytes", TWO_WARPS(past_the_end));
}

__global__ void same_slot(int* out) {
    if (threadIdx.x == 0) out[0] = blockIdx.x;
}

CASE(two_blocks_that_write_one_place_are_found) {
    CHECK_FOUND("conflict between blocks", [] {
        harness::Buffer<int> out(1);
        launch("same slot", same_slot, {dim3(2), dim3(32)}, out.p);
    });
}

CASE(launches_are_ordered) {
    CHECK_CLEAN([] {
        harness::Buffer<int> out(1);
        for (int i = 0; i < 2; i++) launch("same slot", same_slot, {dim3(1), dim3(32)}, out.p);
    });
}

// The last block to come adds what all have written.
template <bool Atomic>
__global__ void last_block(int* parts, unsigned* count, int* sum) {
    parts[blockIdx.x] = blockIdx.x + 1;
    __threadfence();
    const unsigned before = Atomic ? atomicAdd(count, 1u) : (*count)++;
    if (before != gridDim.x - 1) return;
    *sum = 0;
    for (unsigned i = 0; i < gridDim.x; i++) *sum += parts[i];
}

template <bool Atomic>
void run_last_block() {
    harness::Buffer<int> parts(4), sum(1);
    harness::Buffer<unsigned> count(std::vector<unsigned>{0});
    launch("last block", last_block<Atomic>, {dim3(4), dim3(1)}, parts.p, count.p, sum.p);
    if (Atomic) CHECK(sum.get()[0] == 10);
}

CASE(atomics_order_blocks_and_plain_counters_do_not) {
    CHECK_CLEAN(run_last_block<true>);
    CHECK_FOUND("conflict between blocks", run_last_block<false>);
}

__global__ void unwaited_copy(const int* from, int* out) {
    Slots& s = candor::shared<Slots>();
    candor::cp_async16(candor::shared_address(&s.values[4 * threadIdx.x]), from + 4 * threadIdx.x, 16);
    candor::cp_async_commit();
    out[threadIdx.x] = s.values[4 * threadIdx.x];
    candor::cp_async_wait<0>();
}

CASE(a_read_of_a_copy_in_flight_is_found) {
    CHECK_FOUND("asynchronous agent of thread", [] {
        harness::Buffer<int> from(std::vector<int>(64, 1)), out(16);
        launch("unwaited", unwaited_copy, {dim3(1), dim3(16), sizeof(Slots)}, from.p, out.p);
    });
}

__global__ void waited_but_not_by_all(const int* from, int* out) {
    Slots& s = candor::shared<Slots>();
    candor::cp_async16(candor::shared_address(&s.values[4 * threadIdx.x]), from + 4 * threadIdx.x, 16);
    candor::cp_async_commit();
    candor::cp_async_wait<0>();
    out[threadIdx.x] = s.values[4 * (threadIdx.x ^ 1)];
}

CASE(waiting_for_ones_own_copy_does_not_show_those_of_others) {
    CHECK_FOUND("race on shared memory", [] {
        harness::Buffer<int> from(std::vector<int>(64, 1)), out(16);
        launch("waited", waited_but_not_by_all, {dim3(1), dim3(16), sizeof(Slots)}, from.p, out.p);
    });
}

}  // namespace
#endif
