// wgmma.mma_async m64nNk16, the left operand in shared memory or in registers (PTX ISA 9.7.15): descriptors, canonical
// layouts, commit groups. Each warp of a warpgroup computes its sixteen rows. Registers are read when the product happens, so
// that one written too early is noticed.
#include <algorithm>
#include <cstring>
#include <memory>

#include "collective.h"
#include "config.h"
#include "emulator/instructions.h"
#include "shadow.h"
#include "tensor_map.h"

namespace emulator {
namespace {

const char* const kFence = "wgmma.fence";
const char* const kProduct = "wgmma.mma_async";
const char* const kCommit = "wgmma.commit_group";
const char* const kWait = "wgmma.wait_group";
constexpr int kDepth = 16;
constexpr int kWarpRows = 16;
constexpr int kMostColumns = 256;

// A shared-memory matrix descriptor, in bytes; `chunks` of 16 bytes in a swizzled row, 0 without swizzle.
struct Descriptor {
    uint32_t start, leading, stride, chunks;
};

Descriptor decode(uint64_t bits) {
    static const uint32_t chunks[4] = {0, 8, 4, 2};
    const auto field = [&](int shift) { return (uint32_t)(bits >> shift & 0x3fff) << 4; };
    const Descriptor d{field(0), field(16), field(32), chunks[bits >> 62]};
    if (bits >> 49 & 7) fail("wgmma descriptor: a base offset is not modelled; align the tile to the swizzle's pattern");
    if (d.chunks && (d.start >> 7 & (d.chunks - 1))) {
        fail("wgmma descriptor: the tile's start 0x%x is not on the boundary of the swizzle's pattern", d.start);
    }
    return d;
}

// Shared address of element (mn, k), by the canonical layouts: K-major, or MN-major where transposed.
uint32_t element(const Descriptor& d, int mn, int k, bool transposed) {
    const uint32_t w = d.chunks;
    uint32_t offset;
    if (!transposed && w) {
        offset = mn % 8 * w * 16 + mn / 8 * d.stride + k / 8 * 16 + k % 8 * 2;
    } else if (!transposed) {
        offset = mn % 8 * 16 + mn / 8 * d.stride + k / 8 * d.leading + k % 8 * 2;
    } else if (w) {
        offset = mn % 8 * 2 + mn / 8 % w * 16 + mn / 8 / w * d.leading + k % 8 * w * 16 + k / 8 * d.stride;
    } else {
        offset = mn % 8 * 2 + mn / 8 * d.stride + k % 8 * 16 + k / 8 * d.leading;
    }
    return w ? swizzled(d.start + offset, w - 1) : d.start + offset;
}

// f(row, k, address of 8 neighbouring elements: along k, or along the rows where transposed).
template <class F>
void for_each_chunk(const Descriptor& d, int first_row, int rows, bool transposed, F f) {
    if (!transposed) {
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < kDepth; k += 8) f(r, k, element(d, first_row + r, k, false));
        }
    } else {
        for (int k = 0; k < kDepth; k++) {
            for (int r = 0; r < rows; r += 8) f(r, k, element(d, first_row + r, k, true));
        }
    }
}

int first_row_of(const Warp& warp) {
    return (int)(warp.lanes[0]->warp % 4) * kWarpRows;
}

struct Operands {
    float a[kWarpRows][kDepth], b[kDepth][kMostColumns], c[kWarpRows][kMostColumns];
};

void read_operands(const Warp& warp, const WgmmaOperation& o, Operands& x) {
    const unsigned char* shared = warp.block->shared;
    const auto as_float = [](uint32_t word) {
        float f;
        memcpy(&f, &word, 4);
        return f;
    };
    const auto value = [&](uint32_t address, int i) {
        uint16_t bits;
        memcpy(&bits, shared + (address - kSharedBase) + i * 2, 2);
        return as_float((uint32_t)bits << 16);
    };
    if (o.a[0]) {
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < 4; i++) {
                const int row = lane / 4 + i % 2 * 8, k = lane % 4 * 2 + i / 2 * 8;
                x.a[row][k] = as_float(o.a[lane][i] << 16);
                x.a[row][k + 1] = as_float(o.a[lane][i] & 0xffff0000u);
            }
        }
    } else {
        for_each_chunk(decode(o.descriptor_a), first_row_of(warp), kWarpRows, o.transpose_a, [&](int r, int k, uint32_t at) {
            for (int i = 0; i < 8; i++) (o.transpose_a ? x.a[r + i][k] : x.a[r][k + i]) = value(at, i);
        });
    }
    for_each_chunk(decode(o.descriptor_b), 0, o.n, o.transpose_b, [&](int r, int k, uint32_t at) {
        for (int i = 0; i < 8; i++) (o.transpose_b ? x.b[k][r + i] : x.b[k + i][r]) = value(at, i);
    });
}

void multiply(Operands& x, int n) {
    for (int i = 0; i < kWarpRows; i++) {
        float* __restrict c = x.c[i];
        for (int j = 0; j < n; j++) c[j] = 0;
        for (int k = 0; k < kDepth; k++) {
            const float a = x.a[i][k];
            const float* __restrict b = x.b[k];
            for (int j = 0; j < n; j++) c[j] += a * b[j];
        }
    }
}

void run(const Warp& warp, const WgmmaOperation& o) {
    // Too large for a fiber's stack; lives as long as the thread.
    static thread_local const std::unique_ptr<Operands> operands = std::make_unique<Operands>();
    read_operands(warp, o, *operands);
    multiply(*operands, o.n);
    for (int lane = 0; lane < 32; lane++) {
        for (int j = 0; j < o.n / 8; j++) {
            for (int i = 0; i < 4; i++) {
                const float v = operands->c[lane / 4 + i / 2 * 8][j * 8 + lane % 4 * 2 + i % 2];
                float& d = o.d[lane][j * 4 + i];
                d = o.accumulate ? d + v : v;
            }
        }
    }
}

struct ProductLane {
    WgmmaOperation operation;  // d[0] and a[0] are this lane's
    void* place;
};

bool same(const WgmmaOperation& x, const WgmmaOperation& y) {
    return !x.a[0] == !y.a[0] && x.descriptor_a == y.descriptor_a && x.descriptor_b == y.descriptor_b && x.n == y.n
        && x.accumulate == y.accumulate && x.transpose_a == y.transpose_a && x.transpose_b == y.transpose_b;
}

void note_operands(Warp& warp, const WgmmaOperation& o, void* place) {
    Access access{"wgmma operand", place};
    access.by_agent = access.async_proxy = true;
    const auto note = [&](int, int, uint32_t at) {
        unsigned char* p = shared_pointer(at, 16, 16, kProduct);
        if (config.race) record_access(p, 16, access, *warp.lanes[0]);
    };
    if (!o.a[0]) for_each_chunk(decode(o.descriptor_a), first_row_of(warp), kWarpRows, o.transpose_a, note);
    for_each_chunk(decode(o.descriptor_b), 0, o.n, o.transpose_b, note);
}

void issue(Meeting& meeting, Warp& warp) {
    if (warp.present != ~0u) fail("%s in a partial warp", kProduct);
    if (!warp.product_fence) fail("wgmma.mma_async without a wgmma.fence before the first one");
    const ProductLane& first = *(ProductLane*)meeting.argument[0];
    WgmmaOperation operation = first.operation;
    for_each_lane<ProductLane>(meeting, [&](ProductLane& l, int lane) {
        if (!same(l.operation, operation)) fail("wgmma: operands differ between lanes");
        operation.d[lane] = l.operation.d[0];
        operation.a[lane] = l.operation.a[0];
    });
    auto& log = warp.block->issued[warp.lanes[0]->warp / 4];
    if (warp.products_issued == log.size()) {
        log.push_back(operation);
    } else if (!same(log[warp.products_issued], operation)) {
        fail("wgmma: operands differ between the warps of a warpgroup");
    }
    warp.products_issued++;
    warp.lanes[0]->async_clock++;
    note_operands(warp, operation, first.place);
    warp.products.add(operation);
    const bool at_once = config.async == Async::eager || (config.async == Async::random && group->random() % 2);
    if (at_once && warp.products.last_is_next()) {
        run(warp, operation);
        warp.products.last_is_done();
    }
}

}  // namespace

void wgmma_fence() {
    meet(kFence, ~0u, nullptr, [](Meeting&, Warp& warp) { warp.product_fence = true; });
}

void wgmma_bf16(float* d, int n, uint64_t descriptor_a, uint64_t descriptor_b, bool accumulate, bool transpose_a,
    bool transpose_b) {
    ProductLane mine{{{d}, {}, n, accumulate, transpose_a, transpose_b, descriptor_a, descriptor_b},
        __builtin_return_address(0)};
    meet(kProduct, ~0u, &mine, issue);
}

void wgmma_bf16_ra(float* d, int n, const uint32_t* a, uint64_t descriptor_b, bool accumulate, bool transpose_b) {
    ProductLane mine{{{d}, {a}, n, accumulate, false, transpose_b, 0, descriptor_b}, __builtin_return_address(0)};
    meet(kProduct, ~0u, &mine, issue);
}

void wgmma_commit() {
    meet(kCommit, ~0u, nullptr, [](Meeting&, Warp& warp) { warp.products.commit(warp.lanes[0]->async_clock); });
}

void wgmma_wait(int groups_in_flight) {
    meet(kWait, ~0u, &groups_in_flight, [](Meeting& meeting, Warp& warp) {
        const int in_flight = *(int*)meeting.argument[0];
        warp.products.wait(in_flight, [&](WgmmaOperation& o) { run(warp, o); }, [&](uint32_t clock) {
            if (!config.race) return;
            for (Thread* lane : warp.lanes) {
                uint32_t& seen = lane->clock[group->threads_per_block + warp.lanes[0]->linear];
                seen = std::max(seen, clock);
            }
        });
        if (!in_flight) warp.product_fence = false;
    });
}

}  // namespace emulator
