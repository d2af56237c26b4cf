// Causal attention of packed sequences, backward with wgmma for sm_90a: what is known of each row before, scratch memory, and
// the launches. The passes are those of attention_mma_backward.cu, and its roundings.
#include <algorithm>

#include "attention_wgmma_backward.h"
#include "rows.h"

namespace candor {
namespace {

struct NumbersArguments {
    Matrix dout, o;
    const float* lse;
    int64_t lse_stride;
    RowNumbers to;
    int n;
};

constexpr int kNumbersThreads = 256;

// Threads take eight columns of a row and head; a block has neighbouring rows of one head, which it also writes side by side.
template <int Width>
__global__ void __launch_bounds__(kNumbersThreads) numbers_kernel(const NumbersArguments g) {
    constexpr int kThreads = Width / kChunk;
    const int row = blockIdx.x * (kNumbersThreads / kThreads) + threadIdx.x / kThreads, head = blockIdx.y;
    const int column = head * Width + threadIdx.x % kThreads * kChunk;
    float sum = 0.0f;
    if (row < g.n) {
        const Eight a = read8(g.dout.data + row * g.dout.stride, column, column + kChunk);
        const Eight b = read8(g.o.data + row * g.o.stride, column, column + kChunk);
#pragma unroll
        for (int e = 0; e < kChunk; e++) sum += a.v[e] * b.v[e];
    }
    sum = warp_sum<kThreads>(sum);
    if (row < g.n && threadIdx.x % kThreads == 0) {
        const int64_t i = (int64_t)head * g.n + row;
        g.to.delta[i] = sum;
        g.to.lse[i] = g.lse[row * g.lse_stride + head] * kLog2e;
    }
}

// With few key heads there are few blocks, whose walks are of very different length. Then blocks share a group's heads, so that
// a tile of keys has eight blocks or more, if heads are as many. Only heads have a say: a row's bytes depend on it.
int parts_of(const Attention& in) {
    return std::min(in.h / in.k, ceil_div(8, in.k));
}

struct Scratch {
    RowNumbers rows;
    float* part_sums;  // (parts,N,2K*D) where there are parts
    bf16 *qkv, *dout;  // (N,(H+2K)*D), (N,H*D): copies of what is not aligned
};

Scratch lay_out(Layout& layout, const BackwardArguments& g) {
    const Attention& in = g.in;
    const int parts = parts_of(in);
    Scratch s;
    s.rows.lse = layout.take<float>((int64_t)g.n * in.h);
    s.rows.delta = layout.take<float>((int64_t)g.n * in.h);
    s.part_sums = layout.take<float>(parts > 1 ? (int64_t)parts * g.n * 2 * in.k * in.d : 0);
    s.qkv = take_copy(layout, in.qkv, g.n, in.columns());
    s.dout = take_copy(layout, g.dout, g.n, in.h * in.d);
    return s;
}

cudaError_t row_numbers(const NumbersArguments& g, const Attention& in, cudaStream_t stream) {
    const LaunchShape shape = {
        dim3(ceil_div((int64_t)g.n * in.d, kNumbersThreads * kChunk), in.h), dim3(kNumbersThreads), 0, stream};
    return in.d == 64 ? launch("attention row numbers", numbers_kernel<64>, shape, g)
                      : launch("attention row numbers", numbers_kernel<128>, shape, g);
}

}  // namespace

int64_t attention_backward_wgmma_scratch(const BackwardArguments& g) {
    Layout layout;
    lay_out(layout, g);
    return layout.bytes();
}

cudaError_t attention_backward_wgmma(const BackwardArguments& g, void* scratch, cudaStream_t stream) {
    const Attention& in = g.in;
    Layout layout(scratch);
    const Scratch s = lay_out(layout, g);
    Matrix qkv = in.qkv, dout = g.dout;
    cudaError_t code = copy_aligned(qkv, s.qkv, g.n, in.columns(), stream);
    if (code == cudaSuccess) code = copy_aligned(dout, s.dout, g.n, in.h * in.d, stream);
    if (code == cudaSuccess) code = row_numbers({dout, g.o, g.lse, g.lse_stride, s.rows, g.n}, in, stream);
    if (code != cudaSuccess) return code;
    GradientArguments a = {};
    if (!encode_tensor_map(&a.qkv, qkv.data, qkv.stride, g.n, in.columns(), kPanelRows)
        || !encode_tensor_map(&a.dout, dout.data, dout.stride, g.n, in.h * in.d, kPanelRows)) {
        return cudaErrorInvalidValue;
    }
    a.in = in;
    a.rows = s.rows;
    a.dqkv = g.dqkv, a.dqkv_stride = g.dqkv_stride;
    a.n = g.n, a.sequences = g.sequences, a.tiles = g.tiles;
    a.parts = parts_of(in), a.part_sums = s.part_sums;
    code = key_gradients_wgmma(a, stream);
    return code == cudaSuccess ? query_gradients_wgmma(a, stream) : code;
}

}  // namespace candor
