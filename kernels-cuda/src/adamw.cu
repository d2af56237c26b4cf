// AdamW (Loshchilov and Hutter 2019, algorithm 2; as PyTorch computes it) over several adapters in one launch.
#include <cmath>

#include "rows.h"

namespace candor {
namespace {

constexpr int kThreads = 256;
constexpr int kMostParts = 32;

// A part with its numbers folded: w <- w shrink - rate m / (sqrt(v) / unbias + epsilon).
struct Part {
    float* w;
    const float* g;
    float* m;
    float* v;
    int64_t count;
    float beta1, beta2, rest1, rest2, shrink, rate, unbias, epsilon, grad_scale;
};

// By value: a launch keeps a copy, so nothing has to be uploaded or to outlive the call.
struct Parts {
    Part part[kMostParts];
};

__global__ __launch_bounds__(kThreads) void step(Parts parts) {
    const Part& p = parts.part[blockIdx.y];
    const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < p.count; i += stride) {
        const float g = p.g[i] * p.grad_scale;
        const float m = p.beta1 * p.m[i] + p.rest1 * g;
        const float v = p.beta2 * p.v[i] + p.rest2 * g * g;
        p.m[i] = m;
        p.v[i] = v;
        p.w[i] = p.w[i] * p.shrink - p.rate * m / (sqrtf(v) / p.unbias + p.epsilon);
    }
}

Part fold(const candor_adamw_part& part) {
    Part p;
    p.w = part.w;
    p.g = part.g;
    p.m = part.m;
    p.v = part.v;
    p.count = part.count;
    const double steps = static_cast<double>(part.step);
    p.beta1 = static_cast<float>(part.beta1);
    p.beta2 = static_cast<float>(part.beta2);
    p.rest1 = static_cast<float>(1 - part.beta1);
    p.rest2 = static_cast<float>(1 - part.beta2);
    p.shrink = static_cast<float>(1 - part.learning_rate * part.weight_decay);
    p.rate = static_cast<float>(part.learning_rate / (1 - std::pow(part.beta1, steps)));
    p.unbias = static_cast<float>(std::sqrt(1 - std::pow(part.beta2, steps)));
    p.epsilon = static_cast<float>(part.epsilon);
    p.grad_scale = static_cast<float>(part.grad_scale);
    return p;
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_adamw(const candor_adamw_part* parts, int32_t count, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("adamW");
    int status = enter(stream, where);
    for (int first = 0; status == 0 && first < count; first += kMostParts) {
        const int here = count - first < kMostParts ? count - first : kMostParts;
        Parts folded = {};
        int64_t most = 0;
        for (int i = 0; i < here; i++) {
            folded.part[i] = fold(parts[first + i]);
            if (folded.part[i].count > most) most = folded.part[i].count;
        }
        if (most == 0) continue;
        const int blocks = ceil_div(most, kThreads);
        const int enough = 16 * stream->device->multiprocessors;
        const dim3 grid(blocks < enough ? blocks : enough, here);
        status = report(
            launch(where.op, step, {grid, dim3(kThreads), 0, stream->handle}, folded), where, "parts=%d largest=%lld", here,
            static_cast<long long>(most));
    }
    return status;
}
