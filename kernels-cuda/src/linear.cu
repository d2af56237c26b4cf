// Linear layers with adapters, forward and backward: what the border's functions ask of matmul.cu and lora.cu.
#include "lora.h"
#include "matmul.h"
#include "matmul_kernel.h"

namespace candor {
namespace {

Matrix matrix(const candor_bf16* data, int64_t stride) {
    return {reinterpret_cast<const bf16*>(data), stride, rows_are_aligned(data, stride)};
}

// The extension whose right operand is the down projections (P,I), or the up projections (O,P).
LoraExtension extension(const Matrix& left, const PackedLora& packed, Factor factor, int depth) {
    const bool is_a = factor == Factor::a;
    return {left, is_a ? packed.a : packed.b, is_a ? packed.a_size() : packed.b_size(),
        is_a ? packed.a_stride : packed.padded_rank, packed.runs, packed.count, depth};
}

// t (N,P) = scale * left * factors, for the rows of runs.
cudaError_t down(candor_bf16* t, int64_t t_stride, const LoraExtension& lora, bool transposed, int n, int padded_rank,
    const candor_stream* stream) {
    MatmulArguments g = {};
    g.m = n, g.n = padded_rank;
    g.lora = lora;
    g.scaled_runs_only = true;
    g.y = t, g.y_stride = t_stride;
    return matmul(g, transposed, stream->device, stream->handle);
}

// 0, or the status of a sentence that says what is wrong with the adapters.
int check(const candor_lora* lora, int count, int padded_rank, int n, const Where& where) {
    if (count < 0 || (count > 0 && (padded_rank < 16 || padded_rank % 16))) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "%d adapters in %d columns: a multiple of 16 is needed", count, padded_rank);
    }
    for (int e = 0, behind = 0; e < count; behind = lora[e].end, e++) {
        if (lora[e].start < behind || lora[e].end < lora[e].start || lora[e].end > n) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has rows %d to %d of %d, behind row %d", e, lora[e].start,
                lora[e].end, n, behind);
        }
        if (lora[e].rank < 1 || lora[e].rank > padded_rank) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has rank %d of %d columns", e, lora[e].rank, padded_rank);
        }
    }
    return 0;
}

struct BackwardScratch {
    PackedLora packed;
    float* partials;
};

BackwardScratch lay_out(Layout& layout, const candor_lora* lora, int count, int padded_rank, int i, int o) {
    BackwardScratch s;
    s.packed = lay_out_lora(layout, count, padded_rank, i, o);
    s.partials = layout.take<float>(gradient_floats(lora, count, padded_rank, i > o ? i : o));
    return s;
}

}  // namespace
}  // namespace candor

using namespace candor;

CANDOR_API int candor_linear(
    candor_bf16* y, int64_t y_stride, candor_bf16* t, int64_t t_stride, const candor_bf16* x, int64_t x_stride,
    const candor_bf16* w, int64_t w_stride, const float* bias, const candor_bf16* residual, int64_t residual_stride,
    const candor_lora* lora, int32_t lora_count, int32_t padded_rank, int32_t n, int32_t i, int32_t o, candor_stream* stream) {
    const Where where = CANDOR_WHERE("linear");
    int status = enter(stream, where);
    if (!status) status = check(lora, lora_count, padded_rank, n, where);
    if (status) return status;
    MatmulArguments g = {};
    g.x = matrix(x, x_stride);
    g.w = matrix(w, w_stride);
    g.m = n, g.n = o, g.k = w ? i : 0;
    g.bias = bias;
    g.residual = reinterpret_cast<const bf16*>(residual), g.residual_stride = residual_stride;
    g.y = y, g.y_stride = y_stride;
    cudaError_t code = cudaSuccess;
    if (lora_count) {
        Layout sizes;
        lay_out_lora(sizes, lora_count, padded_rank, i, o);
        void* memory = nullptr;
        status = scratch(&memory, sizes.bytes(), stream, where);
        if (status) return status;
        Layout layout(memory);
        const PackedLora packed = lay_out_lora(layout, lora_count, padded_rank, i, o);
        code = pack_lora(packed, lora, stream->handle);
        if (code == cudaSuccess) {
            code = down(t, t_stride, extension(g.x, packed, Factor::a, i), false, n, padded_rank, stream);
        }
        g.lora = extension(matrix(t, t_stride), packed, Factor::b, padded_rank);
    }
    if (code == cudaSuccess) code = matmul(g, false, stream->device, stream->handle);
    return report(code, where, "x (%d,%d), w (%d,%d), %d adapters", n, i, o, i, lora_count);
}

CANDOR_API int candor_linear_backward(
    candor_bf16* dx, int64_t dx_stride, candor_bf16* dt, int64_t dt_stride, const candor_bf16* dy, int64_t dy_stride,
    const candor_bf16* x, int64_t x_stride, const candor_bf16* t, int64_t t_stride, const candor_bf16* w, int64_t w_stride,
    const candor_lora* lora, int32_t lora_count, int32_t padded_rank, int32_t add, int32_t n, int32_t i, int32_t o,
    candor_stream* stream) {
    const Where where = CANDOR_WHERE("linear backward");
    int status = enter(stream, where);
    if (!status) status = check(lora, lora_count, padded_rank, n, where);
    if (status) return status;
    MatmulArguments g = {};
    g.x = matrix(dy, dy_stride);
    g.w = matrix(w, w_stride);
    g.m = n, g.n = i, g.k = w ? o : 0;
    if (add) g.residual = reinterpret_cast<const bf16*>(dx), g.residual_stride = dx_stride;
    g.y = dx, g.y_stride = dx_stride;
    cudaError_t code = cudaSuccess;
    BackwardScratch s = {};
    if (lora_count) {
        Layout sizes;
        lay_out(sizes, lora, lora_count, padded_rank, i, o);
        void* memory = nullptr;
        status = scratch(&memory, sizes.bytes(), stream, where);
        if (status) return status;
        Layout layout(memory);
        s = lay_out(layout, lora, lora_count, padded_rank, i, o);
        code = pack_lora(s.packed, lora, stream->handle);
        if (code == cudaSuccess) {
            code = down(dt, dt_stride, extension(g.x, s.packed, Factor::b, o), true, n, padded_rank, stream);
        }
        g.lora = extension(matrix(dt, dt_stride), s.packed, Factor::a, padded_rank);
    }
    if (code == cudaSuccess && dx) code = matmul(g, true, stream->device, stream->handle);
    if (code == cudaSuccess && lora_count) {
        code = lora_gradient(Factor::a, matrix(dt, dt_stride), matrix(x, x_stride), i, padded_rank, lora, lora_count,
            s.partials, stream->handle);
    }
    if (code == cudaSuccess && lora_count) {
        code = lora_gradient(Factor::b, matrix(t, t_stride), g.x, o, padded_rank, lora, lora_count, s.partials,
            stream->handle);
    }
    return report(code, where, "dy (%d,%d), w (%d,%d), %d adapters", n, o, o, i, lora_count);
}

CANDOR_API int candor_logits(
    float* logits, int64_t logits_stride, const candor_bf16* x, int64_t x_stride, const candor_bf16* head, int64_t head_stride,
    int32_t n, int32_t c, int32_t v, candor_stream* stream) {
    const Where where = CANDOR_WHERE("logits");
    const int status = enter(stream, where);
    if (status) return status;
    const cudaError_t code =
        matmul_to_float(logits, logits_stride, x, x_stride, head, head_stride, n, c, v, stream);
    return report(code, where, "x (%d,%d), head (%d,%d)", n, c, v, c);
}
