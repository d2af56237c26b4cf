// Gated units (Shazeer 2020): y = f(gate) up, and dgate = dy up f'(gate), dup = dy f(gate).
#include "gated.h"

#include "device/gated.h"
#include "rows.h"

namespace candor {
namespace {

template <class Activation>
__global__ void gate_rows(bf16* y, int64_t y_stride, const bf16* gate_up, int64_t gate_up_stride, int n, int f) {
    each_piece(n, f, [=](int row, int col) {
        const bf16* in = gate_up + row * gate_up_stride;
        const Eight gate = read8(in, col, f);
        Eight up = read8(in + f, col, f);
#pragma unroll
        for (int i = 0; i < 8; i++) up.v[i] = gated<Activation>(gate.v[i], up.v[i]);
        write8(y + row * y_stride, col, f, up);
    });
}

// d_gate_up may be gate_up: a thread reads what it overwrites first.
template <class Activation>
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
            const float s = Activation::factor(g);
            gate.v[i] = gradient.v[i] * up.v[i] * s * Activation::slope(g, s);
            up.v[i] = gradient.v[i] * g * s;
        }
        write8(out, col, f, gate);
        write8(out + f, col, f, up);
    });
}

template <class Activation>
cudaError_t launch_forward(const candor_matrix& y, const candor_matrix& gate_up, const candor_stream* stream) {
    const int n = y.rows, f = y.cols;
    if (n == 0 || f == 0) return cudaSuccess;
    return launch("gated", gate_rows<Activation>, piece_shape(n, f, stream), data<bf16>(&y), y.stride, data<const bf16>(&gate_up),
        gate_up.stride, n, f);
}

template <class Activation>
int forward(const Where& where, const candor_matrix* y, const candor_matrix* gate_up, candor_stream* stream) {
    const int n = rows(y), f = cols(y);
    int status = check(where, {{"y", y, CANDOR_BF16, n, f}, {"gate_up", gate_up, CANDOR_BF16, n, 2LL * f}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(launch_forward<Activation>(*y, *gate_up, stream), where, "N=%d F=%d", n, f);
}

template <class Activation>
int backward(
    const Where& where, const candor_matrix* d_gate_up, const candor_matrix* dy, const candor_matrix* gate_up,
    candor_stream* stream) {
    const int n = rows(dy), f = cols(dy);
    int status = check(where,
        {{"d_gate_up", d_gate_up, CANDOR_BF16, n, 2LL * f}, {"dy", dy, CANDOR_BF16, n, f},
            {"gate_up", gate_up, CANDOR_BF16, n, 2LL * f}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, gated_backward<Activation>, piece_shape(n, f, stream), data<bf16>(d_gate_up), stride(d_gate_up),
            data<const bf16>(dy), stride(dy), data<const bf16>(gate_up), stride(gate_up), n, f),
        where, "N=%d F=%d", n, f);
}

}  // namespace

cudaError_t gate(bool gelu, const candor_matrix& out, const candor_matrix& gate_up, const candor_stream* stream) {
    return gelu ? launch_forward<Gelu>(out, gate_up, stream) : launch_forward<Silu>(out, gate_up, stream);
}

}  // namespace candor

CANDOR_API int candor_swiglu(const candor_matrix* y, const candor_matrix* gate_up, candor_stream* stream) {
    return candor::forward<candor::Silu>(CANDOR_WHERE("swiGlu"), y, gate_up, stream);
}

CANDOR_API int candor_swiglu_backward(
    const candor_matrix* d_gate_up, const candor_matrix* dy, const candor_matrix* gate_up, candor_stream* stream) {
    return candor::backward<candor::Silu>(CANDOR_WHERE("swiGluBackward"), d_gate_up, dy, gate_up, stream);
}

CANDOR_API int candor_geglu(const candor_matrix* y, const candor_matrix* gate_up, candor_stream* stream) {
    return candor::forward<candor::Gelu>(CANDOR_WHERE("geGlu"), y, gate_up, stream);
}

CANDOR_API int candor_geglu_backward(
    const candor_matrix* d_gate_up, const candor_matrix* dy, const candor_matrix* gate_up, candor_stream* stream) {
    return candor::backward<candor::Gelu>(CANDOR_WHERE("geGluBackward"), d_gate_up, dy, gate_up, stream);
}
