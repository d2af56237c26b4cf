// The wrappers of sm_80: asynchronous copies, ldmatrix, mma.sync, named barriers; and the conversions and shuffles beside them.
#include <cmath>
#include <cstring>

#include "device.h"
#include "wrappers.h"

namespace {

using candor::launch;
using wrappers::Bytes;
using wrappers::Random;

constexpr int kThreads = 128, kPowers = 1024;

// ---- cp.async: two groups of pieces, each thread's shortened to a length of its own

struct Copies {
    uint4 from[2][kThreads];
    int length[2][kThreads];
};

struct CopiesShared {
    uint4 to[2][kThreads];
};

__global__ void cp_async(const Copies* in, uint4* out) {
    CopiesShared& s = candor::shared<CopiesShared>();
    const int t = threadIdx.x;
    for (int group = 0; group < 2; group++) {
        candor::cp_async16(candor::shared_address(&s.to[group][t]), &in->from[group][t], in->length[group][t]);
        candor::cp_async_commit();
    }
    candor::cp_async_wait<1>();
    out[t] = s.to[0][t];
    candor::cp_async_wait<0>();
    out[kThreads + t] = s.to[1][t];
}

void draw_copies(Random& random, Bytes& bytes) {
    Copies& in = *reinterpret_cast<Copies*>(bytes.data());
    for (int group = 0; group < 2; group++) {
        for (int t = 0; t < kThreads; t++) {
            const uint64_t words[2] = {random.next(), random.next()};
            memcpy(&in.from[group][t], words, 16);
            in.length[group][t] = 2 * random.below(9);
        }
    }
}

// ---- ldmatrix: 32 rows of 8 elements, in an order that the lanes' addresses say

struct Rows {
    uint4 rows[32];
    int order[32];
};

struct RowsShared {
    uint4 rows[32];
};

template <bool Transposed>
__global__ void ldmatrix(const Rows* in, uint4* out) {
    RowsShared& s = candor::shared<RowsShared>();
    const int t = threadIdx.x;
    s.rows[t] = in->rows[t];
    __syncthreads();  // the rows are written
    uint32_t r[4];
    const uint32_t row = candor::shared_address(&s.rows[in->order[t]]);
    if (Transposed) {
        candor::ldmatrix_x4_trans(r, row);
    } else {
        candor::ldmatrix_x4(r, row);
    }
    out[t] = make_uint4(r[0], r[1], r[2], r[3]);
}

void draw_rows(Random& random, Bytes& bytes) {
    Rows& in = *reinterpret_cast<Rows*>(bytes.data());
    for (int t = 0; t < 32; t++) {
        const uint64_t words[2] = {random.next(), random.next()};
        memcpy(&in.rows[t], words, 16);
        in.order[t] = random.below(32);
    }
}

// ---- mma.sync: four warps, a product each

struct Fragments {
    uint32_t a[kThreads][4], b[kThreads][2];
    float c[kThreads][4];
};

__global__ void mma(const Fragments* in, float* out) {
    const int t = threadIdx.x;
    uint32_t a[4], b[2];
    float d[4];
    for (int i = 0; i < 4; i++) a[i] = in->a[t][i], d[i] = in->c[t][i];
    for (int i = 0; i < 2; i++) b[i] = in->b[t][i];
    candor::mma_m16n8k16_bf16(d, a, b);
    for (int i = 0; i < 4; i++) out[t * 4 + i] = d[i];
}

void draw_fragments(Random& random, Bytes& bytes) {
    Fragments& in = *reinterpret_cast<Fragments*>(bytes.data());
    wrappers::fill_bf16(random, reinterpret_cast<uint8_t*>(in.a), sizeof(in.a) / 2);
    wrappers::fill_bf16(random, reinterpret_cast<uint8_t*>(in.b), sizeof(in.b) / 2);
    for (auto& lane : in.c) {
        for (float& v : lane) v = random.uniform(-1, 1);
    }
}

// Small integers, whose sums are exact in any order: which element meets which shows in every bit.
void draw_integers(Random& random, Bytes& bytes) {
    Fragments& in = *reinterpret_cast<Fragments*>(bytes.data());
    const auto integer = [&random] {  // bf16: the upper half of the float
        const float v = (float)(random.below(33) - 16);
        uint32_t bits;
        memcpy(&bits, &v, 4);
        return bits >> 16;
    };
    for (auto& lane : in.a) {
        for (uint32_t& v : lane) v = integer() << 16 | integer();
    }
    for (auto& lane : in.b) {
        for (uint32_t& v : lane) v = integer() << 16 | integer();
    }
    for (auto& lane : in.c) {
        for (float& v : lane) v = (float)(random.below(2001) - 1000);
    }
}

// ---- named barriers: a warp fills, arrives and goes on; the other waits and reads. Then both meet, and it goes back. They meet
// at one instruction, since compute-sanitizer's synccheck takes two for a divergent barrier.

struct Handover {
    uint32_t there[32], back[32];
};

__global__ void barriers(const uint32_t* in, uint32_t* out) {
    Handover& s = candor::shared<Handover>();
    const int lane = threadIdx.x % 32;
    if (threadIdx.x < 32) {
        s.there[lane] = in[lane];
        candor::barrier_arrive(1, 64);
    } else {
        candor::barrier_sync(1, 64);
        const uint32_t word = s.there[(lane + 3) % 32];
        out[lane] = word;
        s.back[lane] = word ^ in[lane];
    }
    candor::barrier_sync(2, 64);
    if (threadIdx.x < 32) out[32 + lane] = s.back[(lane + 5) % 32];
}

void draw_words(Random& random, Bytes& bytes) {
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
        const uint32_t word = (uint32_t)random.next();
        memcpy(&bytes[i], &word, 4);
    }
}

// ---- powers of two: results up to 1, most of them small

__global__ void powers(const float* in, float* out) {
    for (int i = threadIdx.x; i < kPowers; i += kThreads) out[i] = candor::exp2_approx(in[i]);
}

void draw_exponents(Random& random, Bytes& bytes) {
    for (size_t i = 0; i < bytes.size(); i += 4) {
        const float v = i == 0 ? -INFINITY : random.uniform(-20, 0);
        memcpy(&bytes[i], &v, 4);
    }
}

// ---- conversions: pairs of floats, with ties, overflows, denormals, infinities and NaN among them

constexpr int kPairs = 1024;

__global__ void convert(const float* in, uint32_t* out) {
    for (int i = threadIdx.x; i < kPairs; i += kThreads) {
        const uint32_t pair = candor::pack(in[2 * i], in[2 * i + 1]);
        const float2 unpacked = candor::unpack(pair);
        out[3 * i] = pair;
        out[3 * i + 1] = __float_as_uint(unpacked.x);
        out[3 * i + 2] = __float_as_uint(candor::to_float(candor::to_bf16(in[2 * i + 1])));
    }
}

void draw_floats(Random& random, Bytes& bytes) {
    const uint32_t odd[] = {0, 0x80000000u, 1, 0x7f800000u, 0xff800000u, 0x7fc00000u, 0x7f7fffffu, 0x007fffffu, 0x00008000u};
    for (int i = 0; i < 2 * kPairs; i++) {
        uint32_t word = (uint32_t)random.next();
        switch (random.below(4)) {
            case 0: word = (word & 0xffff0000u) | 0x8000u; break;  // between two bf16
            case 1: word = odd[random.below(sizeof(odd) / sizeof(*odd))]; break;
            default: break;  // any bits at all
        }
        // Whose NaN is whose: signs and payloads are not said to survive.
        if ((word & 0x7fffffffu) > 0x7f800000u) word = 0x7fc00000u;
        memcpy(&bytes[4 * i], &word, 4);
    }
}

// ---- sums and maxima over a warp, as reduce.h shuffles them: additions in one order, so the same bits everywhere

__global__ void reductions(const float* in, float* out) {
    const int t = threadIdx.x;
    out[t] = candor::warp_sum(in[t]);
    out[kThreads + t] = candor::warp_sum<4>(in[t]);
    out[2 * kThreads + t] = candor::warp_max(in[t]);
}

void draw_summands(Random& random, Bytes& bytes) {
    for (int i = 0; i < kThreads; i++) {
        const float v = random.uniform(-1, 1);
        memcpy(&bytes[4 * i], &v, 4);
    }
}

template <class In, class Out>
std::function<cudaError_t(const void*, void*)> kernel(
    const char* name, void (*f)(const In*, Out*), int threads, size_t shared_bytes) {
    return [=](const void* in, void* out) {
        return launch(name, f, {dim3(1), dim3(threads), shared_bytes}, (const In*)in, (Out*)out);
    };
}

const bool added = [] {
    using wrappers::add;
    add({"cp_async16", 80, sizeof(Copies), 2 * kThreads * 16, draw_copies,
        kernel("cp_async16", cp_async, kThreads, sizeof(CopiesShared)), 0});
    add({"ldmatrix_x4", 80, sizeof(Rows), 512, draw_rows, kernel("ldmatrix_x4", ldmatrix<false>, 32, sizeof(RowsShared)), 0});
    add({"ldmatrix_x4_trans", 80, sizeof(Rows), 512, draw_rows,
        kernel("ldmatrix_x4_trans", ldmatrix<true>, 32, sizeof(RowsShared)), 0});
    add({"mma_m16n8k16_bf16", 80, sizeof(Fragments), kThreads * 16, draw_fragments, kernel("mma", mma, kThreads, 0), 16});
    add({"mma_m16n8k16_bf16_integers", 80, sizeof(Fragments), kThreads * 16, draw_integers, kernel("mma", mma, kThreads, 0), 0});
    add({"barrier_sync_arrive", 80, 128, 256, draw_words, kernel("barriers", barriers, 64, sizeof(Handover)), 0});
    add({"convert", 80, kPairs * 8, kPairs * 12, draw_floats, kernel("convert", convert, kThreads, 0), 0});
    add({"exp2_approx", 80, kPowers * 4, kPowers * 4, draw_exponents, kernel("powers", powers, kThreads, 0), 1});
    add({"warp_reductions", 80, kThreads * 4, 3 * kThreads * 4, draw_summands, kernel("reductions", reductions, kThreads, 0), 0});
    return true;
}();

}  // namespace
