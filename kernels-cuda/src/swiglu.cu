// The gated unit (Shazeer 2020): y = silu(gate) up, silu(g) = g sigma(g), and
// dgate = dy up sigma(g) (1 + g (1 - sigma(g))), dup = dy silu(g).
#include "rows.h"

namespace candor {
namespace {

__device__ __forceinline__ float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

__global__ void gated(bf16* y, int64_t y_stride, const bf16* gate_up, int64_t gate_up_stride, int n, int f) {
    each_piece(n, f, [=](int row, int col) {
        const bf16* in = gate_up + row * gate_up_stride;
        const Eight gate = read8(in, col, f);
        Eight up = read8(in + f, col, f);
#pragma unroll
        for (int i = 0; i < 8; i++) up.v[i] *= gate.v[i] * sigmoid(gate.v[i]);
        write8(y + row * y_stride, col, f, up);
    });
}

// d_gate_up may be gate_up: a thread reads what it overwrites first.
__global__ void gated_backward(
    bf16* d_gate_up, int64_t d_gate_up_stride, const bf16* dy, int64_t dy_stride, const bf16* gate_up, int64_t gate_up_stride,
    int n, int f) {
    each_piece(n, f, [=](int row, int col) {
        const bf16* in = gate_up + row * gate_up_stride;
        bf16* out = d_gate_up + row * d_gate_up_stride;
        const Eight gradient = read8(dy + row * dy_stride, col, f);
        Eight gate = read8(in, col, f);
        Eight up = read8(in + f, col, f);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            const float g = gate.v[i];
            const float s = sigmoid(g);
            gate.v[i] = gradient.v[i] * up.v[i] * s * (1.0f + g * (1.0f - s));
            up.v[i] = gradient.v[i] * g * s;
        }
        write8(out, col, f, gate);
        write8(out + f, col, f, up);
    });
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_swiglu(const candor_matrix* y, const candor_matrix* gate_up, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("swiGlu");
    const int n = rows(y), f = cols(y);
    int status = check(where, {{"y", y, CANDOR_BF16, n, f}, {"gate_up", gate_up, CANDOR_BF16, n, 2LL * f}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, gated, piece_shape(n, f, stream), data<bf16>(y), stride(y), data<const bf16>(gate_up), stride(gate_up), n,
            f),
        where, "N=%d F=%d", n, f);
}

CANDOR_API int candor_swiglu_backward(
    const candor_matrix* d_gate_up, const candor_matrix* dy, const candor_matrix* gate_up, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("swiGluBackward");
    const int n = rows(dy), f = cols(dy);
    int status = check(where,
        {{"d_gate_up", d_gate_up, CANDOR_BF16, n, 2LL * f}, {"dy", dy, CANDOR_BF16, n, f},
            {"gate_up", gate_up, CANDOR_BF16, n, 2LL * f}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, gated_backward, piece_shape(n, f, stream), data<bf16>(d_gate_up), stride(d_gate_up), data<const bf16>(dy),
            stride(dy), data<const bf16>(gate_up), stride(gate_up), n, f),
        where, "N=%d F=%d", n, f);
}
