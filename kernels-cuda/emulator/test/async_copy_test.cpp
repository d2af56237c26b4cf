// cp.async: arrives when it is waited for and not before, fills with zeros, wants alignment.
#include "harness.h"

namespace {

using candor::launch;

struct Ring {
    alignas(16) int stages[2][128];
};

// Each thread moves 16 bytes per stage; Waits: groups in flight when a stage is read.
template <int Waits>
__global__ void staged(const int* from, int* to, int stages) {
    Ring& s = candor::shared<Ring>();
    const int t = threadIdx.x;
    const auto load = [&](int stage) {
        if (stage < stages) candor::cp_async16(candor::shared_address(&s.stages[stage % 2][4 * t]), from + stage * 128 + 4 * t, 16);
        candor::cp_async_commit();
    };
    load(0);
    for (int stage = 0; stage < stages; stage++) {
        load(stage + 1);
        candor::cp_async_wait<Waits>();
        __syncthreads();
        for (int i = 0; i < 4; i++) to[stage * 128 + 4 * t + i] = s.stages[stage % 2][127 - 4 * t - i] + 1;
        __syncthreads();
    }
}

template <int Waits>
bool staged_is_right() {
    std::vector<int> values(5 * 128);
    for (size_t i = 0; i < values.size(); i++) values[i] = (int)i * 3;
    harness::Buffer<int> from(values), to(values.size());
    launch("staged", staged<Waits>, {dim3(1), dim3(32), sizeof(Ring)}, from.p, to.p, 5);
    const std::vector<int> got = to.get();
    for (size_t i = 0; i < got.size(); i++) {
        if (got[i] != values[i / 128 * 128 + 127 - i % 128] + 1) return false;
    }
    return true;
}

CASE(a_copy_is_there_after_its_wait) {
    CHECK_CLEAN([] { CHECK(staged_is_right<1>()); });
}

CASE(a_wait_for_too_few_groups_shows_where_copies_are_late) {
    bool right = true;
    harness::report_of("async=lazy", [&] { right = staged_is_right<2>(); });
    CHECK(!right);
    bool random_right = true;
    harness::report_of("async=random seed=3", [&] { random_right = staged_is_right<2>(); });
    CHECK(!random_right);
}

// Writes the stage that is still being read: only copies that happen at once show it.
__global__ void overwritten(const int* from, int* to) {
    Ring& s = candor::shared<Ring>();
    const uint32_t address = candor::shared_address(&s.stages[0][4 * threadIdx.x]);
    candor::cp_async16(address, from + 4 * threadIdx.x, 16);
    candor::cp_async_commit();
    candor::cp_async_wait<0>();
    candor::cp_async16(address, from + 128 + 4 * threadIdx.x, 16);
    candor::cp_async_commit();
    to[threadIdx.x] = s.stages[0][4 * threadIdx.x];
    candor::cp_async_wait<0>();
}

CASE(a_buffer_that_is_overwritten_too_early_shows_where_copies_are_eager) {
    std::vector<int> values(256);
    for (int i = 0; i < 256; i++) values[i] = i;
    for (const char* mode : {"async=eager", "async=lazy"}) {
        harness::report_of(mode, [&] {
            harness::Buffer<int> from(values), to(32);
            launch("overwritten", overwritten, {dim3(1), dim3(32), sizeof(Ring)}, from.p, to.p);
            CHECK((to.get()[1] == 4) == (std::string(mode) == "async=lazy"));
        });
    }
}

__global__ void partial(const int* from, int* to, int bytes) {
    Ring& s = candor::shared<Ring>();
    candor::cp_async16(candor::shared_address(s.stages[0]), from, bytes);
    candor::cp_async_commit();
    candor::cp_async_wait<0>();
    for (int i = 0; i < 4; i++) to[i] = s.stages[0][i];
}

CASE(the_rest_of_a_partial_copy_is_zero) {
    CHECK_CLEAN([] {
        harness::Buffer<int> from(std::vector<int>{1, 2, 3, 4}), to(4);
        launch("partial", partial, {dim3(1), dim3(1), sizeof(Ring)}, from.p, to.p, 8);
        CHECK(to.get() == (std::vector<int>{1, 2, 0, 0}));
        launch("partial", partial, {dim3(1), dim3(1), sizeof(Ring)}, from.p, to.p, 0);
        CHECK(to.get() == (std::vector<int>{0, 0, 0, 0}));
    });
}

CASE(a_source_that_is_not_aligned_is_found) {
    CHECK_FOUND("global address is not 16-byte aligned", [] {
        harness::Buffer<int> from(8), to(4);
        launch("unaligned", partial, {dim3(1), dim3(1), sizeof(Ring)}, from.p + 1, to.p, 16);
    });
}

__global__ void outside(const int* from) {
    Ring& s = candor::shared<Ring>();
    candor::cp_async16(candor::shared_address(s.stages[0]) + sizeof(Ring), from, 16);
}

CASE(a_copy_past_the_shared_memory_is_found) {
    CHECK_FOUND("outside the launch's 1024 bytes", [] {
        harness::Buffer<int> from(4);
        launch("outside", outside, {dim3(1), dim3(1), sizeof(Ring)}, from.p);
    });
}

}  // namespace
