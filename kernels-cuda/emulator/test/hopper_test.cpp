// mbarrier, TMA and wgmma: a whole product in every layout of its operands, and the mistakes that are noticed one by one.
#include "harness.h"
#include "wgmma_product.h"

namespace {

using candor::bf16;
using candor::launch;

// Small integers, whose sums are exact in bf16 as long as they stay below 256.
float left(int i, int k) { return (float)((i + 2 * k) % 3 - 1); }
float right(int k, int j) { return (float)((3 * k + j) % 3 - 1); }

template <int TA, int TB>
void check_product(int m, int n, int depth) {
    std::vector<bf16> a(m * depth), b(n * depth);
    std::vector<float> expected(m * n, 0.0f);
    for (int k = 0; k < depth; k++) {
        for (int i = 0; i < m; i++) a[TA ? k * m + i : i * depth + k] = candor::to_bf16(left(i, k));
        for (int j = 0; j < n; j++) b[TB ? k * n + j : j * depth + k] = candor::to_bf16(right(k, j));
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) expected[i * n + j] += left(i, k) * right(k, j);
        }
    }
    harness::Buffer<bf16> device_a(a), device_b(b), c(m * n);
    CHECK(wgmma_product::run<TA, TB>(device_a.p, device_b.p, c.p, m, n, depth) == cudaSuccess);
    const std::vector<bf16> got = c.get();
    bool same = true;
    for (int i = 0; i < m * n; i++) same &= candor::to_float(got[i]) == expected[i];
    CHECK(same);
}

CASE(wgmma_products_are_right_in_every_layout) {
    CHECK_CLEAN([] {
        check_product<0, 0>(64, 64, 64);
        check_product<0, 0>(72, 56, 200);
        check_product<1, 0>(64, 64, 128);
        check_product<0, 1>(64, 72, 128);
        check_product<1, 1>(136, 72, 200);
    });
}

struct Barrier {
    alignas(8) uint64_t word;
    int value;
};

__global__ void handshake(int* out) {
    Barrier& s = candor::shared<Barrier>();
    if (threadIdx.x == 0) candor::mbarrier_init(&s.word, 32);
    __syncthreads();
    for (int phase = 0; phase < 3; phase++) {
        if (threadIdx.x < 32) {
            if (threadIdx.x == 5) s.value = phase + 10;
            candor::mbarrier_arrive(&s.word);
        } else {
            candor::mbarrier_wait(&s.word, phase & 1);
            if (threadIdx.x == 32) out[phase] = s.value;
        }
        __syncthreads();
    }
}

CASE(an_mbarrier_passes_phase_by_phase) {
    CHECK_CLEAN([] {
        harness::Buffer<int> out(3);
        launch("handshake", handshake, {dim3(1), dim3(64), sizeof(Barrier)}, out.p);
        CHECK(out.get() == (std::vector<int>{10, 11, 12}));
    });
}

__global__ void wait_for_ever() {
    Barrier& s = candor::shared<Barrier>();
    candor::mbarrier_init(&s.word, 1);
    candor::mbarrier_wait(&s.word, 0);
}

CASE(an_mbarrier_that_nobody_completes_is_a_deadlock) {
    CHECK_FOUND("1x mbarrier wait", [] { launch("wait", wait_for_ever, {dim3(1), dim3(1), sizeof(Barrier)}); });
}

__global__ void never_initialised() {
    candor::mbarrier_arrive(&candor::shared<Barrier>().word);
}

CASE(an_mbarrier_that_was_not_initialised_is_found) {
    CHECK_FOUND("not initialised", [] { launch("never", never_initialised, {dim3(1), dim3(1), sizeof(Barrier)}); });
}

__global__ void overwritten() {
    Barrier& s = candor::shared<Barrier>();
    candor::mbarrier_init(&s.word, 2);
    s.word = 0;
    candor::mbarrier_arrive(&s.word);
}

CASE(an_mbarrier_that_was_overwritten_is_found) {
    CHECK_FOUND("was overwritten", [] { launch("over", overwritten, {dim3(1), dim3(1), sizeof(Barrier)}); });
}

__global__ void no_map(const __grid_constant__ CUtensorMap map) {
    struct alignas(128) Box {
        bf16 tile[64 * 64];
        uint64_t word;
    };
    Box& s = candor::shared<Box>();
    candor::mbarrier_init(&s.word, 1);
    candor::tma_load_2d(s.tile, &map, &s.word, 0, 0);
}

CASE(what_is_no_tensor_map_is_found) {
    CHECK_FOUND("not a tensor map", [] {
        CUtensorMap map = {};
        launch("no map", no_map, {dim3(1), dim3(1), 16384}, map);
    });
}

CASE(tensor_maps_that_the_documents_forbid_are_refused) {
    const auto encode = [](uint64_t row_bytes, uint32_t box_columns, CUtensorMapSwizzle swizzle) {
        alignas(64) static char memory[4096];
        CUtensorMap map;
        const cuuint64_t dims[2] = {64, 4}, strides[1] = {row_bytes};
        const cuuint32_t box[2] = {box_columns, 4}, steps[2] = {1, 1};
        return cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, memory, dims, strides, box, steps,
            CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle, CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    };
    CHECK(encode(128, 64, CU_TENSOR_MAP_SWIZZLE_128B) == CUDA_SUCCESS);
    CHECK(encode(120, 64, CU_TENSOR_MAP_SWIZZLE_128B) == CUDA_ERROR_INVALID_VALUE);
    CHECK(encode(1024, 128, CU_TENSOR_MAP_SWIZZLE_128B) == CUDA_ERROR_INVALID_VALUE);
    CHECK(encode(1024, 300, CU_TENSOR_MAP_SWIZZLE_NONE) == CUDA_ERROR_INVALID_VALUE);
    CHECK(encode(1024, 20, CU_TENSOR_MAP_SWIZZLE_NONE) == CUDA_ERROR_INVALID_VALUE);
}

}  // namespace
