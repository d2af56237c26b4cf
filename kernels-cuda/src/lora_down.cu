// The adapters' intermediate products t = x aT and dt = dy b: few columns and a long k, so that a product of whole rows keeps few
// blocks busy. Their sums over k are cut in pieces, each a block's own. How many there are is a matter of k: a row's bytes do not
// depend on how many rows there are.
#include "lora.h"
#include "matmul_finish.h"

#include <algorithm>

namespace candor {
namespace {

constexpr int kLeastDepth = 1024, kMostPieces = 8, kDepthStep = 64;  // of k; a step of the products' tiles

// Columns of k in a piece.
int piece_depth(int k) {
    const int pieces = std::max(1, std::min(kMostPieces, k / kLeastDepth));
    return ceil_div(ceil_div(k, pieces), kDepthStep) * kDepthStep;
}
int piece_count(int k) { return std::max(1, ceil_div(k, piece_depth(std::max(k, 1)))); }

struct SumArguments {
    LoraExtension lora;
    const float* partials;  // (pieces,N,P)
    bf16* t;
    int64_t stride;
    int rows, columns;
};

constexpr int kSumThreads = 256, kSumColumns = 4;

// A thread adds up the pieces of some neighbouring columns of a row.
__global__ void __launch_bounds__(kSumThreads) sum_kernel(const __grid_constant__ SumArguments g) {
    const int64_t i = ((int64_t)blockIdx.x * kSumThreads + threadIdx.x) * kSumColumns, size = (int64_t)g.rows * g.columns;
    if (i >= size) return;
    const int row = (int)(i / g.columns), column = (int)(i % g.columns);
    const int slot = slot_of(g.lora, row);
    if (slot < 0) return;
    float4 sum = *reinterpret_cast<const float4*>(g.partials + i);
    for (int piece = 1; piece < g.lora.pieces; piece++) {
        const float4 more = *reinterpret_cast<const float4*>(g.partials + piece * size + i);
        sum.x += more.x, sum.y += more.y, sum.z += more.z, sum.w += more.w;
    }
    const float scale = g.lora.scale(slot, column);
    bf16* t = g.t + row * g.stride + column;
    t[0] = to_bf16(sum.x * scale);
    t[1] = to_bf16(sum.y * scale);
    t[2] = to_bf16(sum.z * scale);
    t[3] = to_bf16(sum.w * scale);
}

}  // namespace

int64_t down_floats(int n, int k, int padded_rank) {
    const int pieces = piece_count(k);
    return pieces > 1 ? (int64_t)pieces * n * padded_rank : 0;
}

cudaError_t lora_down(
    const candor_matrix& t, const LoraExtension& lora, bool transposed, float* partials, const candor_stream* stream) {
    MatmulArguments g = {};
    g.m = t.rows, g.n = t.cols;
    g.lora = lora;
    g.lora.pieces = piece_count(lora.depth);
    g.lora.piece_depth = piece_depth(std::max(lora.depth, 1));
    g.scaled_runs_only = true;
    if (g.lora.pieces == 1) {
        g.y = t.data, g.y_stride = t.stride;
        return matmul(g, transposed, stream->device, stream->handle);
    }
    g.y = partials, g.y_stride = t.cols;
    g.float_output = true;
    const cudaError_t status = matmul(g, transposed, stream->device, stream->handle);
    if (status != cudaSuccess || t.rows == 0) return status;
    const SumArguments sum = {g.lora, partials, data<bf16>(&t), t.stride, t.rows, t.cols};
    const int blocks = ceil_div((int64_t)t.rows * t.cols, kSumThreads * kSumColumns);
    return launch("lora sum", sum_kernel, {dim3(blocks), dim3(kSumThreads), 0, stream->handle}, sum);
}

}  // namespace candor
