// AdamW over several adapters in one launch, its moments in eight bits: block-wise dynamic quantisation (Dettmers et al. 2021,
// arXiv 2110.02861), blocks of 256.
#include "device/reduce.h"
#include "rows.h"

namespace candor {
namespace {

constexpr int kBlock = 256;
constexpr int kValues = 256;
constexpr int kMostParts = 16;

// By value: a launch keeps a copy, so nothing but the numbers has to be uploaded.
struct Parts {
    candor_adamw8_part part[kMostParts];
};

// The index of the nearest value, of two the smaller.
__device__ __forceinline__ int nearest(const float* map, float value) {
    int from = 0;
    int to = kValues - 1;
    while (from < to) {
        const int middle = (from + to) / 2;
        if (value > (map[middle] + map[middle + 1]) / 2) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

struct Shared {
    float m_map[kValues];
    float v_map[kValues];
    BlockSum<kBlock, float> most;
};

// A block of threads takes blocks of elements, one element a thread.
__global__ __launch_bounds__(kBlock) void step(Parts parts) {
    Shared& at_hand = shared<Shared>();
    float* m_map = at_hand.m_map;
    float* v_map = at_hand.v_map;
    const candor_adamw8_part& p = parts.part[blockIdx.y];
    const candor_adamw_numbers numbers = *p.numbers;
    m_map[threadIdx.x] = p.m_map[threadIdx.x];
    v_map[threadIdx.x] = p.v_map[threadIdx.x];
    __syncthreads();
    const int64_t blocks = (p.count + kBlock - 1) / kBlock;
    for (int64_t block = blockIdx.x; block < blocks; block += gridDim.x) {
        const int64_t i = block * kBlock + threadIdx.x;
        const bool here = i < p.count;
        float m = 0;
        float v = 0;
        if (here) {
            const float g = p.g[i] * numbers.grad_scale;
            m = numbers.beta1 * (m_map[p.m[i]] * p.m_largest[block]) + numbers.rest1 * g;
            v = numbers.beta2 * (v_map[p.v[i]] * p.v_largest[block]) + numbers.rest2 * g * g;
            p.w[i] = p.w[i] * numbers.shrink - numbers.rate * m / (sqrtf(v) / numbers.unbias + numbers.epsilon);
        }
        const float m_largest = block_max<kBlock>(fabsf(m), at_hand.most);
        const float v_largest = block_max<kBlock>(v, at_hand.most);
        if (here) {
            p.m[i] = static_cast<uint8_t>(nearest(m_map, m_largest > 0 ? m / m_largest : 0));
            p.v[i] = static_cast<uint8_t>(nearest(v_map, v_largest > 0 ? v / v_largest : 0));
        }
        // Behind the maxima every thread has read what was there before.
        if (threadIdx.x == 0) {
            p.m_largest[block] = m_largest;
            p.v_largest[block] = v_largest;
        }
    }
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_adamw8(const candor_adamw8_part* parts, int32_t count, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("adamW8bit");
    int status = enter(stream, where);
    for (int first = 0; status == 0 && first < count; first += kMostParts) {
        const int here = count - first < kMostParts ? count - first : kMostParts;
        Parts some = {};
        int64_t most = 0;
        for (int i = 0; i < here; i++) {
            some.part[i] = parts[first + i];
            if (some.part[i].count > most) most = some.part[i].count;
        }
        if (most == 0) continue;
        const int blocks = ceil_div(most, kBlock);
        const int enough = 16 * stream->device->multiprocessors;
        const dim3 grid(blocks < enough ? blocks : enough, here);
        status = report(
            launch(where.op, step, {grid, dim3(kBlock), sizeof(Shared), stream->handle}, some), where, "parts=%d largest=%lld", here,
            static_cast<long long>(most));
    }
    return status;
}
