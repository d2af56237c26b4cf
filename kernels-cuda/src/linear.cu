// Linear layers with adapters, forward and backward: what the C API's functions ask of matmul.cu and lora.cu.
#include "lora.h"
#include "matmul.h"
#include "matmul_kernel.h"
#include "operand.h"
#include "unpack.h"

namespace candor {
namespace {

// The extension whose right operand is the down projections (P,I), or the up projections (O,P).
LoraExtension extension(const Matrix& left, const PackedLora& packed, Factor factor, int depth) {
    const bool is_a = factor == Factor::a;
    return {left, is_a ? packed.a : packed.b, is_a ? packed.a_size() : packed.b_size(),
        is_a ? packed.a_stride : packed.padded_rank, packed.runs, packed.count, depth};
}

// t (N,P) = scale * left * factors, for the rows of runs.
cudaError_t down(const candor_matrix& t, const LoraExtension& lora, bool transposed, const candor_stream* stream) {
    MatmulArguments g = {};
    g.m = t.rows, g.n = t.cols;
    g.lora = lora;
    g.scaled_runs_only = true;
    g.y = t.data, g.y_stride = t.stride;
    return matmul(g, transposed, stream->device, stream->handle);
}

// 0, or the status of a sentence that says what is wrong with the adapters of a layer (O,I) over n rows.
int check_lora(const candor_lora* lora, int count, int padded_rank, int n, int i, int o, const Where& where) {
    if (count < 0 || (count > 0 && (padded_rank < 16 || padded_rank % 16))) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "%d adapters in %d columns: a multiple of 16 is needed", count, padded_rank);
    }
    for (int e = 0, behind = 0; e < count; behind = lora[e].end, e++) {
        const candor_lora& at = lora[e];
        const int rank = at.a.rows;
        if (at.start < behind || at.end < at.start || at.end > n) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has rows %d to %d of %d, behind row %d", e, at.start, at.end, n,
                behind);
        }
        if (rank < 1 || rank > padded_rank) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has rank %d of %d columns", e, rank, padded_rank);
        }
        const auto gradient = [](const candor_matrix& m) { return m.data != nullptr ? &m : nullptr; };
        const int status = check(where,
            {{"a", &at.a, CANDOR_F32, rank, i}, {"b", &at.b, CANDOR_F32, o, rank},
                {"da", gradient(at.da), CANDOR_F32, rank, i, at.db.data == nullptr},
                {"db", gradient(at.db), CANDOR_F32, o, rank, at.da.data == nullptr}});
        if (status) return status;
    }
    return 0;
}

// Whether x and t of the backward pass are read.
bool trained(const candor_lora* lora, int count) {
    for (int e = 0; e < count; e++) {
        if (lora[e].da.data != nullptr) return true;
    }
    return false;
}

// A layer's weight, as it is stored or, where it is packed and the product does not read it so, as bf16 in scratch memory.
class Weight {
public:
    explicit Weight(const candor_matrix* w) : plain_(operand(w)), packed_(packed(w)), unpacked_(packed_.form != Form::none) {}

    // The product reads it packed, if it can.
    void read_packed(MatmulArguments& g, const candor_device* device) {
        if (!unpacked_) return;
        g.w = {nullptr, 0, true};  // as it would be in scratch memory
        unpacked_ = !matmul_takes(g, packed_, device);
        if (!unpacked_) g.packed = packed_;
    }

    bool unpacked() const { return unpacked_; }
    Matrix lay_out(Layout& layout) const { return lay_out_unpacked(layout, packed_); }

    // The product reads it from here on; `memory` where it is unpacked.
    cudaError_t unpack_into(MatmulArguments& g, const Matrix& memory, const candor_stream* stream) const {
        if (packed_.form == Form::none) g.w = plain_;
        if (!unpacked_) return cudaSuccess;
        g.w = memory;
        return unpack(const_cast<bf16*>(memory.data), memory.stride, packed_, stream);
    }

private:
    const Matrix plain_;
    const Packed packed_;
    bool unpacked_;
};

// What decides how much scratch memory a layer takes.
struct Wanting {
    const Weight& weight;
    const candor_lora* lora;
    int lora_count, padded_rank, i, o;
    bool backward;
};

struct Scratch {
    Matrix weight;
    PackedLora lora;
    float* partials;  // of the adapters' gradients

    void lay_out(Layout& layout, const Wanting& q) {
        if (q.weight.unpacked()) weight = q.weight.lay_out(layout);
        if (q.lora_count == 0) return;
        lora = lay_out_lora(layout, q.lora_count, q.padded_rank, q.i, q.o);
        if (!q.backward) return;
        partials = layout.take<float>(gradient_floats(q.lora, q.lora_count, q.padded_rank, q.i > q.o ? q.i : q.o));
    }
};

// A status; message included.
int take(Scratch& s, const Wanting& wanting, candor_stream* stream, const Where& where) {
    Layout sizes;
    s.lay_out(sizes, wanting);
    if (sizes.bytes() == 0) return 0;
    void* memory = nullptr;
    const int status = scratch(&memory, sizes.bytes(), stream, where);
    Layout layout(memory);
    s.lay_out(layout, wanting);
    return status;
}

}  // namespace
}  // namespace candor

using namespace candor;

CANDOR_API int candor_linear(
    const candor_matrix* y, const candor_matrix* t, const candor_matrix* x, const candor_matrix* w, const candor_matrix* bias,
    const candor_matrix* residual, const candor_lora* lora, int32_t lora_count, candor_stream* stream) {
    const Where where = CANDOR_WHERE("linear");
    const int n = rows(x), i = cols(x), o = cols(y), padded_rank = cols(t);
    int status = check(where,
        {{"y", y, CANDOR_BF16, n, o}, {"t", t, CANDOR_BF16, n, padded_rank, lora_count == 0}, {"x", x, CANDOR_BF16, n, i},
            {"w", w, kWeight, o, i, true}, {"bias", bias, CANDOR_F32, 1, o, true},
            {"residual", residual, CANDOR_BF16, n, o, true}});
    if (!status) status = check_lora(lora, lora_count, padded_rank, n, i, o, where);
    if (!status) status = enter(stream, where);
    if (status) return status;
    MatmulArguments g = {};
    g.x = operand(x);
    g.m = n, g.n = o, g.k = w ? i : 0;
    g.bias = data<const float>(bias);
    g.residual = data<const bf16>(residual), g.residual_stride = stride(residual);
    g.y = y->data, g.y_stride = y->stride;
    Weight weight(w);
    weight.read_packed(g, stream->device);
    const Wanting wanting = {weight, lora, lora_count, padded_rank, i, o, false};
    Scratch s;
    status = take(s, wanting, stream, where);
    if (status) return status;
    cudaError_t code = weight.unpack_into(g, s.weight, stream);
    if (code == cudaSuccess && lora_count) {
        code = pack_lora(s.lora, lora, stream->handle);
        if (code == cudaSuccess) code = down(*t, extension(g.x, s.lora, Factor::a, i), false, stream);
        g.lora = extension(operand(t), s.lora, Factor::b, padded_rank);
    }
    if (code == cudaSuccess) code = matmul(g, false, stream->device, stream->handle);
    return report(code, where, "x (%d,%d), w (%d,%d), %d adapters", n, i, o, i, lora_count);
}

CANDOR_API int candor_linear_backward(
    const candor_matrix* dx, const candor_matrix* dt, const candor_matrix* dy, const candor_matrix* x, const candor_matrix* t,
    const candor_matrix* w, const candor_lora* lora, int32_t lora_count, int32_t add, candor_stream* stream) {
    const Where where = CANDOR_WHERE("linear backward");
    const int n = rows(dy), o = cols(dy), i = cols(dx ? dx : w ? w : x), padded_rank = cols(dt);
    const bool frozen = !trained(lora, lora_count);
    int status = check(where,
        {{"dx", dx, CANDOR_BF16, n, i, true}, {"dt", dt, CANDOR_BF16, n, padded_rank, lora_count == 0},
            {"dy", dy, CANDOR_BF16, n, o}, {"x", x, CANDOR_BF16, n, i, frozen}, {"t", t, CANDOR_BF16, n, padded_rank, frozen},
            {"w", w, kWeight, o, i, true}});
    if (!status) status = check_lora(lora, lora_count, padded_rank, n, i, o, where);
    if (!status) status = enter(stream, where);
    if (status) return status;
    MatmulArguments g = {};
    g.x = operand(dy);
    g.m = n, g.n = i, g.k = w ? o : 0;
    if (add) g.residual = data<const bf16>(dx), g.residual_stride = stride(dx);
    g.y = data<void>(dx), g.y_stride = stride(dx);
    const Weight weight(dx ? w : nullptr);
    const Wanting wanting = {weight, lora, lora_count, padded_rank, i, o, true};
    Scratch s;
    status = take(s, wanting, stream, where);
    if (status) return status;
    cudaError_t code = weight.unpack_into(g, s.weight, stream);
    if (code == cudaSuccess && lora_count) {
        code = pack_lora(s.lora, lora, stream->handle);
        if (code == cudaSuccess) code = down(*dt, extension(g.x, s.lora, Factor::b, o), true, stream);
        g.lora = extension(operand(dt), s.lora, Factor::a, padded_rank);
    }
    if (code == cudaSuccess && dx) code = matmul(g, true, stream->device, stream->handle);
    if (code == cudaSuccess && lora_count) {
        code = lora_gradient(
            Factor::a, operand(dt), operand(x), i, padded_rank, lora, lora_count, s.partials, stream->handle);
    }
    if (code == cudaSuccess && lora_count) {
        code = lora_gradient(Factor::b, operand(t), g.x, o, padded_rank, lora, lora_count, s.partials, stream->handle);
    }
    return report(code, where, "dy (%d,%d), w (%d,%d), %d adapters", n, o, o, i, lora_count);
}

CANDOR_API int candor_logits(
    const candor_matrix* logits, const candor_matrix* x, const candor_matrix* head, candor_stream* stream) {
    const Where where = CANDOR_WHERE("logits");
    const int n = rows(x), c = cols(x), v = rows(head);
    int status = check(
        where, {{"logits", logits, CANDOR_F32, n, v}, {"x", x, CANDOR_BF16, n, c}, {"head", head, CANDOR_BF16, v, c}});
    if (!status) status = enter(stream, where);
    if (status) return status;
    return report(matmul_to_float(*logits, *x, *head, stream), where, "x (%d,%d), head (%d,%d)", n, c, v, c);
}
