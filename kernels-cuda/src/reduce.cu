// The sum of squares in double precision: each block a part, then one block the parts, in an order that the shape decides.
#include "rows.h"

namespace candor {
namespace {

constexpr int kThreads = 256;
constexpr int kMostBlocks = 1024;
// Elements of a block's turn.
constexpr int64_t kTurn = 4 * kThreads;

__global__ __launch_bounds__(kThreads) void squares(double* parts, const float* x, int64_t x_stride, int rows, int cols) {
    const int64_t total = static_cast<int64_t>(rows) * cols;
    double sum = 0;
    for (int64_t turn = blockIdx.x * kTurn; turn < total; turn += gridDim.x * kTurn) {
        for (int64_t i = turn + threadIdx.x; i < turn + kTurn && i < total; i += kThreads) {
            const double value = x[i / cols * x_stride + i % cols];
            sum += value * value;
        }
    }
    sum = block_sum<kThreads>(sum, shared<BlockSum<kThreads, double>>());
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

__global__ __launch_bounds__(kThreads) void sum_parts(double* result, const double* parts, int count) {
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += kThreads) sum += parts[i];
    sum = block_sum<kThreads>(sum, shared<BlockSum<kThreads, double>>());
    if (threadIdx.x == 0) *result = sum;
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_sum_of_squares(double* result, const candor_matrix* x, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("sumOfSquares");
    const int height = rows(x), width = cols(x);
    int status = check(where, {{"x", x, CANDOR_F32, height, width}});
    if (status == 0) status = enter(stream, where);
    if (status != 0) return status;
    const int turns = ceil_div(static_cast<int64_t>(height) * width, kTurn);
    const int blocks = turns < kMostBlocks ? turns : kMostBlocks;
    void* memory = nullptr;
    status = scratch(&memory, blocks * static_cast<int64_t>(sizeof(double)), stream, where);
    if (status != 0) return status;
    double* parts = static_cast<double*>(memory);
    const size_t bytes = sizeof(BlockSum<kThreads, double>);
    cudaError_t code = cudaSuccess;
    if (blocks > 0) {
        code = launch(
            where.op, squares, {dim3(blocks), dim3(kThreads), bytes, stream->handle}, parts, data<const float>(x), stride(x),
            height, width);
    }
    if (code == cudaSuccess) {
        code = launch(where.op, sum_parts, {dim3(1), dim3(kThreads), bytes, stream->handle}, result, parts, blocks);
    }
    return report(code, where, "%d x %d", height, width);
}
