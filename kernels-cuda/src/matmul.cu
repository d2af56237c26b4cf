// Which kernel computes a matrix product. The choice may look at the device, at where the operands lie and at k; never at how
// many rows or columns there are, since the tensor cores of the two kernels do not add alike and a row's bytes may not depend
// on its neighbours.
#include "matmul.h"

#include "matmul_kernel.h"

namespace candor {
namespace {

Matrix matrix(const candor_bf16* data, int64_t stride) {
    return {reinterpret_cast<const bf16*>(data), stride, rows_are_aligned(data, stride)};
}

}  // namespace

cudaError_t matmul(const MatmulArguments& g, bool transposed, const candor_device* device, cudaStream_t stream) {
    if (g.m <= 0 || g.n <= 0) return cudaSuccess;
    return wgmma_takes(g, device) ? matmul_wgmma(g, transposed, device, stream) : matmul_mma(g, transposed, device, stream);
}

cudaError_t matmul_to_float(float* y, int64_t y_stride, const candor_bf16* x, int64_t x_stride, const candor_bf16* w,
    int64_t w_stride, int n, int i, int o, const candor_stream* stream) {
    MatmulArguments g = {};
    g.x = matrix(x, x_stride);
    g.w = matrix(w, w_stride);
    g.m = n, g.n = o, g.k = i;
    g.y = y, g.y_stride = y_stride;
    g.float_output = true;
    return matmul(g, false, stream->device, stream->handle);
}

cudaError_t matmul_backward_to_float(float* dx, int64_t dx_stride, const candor_bf16* dy, int64_t dy_stride,
    const candor_bf16* w, int64_t w_stride, bool add, int n, int i, int o, const candor_stream* stream) {
    MatmulArguments g = {};
    g.x = matrix(dy, dy_stride);
    g.w = matrix(w, w_stride);
    g.m = n, g.n = i, g.k = o;
    g.y = dx, g.y_stride = dx_stride;
    g.float_output = true, g.add = add;
    return matmul(g, true, stream->device, stream->handle);
}

}  // namespace candor
