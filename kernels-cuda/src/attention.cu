// Which kernels compute attention. As with matrix products, the choice may look at the device, at head widths and at where
// operands lie; never at how many rows there are, since a row's bytes may not depend on its neighbours.
#include <atomic>

#include "attention_kernel.h"
#include "candor_tuning.h"

namespace candor {
namespace {

std::atomic<bool> without_wgmma{false};

}  // namespace

bool attention_takes_wgmma(const Attention& in, const candor_device* device) {
    return device->architecture == 90 && (in.d == 64 || in.d == 128) && in.qkv.aligned && !without_wgmma.load();
}

}  // namespace candor

CANDOR_API void candor_attention_use_mma(int only) {
    candor::without_wgmma = only != 0;
}
