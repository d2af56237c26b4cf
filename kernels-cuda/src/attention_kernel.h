// What the attention kernels with mma.sync and with wgmma both take, and the choice between them.
#pragma once
#include "attention.h"

namespace candor {

struct ForwardArguments {
    Attention in;
    bf16* o;
    int64_t o_stride;
    float* lse;
    int64_t lse_stride;
    int n, sequences, longest;
};

struct BackwardArguments {
    Attention in;
    Matrix dout, o;
    const float* lse;
    int64_t lse_stride;
    bf16* dqkv;
    int64_t dqkv_stride;
    int n, sequences, longest;
};

// Bytes of scratch memory that a backward pass needs.
inline int64_t backward_scratch(const BackwardArguments& g) {
    return 2 * aligned((int64_t)g.n * g.in.h * sizeof(float));
}

// The kernels there are. Those with wgmma give the same bytes.
enum class AttentionForm { mma, wgmma, wgmma_in_turns, wgmma_three_groups };

// Which are taken for these heads; with wgmma only where `aligned`, that is, all other matrices are as well as qkv.
AttentionForm attention_form(const Attention& in, bool aligned, const candor_device* device);

cudaError_t attention_wgmma(const ForwardArguments& g, AttentionForm form, cudaStream_t stream);
cudaError_t attention_backward_wgmma(const BackwardArguments& g, AttentionForm form, void* scratch, cudaStream_t stream);

}  // namespace candor
