// Attention without a cache, and which kernels compute it. The choice may look at the device and at head widths alone. The kernels do not add alike, so
// if it looked at how many rows there are, or at where they lie, a row's bytes would depend on its neighbours, or on gaps.
#include <atomic>

#include "attention_kernel.h"
#include "candor_tuning.h"

namespace candor {
namespace {

const char* const kForms[] = {"mma.sync", "wgmma"};
constexpr int kFormCount = sizeof kForms / sizeof kForms[0];

std::atomic<int> asked_form{-1};

// Whether these heads are computed by the kernels with wgmma, or else by those with mma.sync.
bool by_wgmma(const Attention& in, const candor_device* device) {
    return device->architecture == 90 && (in.d == 64 || in.d == 128) && asked_form.load() != 0;
}

}  // namespace

bf16* take_copy(Layout& layout, const Matrix& m, int rows, int columns) {
    return m.aligned ? nullptr : layout.take<bf16>((int64_t)rows * columns);
}

cudaError_t copy_aligned(Matrix& m, bf16* there, int rows, int columns, cudaStream_t stream) {
    if (m.aligned) return cudaSuccess;
    const size_t bytes = columns * sizeof(bf16);
    const cudaError_t code =
        cudaMemcpy2DAsync(there, bytes, m.data, m.stride * sizeof(bf16), bytes, rows, cudaMemcpyDeviceToDevice, stream);
    m = {there, columns, true};
    return code;
}

}  // namespace candor

using namespace candor;

CANDOR_API int candor_attention(
    const candor_matrix* o, const candor_matrix* lse, const candor_matrix* qkv, const candor_heads* heads,
    const candor_sequences* sequences, candor_stream* stream) {
    const Where where = CANDOR_WHERE("attention");
    const int n = rows(qkv), h = heads->query, k = heads->key, d = heads->width, s = sequences->count;
    int status = check_attention(where, *heads,
        {{"o", o, CANDOR_BF16, n, h * d}, {"lse", lse, CANDOR_F32, n, h}, {"qkv", qkv, CANDOR_BF16, n, (h + 2 * k) * d}});
    if (!status) status = check_longest(sequences->longest, where);
    if (!status) status = enter(stream, where);
    if (status || n == 0) return status;
    const ForwardArguments g = {attention_of(qkv, sequences->starts, *heads), data<bf16>(o), o->stride, data<float>(lse),
        lse->stride, n, s, sequences->longest};
    const bool wgmma = by_wgmma(g.in, stream->device);
    void* memory = nullptr;
    if (wgmma) status = scratch(&memory, attention_wgmma_scratch(g), stream, where);
    if (status) return status;
    const cudaError_t code = with_sequences(s, [&](int first, int count) {
        ForwardArguments part = g;
        part.in.starts += first, part.sequences = count;
        return wgmma ? attention_wgmma(part, memory, stream->handle) : attention_mma(part, stream->handle);
    });
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}

CANDOR_API int candor_attention_backward(
    const candor_matrix* dqkv, const candor_matrix* dout, const candor_matrix* qkv, const candor_matrix* o,
    const candor_matrix* lse, const candor_heads* heads, const candor_sequences* sequences, candor_stream* stream) {
    const Where where = CANDOR_WHERE("attention backward");
    const int n = rows(qkv), h = heads->query, k = heads->key, d = heads->width, s = sequences->count, wide = (h + 2 * k) * d;
    int status = check_attention(where, *heads,
        {{"dqkv", dqkv, CANDOR_BF16, n, wide}, {"dout", dout, CANDOR_BF16, n, h * d}, {"qkv", qkv, CANDOR_BF16, n, wide},
            {"o", o, CANDOR_BF16, n, h * d}, {"lse", lse, CANDOR_F32, n, h}});
    if (!status) status = check_longest(sequences->longest, where);
    if (!status) status = enter(stream, where);
    if (status || n == 0) return status;
    const BackwardArguments g = {attention_of(qkv, sequences->starts, *heads), operand(dout), operand(o),
        data<const float>(lse), lse->stride, data<bf16>(dqkv), dqkv->stride, n, s, sequences->longest};
    const bool wgmma = by_wgmma(g.in, stream->device);
    void* memory = nullptr;
    status = scratch(&memory, wgmma ? attention_backward_wgmma_scratch(g) : attention_backward_mma_scratch(g), stream, where);
    if (status) return status;
    const cudaError_t code = with_sequences(s, [&](int first, int count) {
        BackwardArguments part = g;
        part.in.starts += first, part.sequences = count;
        return wgmma ? attention_backward_wgmma(part, memory, stream->handle)
                     : attention_backward_mma(part, memory, stream->handle);
    });
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}

CANDOR_API int candor_attention_form_count(void) {
    return kFormCount;
}

CANDOR_API const char* candor_attention_form_name(int form) {
    return form >= 0 && form < kFormCount ? kForms[form] : nullptr;
}

CANDOR_API void candor_attention_use(int form) {
    asked_form = form < kFormCount ? form : -1;
}
