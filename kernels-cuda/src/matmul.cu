// Which kernel computes a matrix product. The choice may look at the device, at where the operands lie and at k; never at how
// many rows or columns there are, since the tensor cores of the two kernels do not add alike and a row's bytes may not depend
// on its neighbours.
#include "matmul.h"

#include "matmul_kernel.h"
#include "operand.h"

namespace candor {

cudaError_t matmul(const MatmulArguments& g, bool transposed, const candor_device* device, cudaStream_t stream) {
    if (g.m <= 0 || g.n <= 0) return cudaSuccess;
    if (g.packed.form != Form::none) {
        return wgmma_takes(g, device) ? matmul_wgmma_packed(g, stream) : matmul_mma_packed(g, stream);
    }
    return wgmma_takes(g, device) ? matmul_wgmma(g, transposed, device, stream) : matmul_mma(g, transposed, device, stream);
}

bool matmul_joins(const MatmulArguments& g, const candor_device* device) {
    return g.packed.form == Form::none && wgmma_takes(g, device) && wgmma_joins(g);
}

bool matmul_takes(const MatmulArguments& g, const Packed& w, const candor_device* device) {
    constexpr int kBlock = 64;  // columns that have one scale in every form, and whose codes begin at multiples of 16 bytes
    return g.m <= (wgmma_takes(g, device) ? kPackedRowsOfWgmma : kPackedRowsOfMma) && w.cols % kBlock == 0
        && w.stride % kBlock == 0 && reinterpret_cast<uintptr_t>(w.codes) % 16 == 0;
}

cudaError_t matmul_to_float(
    const candor_matrix& y, const candor_matrix& x, const candor_matrix& w, const candor_stream* stream) {
    MatmulArguments g = {};
    g.x = operand(&x);
    g.w = operand(&w);
    g.m = y.rows, g.n = y.cols, g.k = x.cols;
    g.y = y.data, g.y_stride = y.stride;
    g.float_output = true;
    return matmul(g, false, stream->device, stream->handle);
}

cudaError_t matmul_backward_to_float(
    const candor_matrix& dx, const candor_matrix& dy, const candor_matrix& w, bool add, const candor_stream* stream) {
    MatmulArguments g = {};
    g.x = operand(&dy);
    g.w = operand(&w);
    g.m = dx.rows, g.n = dx.cols, g.k = dy.cols;
    g.y = dx.data, g.y_stride = dx.stride;
    g.float_output = true, g.add = add;
    return matmul(g, true, stream->device, stream->handle);
}

}  // namespace candor
