// The backward pass of attention with wgmma for sm_90a, in two passes of which each computes the weights again:
// attention_wgmma_backward_keys.cu and attention_wgmma_backward_queries.cu. attention_mma_backward.cu has the formulas.
// attention_wgmma_backward.cu launches them.
#pragma once
#include "attention_kernel.h"
#include "attention_wgmma.h"

namespace candor {

// What the passes want to know of each row and head, heads first: lse in base 2, and delta = rowsum(dO * O).
struct RowNumbers {
    float *lse, *delta;  // (H,N)
};

struct GradientArguments {
    CUtensorMap qkv, dout;  // in panels' boxes
    Attention in;
    RowNumbers rows;
    bf16* dqkv;  // (N,(H+2K)*D)
    int64_t dqkv_stride;
    int n, sequences, tiles;  // sequences and tiles of the grid
    // Blocks that share a group's query heads, and what each part of the heads adds, to be summed where there are several.
    int parts;
    float* part_sums;  // (parts,N,2K*D)
};

cudaError_t key_gradients_wgmma(const GradientArguments& a, cudaStream_t stream);
cudaError_t query_gradients_wgmma(const GradientArguments& a, cudaStream_t stream);

}  // namespace candor
