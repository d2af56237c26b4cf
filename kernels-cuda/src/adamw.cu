// AdamW (Loshchilov and Hutter 2019, algorithm 2; as PyTorch computes it) over several adapters in one launch.
#include <cmath>

#include "rows.h"

namespace candor {
namespace {

constexpr int kThreads = 256;
constexpr int kMostParts = 32;

// By value: a launch keeps a copy, so nothing but the numbers has to be uploaded.
struct Parts {
    candor_adamw_part part[kMostParts];
};

__global__ __launch_bounds__(kThreads) void step(Parts parts) {
    const candor_adamw_part& p = parts.part[blockIdx.y];
    const candor_adamw_numbers numbers = *p.numbers;
    const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < p.count; i += stride) {
        const float g = p.g[i] * numbers.grad_scale;
        const float m = numbers.beta1 * p.m[i] + numbers.rest1 * g;
        const float v = numbers.beta2 * p.v[i] + numbers.rest2 * g * g;
        p.m[i] = m;
        p.v[i] = v;
        p.w[i] = p.w[i] * numbers.shrink - numbers.rate * m / (sqrtf(v) / numbers.unbias + numbers.epsilon);
    }
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_adamw_fold(candor_adamw_numbers* numbers, const candor_adamw_step* step) {
    const double steps = static_cast<double>(step->step);
    numbers->beta1 = static_cast<float>(step->beta1);
    numbers->beta2 = static_cast<float>(step->beta2);
    numbers->rest1 = static_cast<float>(1 - step->beta1);
    numbers->rest2 = static_cast<float>(1 - step->beta2);
    numbers->shrink = static_cast<float>(1 - step->learning_rate * step->weight_decay);
    numbers->rate = static_cast<float>(step->learning_rate / (1 - std::pow(step->beta1, steps)));
    numbers->unbias = static_cast<float>(std::sqrt(1 - std::pow(step->beta2, steps)));
    numbers->epsilon = static_cast<float>(step->epsilon);
    numbers->grad_scale = static_cast<float>(step->grad_scale);
    return 0;
}

CANDOR_API int candor_adamw(const candor_adamw_part* parts, int32_t count, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("adamW");
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
        const int blocks = ceil_div(most, kThreads);
        const int enough = 16 * stream->device->multiprocessors;
        const dim3 grid(blocks < enough ? blocks : enough, here);
        status = report(
            launch(where.op, step, {grid, dim3(kThreads), 0, stream->handle}, some), where, "parts=%d largest=%lld", here,
            static_cast<long long>(most));
    }
    return status;
}
