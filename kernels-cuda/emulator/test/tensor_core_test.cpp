// ldmatrix and mma.sync through the loaders of tile.h: every way in which an operand can lie in shared memory.
#include "harness.h"

namespace {

using candor::bf16;
using candor::launch;

constexpr int kSide = 32;

struct Tiles {
    alignas(128) bf16 a[kSide * kSide];
    alignas(128) bf16 b[kSide * kSide];
};

// c (32,32) = a b by one warp; the operands lie as they are, or transposed.
template <bool ATransposed, bool BTransposed>
__global__ void product(const bf16* a, const bf16* b, float* c) {
    Tiles& s = candor::shared<Tiles>();
    candor::load_tile<kSide, kSide, 32>(s.a, {a, kSide, true}, 0, 0, kSide, 0, kSide, threadIdx.x);
    candor::load_tile<kSide, kSide, 32>(s.b, {b, kSide, true}, 0, 0, kSide, 0, kSide, threadIdx.x);
    candor::cp_async_commit();
    candor::cp_async_wait<0>();
    __syncthreads();
    for (int row = 0; row < kSide; row += 16) {
        for (int column = 0; column < kSide; column += 16) {
            float d[2][4] = {};
            for (int k = 0; k < kSide; k += 16) {
                uint32_t left[4], right[2][2];
                if (ATransposed) {
                    candor::load_a_transposed<kSide>(left, s.a, k, row);
                } else {
                    candor::load_a<kSide>(left, s.a, row, k);
                }
                if (BTransposed) {
                    candor::load_b_transposed<kSide>(right, s.b, k, column);
                } else {
                    candor::load_b<kSide>(right, s.b, column, k);
                }
                candor::mma_m16n8k16_bf16(d[0], left, right[0]);
                candor::mma_m16n8k16_bf16(d[1], left, right[1]);
            }
            for (int j = 0; j < 2; j++) {
                for (int v = 0; v < 4; v++) {
                    c[(row + candor::fragment_row(v)) * kSide + column + j * 8 + candor::fragment_column(v)] = d[j][v];
                }
            }
        }
    }
}

template <bool ATransposed, bool BTransposed>
void check_product() {
    // Small integers: every sum is exact, whatever its order.
    std::vector<bf16> a(kSide * kSide), b(kSide * kSide);
    std::vector<float> expected(kSide * kSide, 0.0f);
    const auto av = [](int i, int k) { return (float)((i * 7 + k * 3) % 11 - 5); };
    const auto bv = [](int k, int j) { return (float)((k * 5 + j * 13) % 9 - 4); };
    for (int i = 0; i < kSide; i++) {
        for (int k = 0; k < kSide; k++) {
            a[ATransposed ? k * kSide + i : i * kSide + k] = candor::to_bf16(av(i, k));
            b[BTransposed ? k * kSide + i : i * kSide + k] = candor::to_bf16(bv(k, i));
            for (int j = 0; j < kSide; j++) expected[i * kSide + j] += av(i, k) * bv(k, j);
        }
    }
    harness::Buffer<bf16> device_a(a), device_b(b);
    harness::Buffer<float> c(kSide * kSide);
    launch("product", product<ATransposed, BTransposed>, {dim3(1), dim3(32), sizeof(Tiles)}, device_a.p, device_b.p, c.p);
    CHECK(c.get() == expected);
}

CASE(products_are_right_however_the_operands_lie) {
    CHECK_CLEAN([] {
        check_product<false, false>();
        check_product<false, true>();
        check_product<true, false>();
        check_product<true, true>();
    });
}

// The fragments' layout by the figures of the PTX ISA, not by our own loaders: lane 4g+t holds of a rows g and g+8, columns
// 2t, 2t+1, 2t+8, 2t+9; of b column g, rows 2t, 2t+1, 2t+8, 2t+9; of d rows g and g+8, columns 2t, 2t+1.
__global__ void by_hand(float* d_out) {
    const int g = threadIdx.x / 4, t = threadIdx.x % 4;
    const auto a = [](int row, int k) { return (float)(row + 2 * k); };
    const auto b = [](int k, int n) { return (float)(k == n ? 1 : 0); };
    const uint32_t left[4] = {candor::pack(a(g, 2 * t), a(g, 2 * t + 1)), candor::pack(a(g + 8, 2 * t), a(g + 8, 2 * t + 1)),
        candor::pack(a(g, 2 * t + 8), a(g, 2 * t + 9)), candor::pack(a(g + 8, 2 * t + 8), a(g + 8, 2 * t + 9))};
    const uint32_t right[2] = {candor::pack(b(2 * t, g), b(2 * t + 1, g)), candor::pack(b(2 * t + 8, g), b(2 * t + 9, g))};
    float d[4] = {100, 200, 300, 400};
    candor::mma_m16n8k16_bf16(d, left, right);
    for (int v = 0; v < 4; v++) d_out[(g + v / 2 * 8) * 8 + 2 * t + v % 2] = d[v];
}

CASE(fragments_lie_as_the_instruction_set_draws_them) {
    CHECK_CLEAN([] {
        harness::Buffer<float> d(128);
        launch("by hand", by_hand, {dim3(1), dim3(32)}, d.p);
        const std::vector<float> got = d.get();
        for (int row = 0; row < 16; row++) {
            for (int n = 0; n < 8; n++) {
                // b is the identity of its first eight rows: d = a's column n, on top of what was there.
                const float before = (row < 8 ? 100.0f : 300.0f) + (n % 2) * 100.0f;
                CHECK(got[row * 8 + n] == before + row + 2 * n);
            }
        }
    });
}

__global__ void ldmatrix_unaligned(uint32_t* out) {
    Tiles& s = candor::shared<Tiles>();
    uint32_t r[4];
    candor::ldmatrix_x4(r, candor::shared_address(s.a) + threadIdx.x * 16 + 8);
    out[threadIdx.x] = r[0];
}

CASE(ldmatrix_wants_aligned_rows) {
    CHECK_FOUND("not 16-byte aligned", [] {
        harness::Buffer<uint32_t> out(32);
        launch("unaligned", ldmatrix_unaligned, {dim3(1), dim3(32), sizeof(Tiles)}, out.p);
    });
}

__global__ void partial_warp(float* out) {
    const uint32_t a[4] = {}, b[2] = {};
    float d[4] = {};
    candor::mma_m16n8k16_bf16(d, a, b);
    out[threadIdx.x] = d[0];
}

CASE(a_product_in_a_partial_warp_is_found) {
    CHECK_FOUND("in a partial warp", [] {
        harness::Buffer<float> out(32);
        launch("partial", partial_warp, {dim3(1), dim3(16)}, out.p);
    });
}

__global__ void philox_numbers(uint32_t* out) {
    const uint4 r = candor::philox(make_uint4(0, 0, 0, 0), make_uint2(0, 0));
    const uint4 q = candor::philox(make_uint4(~0u, ~0u, ~0u, ~0u), make_uint2(~0u, ~0u));
    out[0] = r.x, out[1] = r.y, out[2] = r.z, out[3] = r.w, out[4] = q.x, out[5] = q.y, out[6] = q.z, out[7] = q.w;
}

CASE(philox_gives_the_published_numbers) {  // the known answers that come with Salmon et al. 2011
    harness::Buffer<uint32_t> out(8);
    launch("philox", philox_numbers, {dim3(1), dim3(1)}, out.p);
    CHECK(out.get()
        == (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
            0x6d5451fd}));
}

}  // namespace
