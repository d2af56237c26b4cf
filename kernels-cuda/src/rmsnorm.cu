// Root-mean-square norm (Zhang and Sennrich 2019), forward and backward. With xhat = x rstd and g = w dy, from
// y = x rstd w and rstd = (mean(x^2) + eps)^(-1/2):   dx = rstd (g - xhat mean(g xhat)).
#include "rows.h"

namespace candor {
namespace {

// A group of D columns is a warp's where it is a head, a block's where it is a whole row.
constexpr int kWideThreads = 256;
constexpr int kWarpColumns = 512;
constexpr int kGroupsPerBlock = 4;

// The sum over the threads of a group, for each of them.
template <int Threads>
__device__ __forceinline__ float group_sum(float v) {
    if constexpr (Threads == kWarp) {
        return warp_sum(v);
    } else {
        return block_sum<Threads>(v, shared<BlockSum<Threads>>());
    }
}

// Thread t of a group takes pieces t, t + Threads, ...: which columns meet in a partial sum depends on D alone.
template <int Threads>
__global__ __launch_bounds__(kWideThreads) void norm(
    bf16* y, int64_t y_stride, float* rstd, int64_t rstd_stride, const bf16* x, int64_t x_stride, const float* w, float eps,
    int n, int g, int d) {
    const int64_t group = static_cast<int64_t>(blockIdx.x) * (blockDim.x / Threads) + threadIdx.x / Threads;
    if (group >= static_cast<int64_t>(n) * g) return;  // a whole group of threads: nobody is missed at a barrier
    const int row = static_cast<int>(group / g);
    const int column = static_cast<int>(group % g);
    const bf16* in = x + row * x_stride + static_cast<int64_t>(column) * d;
    bf16* out = y + row * y_stride + static_cast<int64_t>(column) * d;
    const int first = static_cast<int>(threadIdx.x % Threads) * 8;
    float sum = 0;
    for (int c = first; c < d; c += Threads * 8) {
        const Eight e = read8(in, c, d);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += e.v[i] * e.v[i];
    }
    const float r = 1.0f / sqrtf(group_sum<Threads>(sum) / d + eps);
    for (int c = first; c < d; c += Threads * 8) {
        Eight e = read8(in, c, d);
#pragma unroll
        for (int i = 0; i < 8; i++) e.v[i] *= r * (c + i < d ? w[c + i] : 0.0f);
        write8(out, c, d, e);
    }
    if (threadIdx.x % Threads == 0) rstd[row * rstd_stride + column] = r;
}

template <int Threads>
__global__ __launch_bounds__(kWideThreads) void norm_backward(
    bf16* dx, int64_t dx_stride, const bf16* dy, int64_t dy_stride, const bf16* x, int64_t x_stride, const float* w,
    const float* rstd, int64_t rstd_stride, int add, int n, int g, int d) {
    const int64_t group = static_cast<int64_t>(blockIdx.x) * (blockDim.x / Threads) + threadIdx.x / Threads;
    if (group >= static_cast<int64_t>(n) * g) return;  // a whole group of threads: nobody is missed at a barrier
    const int row = static_cast<int>(group / g);
    const int column = static_cast<int>(group % g);
    const int64_t at = static_cast<int64_t>(column) * d;
    const bf16* in = x + row * x_stride + at;
    const bf16* gradient = dy + row * dy_stride + at;
    bf16* out = dx + row * dx_stride + at;
    const float r = rstd[row * rstd_stride + column];
    const int first = static_cast<int>(threadIdx.x % Threads) * 8;
    float sum = 0;
    for (int c = first; c < d; c += Threads * 8) {
        const Eight xs = read8(in, c, d);
        const Eight gs = read8(gradient, c, d);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += c + i < d ? w[c + i] * gs.v[i] * (xs.v[i] * r) : 0.0f;
    }
    const float mean = group_sum<Threads>(sum) / d;
    // dx may be dy: each piece is read by the thread that writes it, before it does.
    for (int c = first; c < d; c += Threads * 8) {
        const Eight xs = read8(in, c, d);
        const Eight gs = read8(gradient, c, d);
        Eight result = add ? read8(out, c, d) : Eight{};
#pragma unroll
        for (int i = 0; i < 8; i++) {
            const float weighted = c + i < d ? w[c + i] * gs.v[i] : 0.0f;
            result.v[i] += r * (weighted - xs.v[i] * r * mean);
        }
        write8(out, c, d, result);
    }
}

// The shape of a launch over n*g groups of width d: groups per block and shared memory follow from who takes a group.
LaunchShape group_shape(int64_t groups, int d, cudaStream_t stream) {
    if (d <= kWarpColumns) return {dim3(ceil_div(groups, kGroupsPerBlock)), dim3(kGroupsPerBlock * kWarp), 0, stream};
    return {dim3(static_cast<unsigned>(groups)), dim3(kWideThreads), sizeof(BlockSum<kWideThreads>), stream};
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_rms_norm(
    const candor_matrix* y, const candor_matrix* rstd, const candor_matrix* x, const candor_matrix* w, float eps,
    candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("rmsNorm");
    const int n = rows(x), g = cols(rstd), d = cols(w);
    const int64_t width = static_cast<int64_t>(g) * d;
    int status = check(where,
        {{"rstd", rstd, CANDOR_F32, n, g}, {"w", w, CANDOR_F32, 1, d}, {"y", y, CANDOR_BF16, n, width},
            {"x", x, CANDOR_BF16, n, width}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    const auto kernel = d <= kWarpColumns ? norm<kWarp> : norm<kWideThreads>;
    return report(
        launch(
            where.op, kernel, group_shape(static_cast<int64_t>(n) * g, d, stream->handle), data<bf16>(y), stride(y),
            data<float>(rstd), stride(rstd), data<const bf16>(x), stride(x), data<const float>(w), eps, n, g, d),
        where, "N=%d G=%d D=%d", n, g, d);
}

CANDOR_API int candor_rms_norm_backward(
    const candor_matrix* dx, const candor_matrix* dy, const candor_matrix* x, const candor_matrix* w, const candor_matrix* rstd,
    int32_t add, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("rmsNormBackward");
    const int n = rows(x), g = cols(rstd), d = cols(w);
    const int64_t width = static_cast<int64_t>(g) * d;
    int status = check(where,
        {{"rstd", rstd, CANDOR_F32, n, g}, {"w", w, CANDOR_F32, 1, d}, {"dx", dx, CANDOR_BF16, n, width},
            {"dy", dy, CANDOR_BF16, n, width}, {"x", x, CANDOR_BF16, n, width}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    const auto kernel = d <= kWarpColumns ? norm_backward<kWarp> : norm_backward<kWideThreads>;
    return report(
        launch(
            where.op, kernel, group_shape(static_cast<int64_t>(n) * g, d, stream->handle), data<bf16>(dx), stride(dx),
            data<const bf16>(dy), stride(dy), data<const bf16>(x), stride(x), data<const float>(w), data<const float>(rstd),
            stride(rstd), add, n, g, d),
        where, "N=%d G=%d D=%d", n, g, d);
}
