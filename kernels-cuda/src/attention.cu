// Which kernels compute attention. As with matrix products, the choice may look at the device, at head widths and at where
// operands lie; never at how many rows there are, since a row's bytes may not depend on its neighbours.
#include <atomic>

#include "attention_kernel.h"
#include "candor_tuning.h"

namespace candor {
namespace {

// By the numbers of AttentionForm.
const char* const kForms[] = {"mma.sync", "wgmma", "wgmma, forward in turns", "wgmma, three groups of queries backward",
    "wgmma, key gradients in parts", "wgmma, queries in registers backward"};
constexpr int kFormCount = sizeof kForms / sizeof kForms[0];

std::atomic<int> asked_form{-1};

}  // namespace

AttentionForm attention_form(const Attention& in, bool aligned, const candor_device* device) {
    if (device->architecture != 90 || (in.d != 64 && in.d != 128) || !in.qkv.aligned || !aligned) return AttentionForm::mma;
    const int asked = asked_form.load();
    return asked >= 0 ? (AttentionForm)asked : AttentionForm::wgmma;
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
