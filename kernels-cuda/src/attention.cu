// Which kernels compute attention. The choice may look at the device and at head widths alone. The kernels do not add alike, so
// if it looked at how many rows there are, or at where they lie, a row's bytes would depend on its neighbours, or on gaps.
#include <atomic>

#include "attention_kernel.h"
#include "candor_tuning.h"

namespace candor {
namespace {

const char* const kForms[] = {"mma.sync", "wgmma"};
constexpr int kFormCount = sizeof kForms / sizeof kForms[0];

std::atomic<int> asked_form{-1};

}  // namespace

bool attention_by_wgmma(const Attention& in, const candor_device* device) {
    return device->architecture == 90 && (in.d == 64 || in.d == 128) && asked_form.load() != 0;
}

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

CANDOR_API int candor_attention_form_count(void) {
    return candor::kFormCount;
}

CANDOR_API const char* candor_attention_form_name(int form) {
    return form >= 0 && form < candor::kFormCount ? candor::kForms[form] : nullptr;
}

CANDOR_API void candor_attention_use(int form) {
    candor::asked_form = form < candor::kFormCount ? form : -1;
}
