// Root-mean-square norm (Zhang and Sennrich 2019), forward and backward. With xhat = x rstd and g = w dy, from
// y = x rstd w and rstd = (mean(x^2) + eps)^(-1/2):   dx = rstd (g - xhat mean(g xhat)).
#include "rows.h"

namespace candor {
namespace {

// A group of D columns is some lanes' where it is a head, a warp's where it is a narrow row, a block's otherwise; a thread keeps
// its pieces of the group in registers between the sum and the scaling, so that memory is read once. Groups of more columns than
// kMostHeld are read twice.
constexpr int kWideThreads = 256;
constexpr int kNarrowThreads = 128;  // of a block that takes several groups
constexpr int kMostHeld = kWideThreads * 4 * 8;

// The sum over the threads of a group, for each of them.
template <int Threads>
__device__ __forceinline__ float group_sum(float v) {
    if constexpr (Threads <= kWarp) {
        return warp_sum<Threads>(v);
    } else {
        return block_sum<Threads>(v, shared<BlockSum<Threads>>());
    }
}

// Where a thread works. Thread t of a group takes pieces t, t + Threads, ...: which columns meet in a partial sum depends on D
// alone. Lanes without a group stay for the shuffles of their warp, with a group of no columns.
template <int Threads, int Pieces>
struct Place {
    int row, column, width;
    bool absent;

    __device__ __forceinline__ Place(int n, int g, int d) {
        const int64_t group = static_cast<int64_t>(blockIdx.x) * (blockDim.x / Threads) + threadIdx.x / Threads;
        absent = group >= static_cast<int64_t>(n) * g;
        row = absent ? 0 : static_cast<int>(group / g);
        column = absent ? 0 : static_cast<int>(group % g);
        width = absent ? 0 : d;
    }

    __device__ __forceinline__ int start(int piece) const {
        return (piece * Threads + static_cast<int>(threadIdx.x % Threads)) * 8;
    }

    // Calls body(piece, its first column) for each piece that has a column.
    template <class Body>
    __device__ __forceinline__ void each(const Body& body) const {
        if constexpr (Pieces > 0) {
#pragma unroll
            for (int k = 0; k < Pieces; k++) {
                if (start(k) < width) body(k, start(k));
            }
        } else {
            for (int k = 0; start(k) < width; k++) body(k, start(k));
        }
    }
};

// A thread's pieces of one row: held as they lie in memory, or read again where there are too many.
template <int Threads, int Pieces>
class Held {
public:
    __device__ __forceinline__ Held(const bf16* row, const Place<Threads, Pieces>& place, bool wanted = true)
        : row_(row), width_(wanted ? place.width : 0) {
        if constexpr (Pieces > 0) {
#pragma unroll
            for (int k = 0; k < Pieces; k++) {
                const Eight e = read8(row_, place.start(k), width_);
#pragma unroll
                for (int i = 0; i < 4; i++) words_[k][i] = pack(e.v[2 * i], e.v[2 * i + 1]);
            }
        }
    }

    __device__ __forceinline__ Eight piece(int k, int start) const {
        if constexpr (Pieces == 0) {
            return read8(row_, start, width_);
        } else {
            Eight e;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float2 pair = unpack(words_[k][i]);
                e.v[2 * i] = pair.x;
                e.v[2 * i + 1] = pair.y;
            }
            return e;
        }
    }

private:
    const bf16* row_;
    int width_;
    uint32_t words_[Pieces > 0 ? Pieces : 1][4];
};

// Weights of columns c to c + 8; beyond d, zeros.
__device__ __forceinline__ Eight weights(const float* w, int c, int d) {
    Eight e;
    if (d - c >= 8 && reinterpret_cast<uintptr_t>(w + c) % 16 == 0) {
        const float4 low = *reinterpret_cast<const float4*>(w + c), high = *reinterpret_cast<const float4*>(w + c + 4);
        e.v[0] = low.x, e.v[1] = low.y, e.v[2] = low.z, e.v[3] = low.w;
        e.v[4] = high.x, e.v[5] = high.y, e.v[6] = high.z, e.v[7] = high.w;
        return e;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) e.v[i] = c + i < d ? w[c + i] : 0.0f;
    return e;
}

template <int Threads, int Pieces>
__global__ __launch_bounds__(kWideThreads) void norm(
    bf16* y, int64_t y_stride, float* rstd, int64_t rstd_stride, const bf16* x, int64_t x_stride, const float* w, float eps,
    int n, int g, int d) {
    const Place<Threads, Pieces> place(n, g, d);
    const int64_t at = static_cast<int64_t>(place.column) * d;
    bf16* out = y + place.row * y_stride + at;
    const Held<Threads, Pieces> in(x + place.row * x_stride + at, place);
    float sum = 0;
    place.each([&](int k, int c) {
        const Eight e = in.piece(k, c);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += e.v[i] * e.v[i];
    });
    const float r = 1.0f / sqrtf(group_sum<Threads>(sum) / d + eps);
    // y may be x: each piece is read by the thread that writes it, before it does.
    place.each([&](int k, int c) {
        Eight e = in.piece(k, c);
        const Eight ws = weights(w, c, d);
#pragma unroll
        for (int i = 0; i < 8; i++) e.v[i] *= r * ws.v[i];
        write8(out, c, d, e);
    });
    if (threadIdx.x % Threads == 0 && !place.absent) rstd[place.row * rstd_stride + place.column] = r;
}

template <int Threads, int Pieces>
__global__ __launch_bounds__(kWideThreads) void norm_backward(
    bf16* dx, int64_t dx_stride, const bf16* dy, int64_t dy_stride, const bf16* x, int64_t x_stride, const float* w,
    const float* rstd, int64_t rstd_stride, int add, int n, int g, int d) {
    const Place<Threads, Pieces> place(n, g, d);
    const int64_t at = static_cast<int64_t>(place.column) * d;
    bf16* out = dx + place.row * dx_stride + at;
    const Held<Threads, Pieces> in(x + place.row * x_stride + at, place);
    const Held<Threads, Pieces> gradient(dy + place.row * dy_stride + at, place);
    const Held<Threads, Pieces> before(out, place, add != 0);  // asked for with the others, not after the sum
    const float r = rstd[place.row * rstd_stride + place.column];
    float sum = 0;
    place.each([&](int k, int c) {
        const Eight xs = in.piece(k, c), gs = gradient.piece(k, c), ws = weights(w, c, d);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += ws.v[i] * gs.v[i] * (xs.v[i] * r);
    });
    const float mean = group_sum<Threads>(sum) / d;
    // dx may be dy: each piece is read by the thread that writes it, before it does.
    place.each([&](int k, int c) {
        const Eight xs = in.piece(k, c), gs = gradient.piece(k, c), ws = weights(w, c, d);
        Eight result = before.piece(k, c);
#pragma unroll
        for (int i = 0; i < 8; i++) result.v[i] += r * (ws.v[i] * gs.v[i] - xs.v[i] * r * mean);
        write8(out, c, d, result);
    });
}

// The launch over n*g groups of width d. D alone says who takes a group, so that a group's bytes depend on no other.
template <int Threads, int Pieces, class Launch>
cudaError_t launch_as(const Launch& launch, int64_t groups, cudaStream_t stream) {
    constexpr bool kWide = Threads > kWarp;
    constexpr int kThreads = kWide ? Threads : kNarrowThreads;
    const LaunchShape shape{
        dim3(ceil_div(groups, kThreads / Threads)), dim3(kThreads), kWide ? sizeof(BlockSum<kWideThreads>) : 0, stream};
    return launch(norm<Threads, Pieces>, norm_backward<Threads, Pieces>, shape);
}

template <class Launch>
cudaError_t launch_groups(const Launch& launch, int64_t groups, int d, cudaStream_t stream) {
    if (d <= 64) return launch_as<8, 1>(launch, groups, stream);
    if (d <= 128) return launch_as<16, 1>(launch, groups, stream);
    if (d <= 256) return launch_as<kWarp, 1>(launch, groups, stream);
    if (d <= 512) return launch_as<kWarp, 2>(launch, groups, stream);
    if (d <= 1024) return launch_as<kWarp, 4>(launch, groups, stream);
    if (d <= 2048) return launch_as<kWideThreads, 1>(launch, groups, stream);
    if (d <= 4096) return launch_as<kWideThreads, 2>(launch, groups, stream);
    if (d <= kMostHeld) return launch_as<kWideThreads, 4>(launch, groups, stream);
    return launch_as<kWideThreads, 0>(launch, groups, stream);
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
    const auto run = [&](auto forward, auto, const LaunchShape& shape) {
        return launch(
            where.op, forward, shape, data<bf16>(y), stride(y), data<float>(rstd), stride(rstd), data<const bf16>(x), stride(x),
            data<const float>(w), eps, n, g, d);
    };
    return report(
        launch_groups(run, static_cast<int64_t>(n) * g, d, stream->handle),
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
    const auto run = [&](auto, auto backward, const LaunchShape& shape) {
        return launch(
            where.op, backward, shape, data<bf16>(dx), stride(dx), data<const bf16>(dy), stride(dy), data<const bf16>(x), stride(x),
            data<const float>(w), data<const float>(rstd), stride(rstd), add, n, g, d);
    };
    return report(
        launch_groups(run, static_cast<int64_t>(n) * g, d, stream->handle),
        where, "N=%d G=%d D=%d", n, g, d);
}
