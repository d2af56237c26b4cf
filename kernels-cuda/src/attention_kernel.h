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

// The kernels there are.
enum class AttentionForm { mma, wgmma, wgmma_in_turns, wgmma_three_groups, wgmma_in_parts, wgmma_queries_in_registers };

// Which are taken for these heads; with wgmma only where `aligned`, that is, all other matrices are as well as qkv.
AttentionForm attention_form(const Attention& in, bool aligned, const candor_device* device);

cudaError_t attention_wgmma(const ForwardArguments& g, AttentionForm form, cudaStream_t stream);
// Bytes of scratch memory that the backward pass needs.
int64_t attention_backward_wgmma_scratch(const BackwardArguments& g, AttentionForm form);
cudaError_t attention_backward_wgmma(const BackwardArguments& g, AttentionForm form, void* scratch, cudaStream_t stream);

}  // namespace candor
