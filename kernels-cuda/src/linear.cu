// Linear layers with adapters, forward and backward: what the C API's functions ask of matmul.cu and lora.cu.
#include "gated.h"
#include "lora.h"
#include "matmul.h"
#include "matmul_kernel.h"
#include "operand.h"
#include "rope.h"
#include "unpack.h"

#include <algorithm>
#include <vector>

namespace candor {
namespace {

// The adapters of a call: the image of their factors, and the runs of rows, in order.
struct Adapters {
    LoraImage image;
    LoraRun few[kFewRuns];
    const LoraRun* many;  // in device memory, where they are more
    int count;

    // The extension whose right operand is the down projections (P,I), or the up projections (O,P).
    LoraExtension extension(const Matrix& left, Factor factor, int depth) const {
        const bool is_a = factor == Factor::a;
        LoraExtension e = {left, is_a ? image.a : image.b, is_a ? image.a_size() : image.b_size(),
            is_a ? image.a_stride : image.padded_rank, image.scales, image.slots, image.groups(), count, depth};
        std::copy_n(few, kFewRuns, e.few);
        e.many = many;
        return e;
    }
};

constexpr int kMostSiblings = 8;  // entries of the same rows

// The same for the image that an entry names, which is that of all others, and its slot, which is that of its siblings.
int check_named_image(const candor_lora& at, const candor_lora& sibling, const candor_lora_image& first, int padded_rank, int i, int o,
    int index, const Where& where) {
    const candor_lora_image& image = at.image;
    if (image.memory != first.memory) return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has an image of its own", index);
    if (image.memory == nullptr) return 0;
    const int status = check_image(image, where);
    if (status) return status;
    if (image.slots != first.slots || image.padded_rank != padded_rank || image.inputs != i || image.outputs != o) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has an image of %d columns, %d inputs, %d outputs, not %d, %d, %d", index,
            image.padded_rank, image.inputs, image.outputs, padded_rank, i, o);
    }
    if (at.slot >= 0 && at.slot < image.slots && at.slot == sibling.slot) return 0;
    return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d is in slot %d of %d", index, at.slot, image.slots);
}

// 0, or the status of a sentence that says what is wrong with the adapters of a layer (O,I) over n rows.
int check_lora(const candor_lora* lora, int count, int padded_rank, int n, int i, int o, const Where& where) {
    if (count < 0 || (count > 0 && (padded_rank < 16 || padded_rank % 16))) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "%d adapters in %d columns: a multiple of 16 is needed", count, padded_rank);
    }
    for (int e = 0, behind = 0, siblings = 0; e < count; e++) {
        const candor_lora& at = lora[e];
        const int rank = at.a.rows, outputs = at.b.rows;
        const bool begins = begins_run(lora, e);
        int status = check_named_image(at, lora[begins ? e : e - 1], lora[0].image, padded_rank, i, o, e, where);
        if (status) return status;
        if (begins) behind = e == 0 ? 0 : lora[e - 1].end;
        siblings = begins ? 1 : siblings + 1;
        if (siblings > kMostSiblings) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d is one of more than %d for the same rows", e, kMostSiblings);
        }
        if (at.start < behind || at.end < at.start || at.end > n) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has rows %d to %d of %d, behind row %d", e, at.start, at.end, n,
                behind);
        }
        const auto gradient = [](const candor_matrix& m) { return m.data != nullptr ? &m : nullptr; };
        status = check_factors(lora, e, begins, padded_rank, i, o, where);
        if (status) return status;
        status = check(where,
            {{"da", gradient(at.da), CANDOR_F32, rank, i, at.db.data == nullptr},
                {"db", gradient(at.db), CANDOR_F32, outputs, rank, at.da.data == nullptr}});
        if (status) return status;
    }
    return 0;
}

// The same for what becomes of y (N,O) behind the layer.
int check_epilogue(const candor_epilogue* then, const candor_matrix* residual, int n, int o, const Where& where) {
    if (then == nullptr) return 0;
    if (then->operation < CANDOR_ROPE || then->operation > CANDOR_GEGLU) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "no layer ends with operation %d", then->operation);
    }
    if (residual != nullptr) return refuse(CANDOR_BAD_ARGUMENT, where, "a residual, and operation %d behind it", then->operation);
    if (then->operation != CANDOR_ROPE) {
        if (o % 2) return refuse(CANDOR_BAD_ARGUMENT, where, "a gate and what goes through it are of %d columns", o);
        return check(where, {{"gated", &then->gated, CANDOR_BF16, n, o / 2}});
    }
    const int d = then->table.cols;
    const int status = check(where, {{"table", &then->table, CANDOR_F32, then->table.rows, d / 2 * 2}});
    if (status) return status;
    if (d > 0 && then->heads >= 0 && static_cast<int64_t>(then->heads) * d <= o) return 0;
    return refuse(CANDOR_BAD_ARGUMENT, where, "%d heads of %d columns, of %d", then->heads, d, o);
}

Epilogue epilogue(const candor_epilogue& then) {
    if (then.operation == CANDOR_ROPE) {
        return {data<const float>(&then.table), then.table.stride, then.positions, then.table.cols, then.heads * then.table.cols};
    }
    Epilogue e = {};
    e.gated = data<bf16>(&then.gated), e.gated_stride = then.gated.stride;
    e.gelu = then.operation == CANDOR_GEGLU, e.kept = then.kept != 0;
    return e;
}

// What no product has taken on.
cudaError_t run(const candor_epilogue& then, const candor_matrix& y, const candor_stream* stream) {
    if (then.operation != CANDOR_ROPE) return gate(then.operation == CANDOR_GEGLU, then.gated, y, stream);
    return rotate(y, then.heads, then.table, then.positions, 1, stream);
}

// The same for a weight (O,I) in parts.
int check_parts(const candor_matrix* w, int count, int o, int i, const Where& where) {
    if (w == nullptr) return 0;
    if (count < 1) return refuse(CANDOR_BAD_ARGUMENT, where, "w has %d parts", count);
    int outputs = 0;
    for (int p = 0; p < count; p++) {
        const int status = check(where, {{"w", &w[p], kWeight, count == 1 ? o : w[p].rows, i}});
        if (status) return status;
        outputs += w[p].rows;
    }
    if (outputs == o) return 0;
    return refuse(CANDOR_BAD_ARGUMENT, where, "w has %d rows in %d parts, expected %d", outputs, count, o);
}

// Whether x and t of the backward pass are read.
bool trained(const candor_lora* lora, int count) {
    for (int e = 0; e < count; e++) {
        if (lora[e].da.data != nullptr) return true;
    }
    return false;
}

// A layer's weight: as it is stored or, where it is packed and the product does not read it so, or comes in parts, as bf16 in scratch
// memory.
class Weight {
public:
    Weight(const candor_matrix* w, int parts)
        : w_(w), parts_(w ? parts : 0), packed_(packed(w)), in_scratch_(parts_ > 1 || packed_.form != Form::none) {}

    // The product reads it packed, if it can.
    void read_packed(MatmulArguments& g, const candor_device* device) {
        if (!in_scratch_ || parts_ > 1) return;
        g.w = {nullptr, 0, true};  // as it would be in scratch memory
        in_scratch_ = !matmul_takes(g, packed_, device);
        if (!in_scratch_) g.packed = packed_;
    }

    bool in_scratch() const { return in_scratch_; }

    Matrix lay_out(Layout& layout) const {
        int rows = 0;
        for (int p = 0; p < parts_; p++) rows += w_[p].rows;
        return lay_out_unpacked(layout, rows, w_->cols);
    }

    // The product reads it from here on; `memory` where it is in scratch memory.
    cudaError_t bring(MatmulArguments& g, const Matrix& memory, const candor_stream* stream) const {
        if (!in_scratch_) {
            if (packed_.form == Form::none) g.w = operand(w_);
            return cudaSuccess;
        }
        g.w = memory;
        bf16* to = const_cast<bf16*>(memory.data);
        cudaError_t status = cudaSuccess;
        for (int p = 0; p < parts_ && status == cudaSuccess; p++) {
            const candor_matrix& from = w_[p];
            if (form(&from) != Form::none) {
                status = unpack(to, memory.stride, packed(&from), stream);
            } else if (from.rows > 0 && from.cols > 0) {
                status = cudaMemcpy2DAsync(to, memory.stride * sizeof(bf16), from.data, from.stride * sizeof(bf16),
                    from.cols * sizeof(bf16), from.rows, cudaMemcpyDeviceToDevice, stream->handle);
            }
            to += from.rows * memory.stride;
        }
        return status;
    }

private:
    const candor_matrix* w_;
    const int parts_;
    const Packed packed_;  // of the first part
    bool in_scratch_;
};

// What decides how much scratch memory a layer takes.
struct Wanting {
    const Weight& weight;
    const candor_lora* lora;
    int lora_count, padded_rank, n, i, o;
    bool backward;
};

struct Scratch {
    Matrix weight;
    LoraImage image;  // where the entries name none
    uint32_t* marks;
    LoraRun* runs;    // where they are many
    float* partials;  // of t or dt, then of the adapters' gradients

    void lay_out(Layout& layout, const Wanting& q) {
        if (q.weight.in_scratch()) weight = q.weight.lay_out(layout);
        if (q.lora_count == 0) return;
        int count = 0;
        for (int e = 0; e < q.lora_count; e++) count += begins_run(q.lora, e);
        if (q.lora[0].image.memory == nullptr) {
            image = lay_out_image(layout, count, q.padded_rank, q.i, q.o);
            marks = lay_out_marks(layout);
        }
        if (count > kFewRuns) runs = layout.take<LoraRun>(count);
        int64_t floats = down_floats(q.n, q.backward ? q.o : q.i, q.padded_rank);
        if (q.backward) floats = std::max(floats, gradient_floats(q.lora, q.lora_count, q.padded_rank, q.i));
        if (floats > 0) partials = layout.take<float>(floats);
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

// The adapters as products read them: packed here, or by whoever keeps their images.
cudaError_t bring(Adapters& adapters, const Scratch& s, const candor_lora* lora, int lora_count, const candor_stream* stream) {
    const bool packs = lora[0].image.memory == nullptr;
    adapters = {};
    adapters.image = packs ? s.image : image_of(lora[0].image);
    std::vector<LoraRun> runs;
    for (int e = 0; e < lora_count; e++) {
        if (begins_run(lora, e)) runs.push_back({lora[e].start, lora[e].end, packs ? (int)runs.size() : lora[e].slot});
    }
    adapters.count = (int)runs.size();
    adapters.many = s.runs;
    cudaError_t status = cudaSuccess;
    if (adapters.count <= kFewRuns) {
        std::copy(runs.begin(), runs.end(), adapters.few);
    } else {
        status = list_runs(s.runs, runs.data(), adapters.count, stream->handle);
    }
    if (status == cudaSuccess && packs) status = pack_runs(s.image, lora, lora_count, s.marks, stream->handle);
    return status;
}

}  // namespace
}  // namespace candor

using namespace candor;

CANDOR_API int candor_linear(
    const candor_matrix* y, const candor_matrix* t, const candor_matrix* x, const candor_matrix* w, const candor_matrix* bias,
    const candor_matrix* residual, const candor_lora* lora, int32_t lora_count, const candor_epilogue* then, candor_stream* stream) {
    const Where where = CANDOR_WHERE("linear");
    const int n = rows(x), i = cols(x), o = cols(y), padded_rank = cols(t);
    int status = check(where,
        {{"y", y, CANDOR_BF16, n, o}, {"t", t, CANDOR_BF16, n, padded_rank, lora_count == 0}, {"x", x, CANDOR_BF16, n, i},
            {"w", w, kWeight, o, i, true}, {"bias", bias, CANDOR_F32, 1, o, true},
            {"residual", residual, CANDOR_BF16, n, o, true}});
    if (!status) status = check_lora(lora, lora_count, padded_rank, n, i, o, where);
    if (!status) status = check_epilogue(then, residual, n, o, where);
    if (!status) status = enter(stream, where);
    if (status) return status;
    MatmulArguments g = {};
    g.x = operand(x);
    g.m = n, g.n = o, g.k = w ? i : 0;
    g.bias = data<const float>(bias);
    g.residual = data<const bf16>(residual), g.residual_stride = stride(residual);
    g.y = y->data, g.y_stride = y->stride;
    Weight weight(w, 1);
    weight.read_packed(g, stream->device);
    const Wanting wanting = {weight, lora, lora_count, padded_rank, n, i, o, false};
    Scratch s = {};
    status = take(s, wanting, stream, where);
    if (status) return status;
    cudaError_t code = weight.bring(g, s.weight, stream);
    if (code == cudaSuccess && lora_count) {
        Adapters adapters;
        code = bring(adapters, s, lora, lora_count, stream);
        if (code == cudaSuccess) code = lora_down(*t, adapters.extension(g.x, Factor::a, i), false, s.partials, stream);
        g.lora = adapters.extension(operand(t), Factor::b, padded_rank);
    }
    if (then) g.then = epilogue(*then);
    const bool joined = then && matmul_joins(g, stream->device);
    if (!joined) g.then = {};
    if (code == cudaSuccess) code = matmul(g, false, stream->device, stream->handle);
    if (code == cudaSuccess && then && !joined) code = run(*then, *y, stream);
    return report(code, where, "x (%d,%d), w (%d,%d), %d adapters", n, i, o, i, lora_count);
}

CANDOR_API int candor_linear_backward(
    const candor_matrix* dx, const candor_matrix* dt, const candor_matrix* dy, const candor_matrix* x, const candor_matrix* t,
    const candor_matrix* w, int32_t w_count, const candor_lora* lora, int32_t lora_count, int32_t add, candor_stream* stream) {
    const Where where = CANDOR_WHERE("linear backward");
    const int n = rows(dy), o = cols(dy), i = cols(dx ? dx : w ? w : x), padded_rank = cols(dt);
    const bool frozen = !trained(lora, lora_count);
    int status = check(where,
        {{"dx", dx, CANDOR_BF16, n, i, true}, {"dt", dt, CANDOR_BF16, n, padded_rank, lora_count == 0},
            {"dy", dy, CANDOR_BF16, n, o}, {"x", x, CANDOR_BF16, n, i, frozen}, {"t", t, CANDOR_BF16, n, padded_rank, frozen}});
    if (!status) status = check_parts(w, w_count, o, i, where);
    if (!status) status = check_lora(lora, lora_count, padded_rank, n, i, o, where);
    if (!status) status = enter(stream, where);
    if (status) return status;
    MatmulArguments g = {};
    g.x = operand(dy);
    g.m = n, g.n = i, g.k = w ? o : 0;
    if (add) g.residual = data<const bf16>(dx), g.residual_stride = stride(dx);
    g.y = data<void>(dx), g.y_stride = stride(dx);
    const Weight weight(dx ? w : nullptr, w_count);
    const Wanting wanting = {weight, lora, lora_count, padded_rank, n, i, o, true};
    Scratch s = {};
    status = take(s, wanting, stream, where);
    if (status) return status;
    cudaError_t code = weight.bring(g, s.weight, stream);
    if (code == cudaSuccess && lora_count) {
        Adapters adapters;
        code = bring(adapters, s, lora, lora_count, stream);
        if (code == cudaSuccess) code = lora_down(*dt, adapters.extension(g.x, Factor::b, o), true, s.partials, stream);
        g.lora = adapters.extension(operand(dt), Factor::a, padded_rank);
    }
    if (code == cudaSuccess && dx) code = matmul(g, true, stream->device, stream->handle);
    if (code == cudaSuccess && lora_count) {
        code = lora_gradient(
            Factor::a, operand(dt), operand(x), i, padded_rank, lora, lora_count, s.partials, stream->handle);
    }
    if (code == cudaSuccess && lora_count) {
        code = lora_gradient(Factor::b, operand(t), g.x, i, padded_rank, lora, lora_count, s.partials, stream->handle);
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
