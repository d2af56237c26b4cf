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

// Whether the kernels of sm_90a take these heads, where the other matrices are aligned, too.
bool attention_takes_wgmma(const Attention& in, const candor_device* device);

cudaError_t attention_wgmma(const ForwardArguments& g, cudaStream_t stream);
cudaError_t attention_backward_wgmma(const BackwardArguments& g, void* scratch, cudaStream_t stream);

}  // namespace candor
