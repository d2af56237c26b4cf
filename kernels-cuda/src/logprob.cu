// The head and the log-probability of the targets: rows in blocks, and of the vocabulary a piece after the other, so that no more
// than a block's piece of logits exists at a time, unless the caller keeps them. Every row's maximum and sum are taken over segments
// of fixed width and then over the segments in order (Milakov and Gimelshein 2018), and its gradient is summed over pieces of fixed
// width in order, so that the bytes of a result know nothing of blocks, of what is kept, nor of other rows.
#include <atomic>

#include "candor_tuning.h"
#include "matmul.h"
#include "rows.h"

namespace candor {
namespace {

constexpr int kThreads = 256;
constexpr int kSegment = 1024;
// A piece of the vocabulary: a number of segments, whatever the shape. Between two pieces the float32 sums of a gradient go to memory
// and back, which is to cost little beside a piece's product.
constexpr int kPiece = 8 * kSegment;
// Rows of a block: enough that a product with rows of C columns fills a device.
constexpr int kBlockRows = 4096;
std::atomic<int> asked_block{0};

struct Partial {
    float max;
    float sum;
};

struct FoldShared {
    BlockSum<kThreads> sums;
};

// One block: one row and one segment of a piece whose first column is `first`.
__global__ __launch_bounds__(kThreads) void fold(
    Partial* partials, int segments, float* target_logits, const float* logits, int64_t logits_stride, const int32_t* targets,
    int first, int columns) {
    FoldShared& s = shared<FoldShared>();
    const int row = blockIdx.x;
    const int from = blockIdx.y * kSegment;
    const int to = min(from + kSegment, columns);
    const float* values = logits + row * logits_stride;
    float largest = -INFINITY;
    for (int c = from + static_cast<int>(threadIdx.x); c < to; c += kThreads) largest = fmaxf(largest, values[c]);
    largest = block_max<kThreads>(largest, s.sums);
    float sum = 0;
    for (int c = from + static_cast<int>(threadIdx.x); c < to; c += kThreads) sum += expf(values[c] - largest);
    sum = block_sum<kThreads>(sum, s.sums);
    if (threadIdx.x == 0) {
        partials[static_cast<int64_t>(row) * segments + first / kSegment + blockIdx.y] = {largest, sum};
        const int target = targets[row] - first;
        if (target >= from && target < to) target_logits[row] = values[target];
    }
}

// One thread: one row, its segments in order.
__global__ __launch_bounds__(kThreads) void finish(
    float* logp, int64_t logp_stride, float* lse, int64_t lse_stride, const Partial* partials, int segments,
    const float* target_logits, int t) {
    const int row = blockIdx.x * kThreads + threadIdx.x;
    if (row >= t) return;
    const Partial* parts = partials + static_cast<int64_t>(row) * segments;
    float largest = parts[0].max;
    for (int i = 1; i < segments; i++) largest = fmaxf(largest, parts[i].max);
    double sum = 0;
    for (int i = 0; i < segments; i++) sum += static_cast<double>(parts[i].sum) * expf(parts[i].max - largest);
    const double whole = largest + log(sum);
    lse[row * lse_stride] = static_cast<float>(whole);
    logp[row * logp_stride] = static_cast<float>(target_logits[row] - whole);
}

// Columns col to col + 8 of a row; beyond `cols`, zeros.
__device__ __forceinline__ Eight read8(const float* row, int col, int cols) {
    const float* p = row + col;
    Eight e;
    if (cols - col >= 8 && reinterpret_cast<uintptr_t>(p) % 16 == 0) {
        const float4 low = reinterpret_cast<const float4*>(p)[0], high = reinterpret_cast<const float4*>(p)[1];
        return {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    }
#pragma unroll
    for (int i = 0; i < 8; i++) e.v[i] = col + i < cols ? p[i] : 0.0f;
    return e;
}

// dlogits (rows,columns) bf16 = dlogp (1[v = target] - exp(logit - lse)).
__global__ __launch_bounds__(kRowThreads) void logit_gradients(
    bf16* dlogits, int64_t dlogits_stride, const float* logits, int64_t logits_stride, const float* dlogp, int64_t dlogp_stride, const float* lse,
    int64_t lse_stride, const int32_t* targets, int first, int rows, int columns) {
    each_piece(rows, columns, [=](int row, int col) {
        const float d = dlogp[row * dlogp_stride], whole = lse[row * lse_stride];
        const int target = targets[row] - first - col;
        Eight e = read8(logits + row * logits_stride, col, columns);
#pragma unroll
        for (int i = 0; i < 8; i++) e.v[i] = d * ((i == target ? 1.0f : 0.0f) - expf(e.v[i] - whole));
        write8(dlogits + row * dlogits_stride, col, columns, e);
    });
}

__global__ __launch_bounds__(kRowThreads) void round_rows(bf16* y, int64_t y_stride, const float* x, int rows, int cols) {
    each_piece(rows, cols, [=](int row, int col) {
        write8(y + row * y_stride, col, cols, read8(x + static_cast<int64_t>(row) * cols, col, cols));
    });
}

int least(int a, int b) {
    return a < b ? a : b;
}

template <class T>
candor_matrix rows_of(const candor_matrix& m, int first, int count) {
    candor_matrix part = m;
    part.data = static_cast<T*>(m.data) + first * m.stride;
    part.rows = count;
    return part;
}

// From one row of a piece in scratch memory to the next: all begin at multiples of 16 bytes.
int64_t piece_stride(int v) {
    return least(kPiece, ceil_div(v, 8) * 8);
}

// A block of rows with a piece of the vocabulary: the piece's rows of the head, and its columns of logits, kept or in scratch memory.
struct Chunk {
    candor_matrix head, logits;

    Chunk(const candor_matrix& all, const candor_matrix* kept, float* scratch, int row, int rows, int first, int columns)
        : head(rows_of<bf16>(all, first, columns)),
          logits{scratch, piece_stride(all.rows), rows, columns, CANDOR_F32, nullptr} {
        if (kept == nullptr) return;
        logits = rows_of<float>(*kept, row, rows);
        logits.data = static_cast<float*>(logits.data) + first;
        logits.cols = columns;
    }
};

int block_rows(int t) {
    const int asked = asked_block.load();
    return least(asked > 0 ? asked : kBlockRows, t);
}

// Bytes of a block's piece of logits.
int64_t logit_bytes(const candor_matrix* kept, int rows, int v) {
    return kept == nullptr ? aligned(rows * piece_stride(v) * sizeof(float)) : 0;
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_log_prob(
    const candor_matrix* logp, const candor_matrix* lse, const candor_matrix* logits, const candor_matrix* x,
    const candor_matrix* head, const int32_t* targets, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("logProb");
    const int t = rows(x), c = cols(x), v = rows(head);
    int status = check(where,
        {{"logp", logp, CANDOR_F32, t, 1}, {"lse", lse, CANDOR_F32, t, 1}, {"logits", logits, CANDOR_F32, t, v, true},
            {"x", x, CANDOR_BF16, t, c}, {"head", head, CANDOR_BF16, v, c}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || t == 0) return status;
    const int segments = ceil_div(v, kSegment);
    // Where they are kept, all logits are one product.
    const int block = logits == nullptr ? block_rows(t) : t, piece = logits == nullptr ? kPiece : v;
    const int64_t partial_bytes = aligned(static_cast<int64_t>(t) * segments * sizeof(Partial));
    const int64_t target_bytes = aligned(static_cast<int64_t>(t) * sizeof(float));
    void* memory = nullptr;
    status = scratch(&memory, partial_bytes + target_bytes + logit_bytes(logits, block, v), stream, where);
    if (status != 0) return status;
    auto* partials = static_cast<Partial*>(memory);
    auto* target_logits = reinterpret_cast<float*>(static_cast<char*>(memory) + partial_bytes);
    auto* chunk_logits = reinterpret_cast<float*>(static_cast<char*>(memory) + partial_bytes + target_bytes);
    cudaError_t code = cudaSuccess;
    for (int row = 0; row < t; row += block) {
        const int count = least(block, t - row);
        for (int first = 0; code == cudaSuccess && first < v; first += piece) {
            const int columns = least(piece, v - first);
            const Chunk chunk(*head, logits, chunk_logits, row, count, first, columns);
            code = matmul_to_float(chunk.logits, rows_of<bf16>(*x, row, count), chunk.head, stream);
            if (code != cudaSuccess) break;
            const LaunchShape shape{dim3(count, ceil_div(columns, kSegment)), dim3(kThreads), sizeof(FoldShared), stream->handle};
            code = launch(
                where.op, fold, shape, partials + static_cast<int64_t>(row) * segments, segments, target_logits + row,
                data<const float>(&chunk.logits), chunk.logits.stride, targets + row, first, columns);
        }
    }
    if (code == cudaSuccess) {
        code = launch(
            where.op, finish, {dim3(ceil_div(t, kThreads)), dim3(kThreads), 0, stream->handle}, data<float>(logp), stride(logp),
            data<float>(lse), stride(lse), static_cast<const Partial*>(partials), segments,
            static_cast<const float*>(target_logits), t);
    }
    return report(code, where, "T=%d C=%d V=%d", t, c, v);
}

CANDOR_API int candor_log_prob_backward(
    const candor_matrix* dx, const candor_matrix* dlogp, const candor_matrix* lse, const candor_matrix* logits,
    const candor_matrix* x, const candor_matrix* head, const int32_t* targets, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("logProbBackward");
    const int t = rows(x), c = cols(x), v = rows(head);
    int status = check(where,
        {{"dx", dx, CANDOR_BF16, t, c}, {"dlogp", dlogp, CANDOR_F32, t, 1}, {"lse", lse, CANDOR_F32, t, 1},
            {"logits", logits, CANDOR_F32, t, v, true}, {"x", x, CANDOR_BF16, t, c}, {"head", head, CANDOR_BF16, v, c}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || t == 0) return status;
    const int block = block_rows(t);
    const int64_t sum_bytes = aligned(static_cast<int64_t>(block) * c * sizeof(float));
    const int64_t gradient_bytes = aligned(block * piece_stride(v) * sizeof(bf16));
    void* memory = nullptr;
    status = scratch(&memory, sum_bytes + gradient_bytes + logit_bytes(logits, block, v), stream, where);
    if (status != 0) return status;
    auto* gradients = reinterpret_cast<bf16*>(static_cast<char*>(memory) + sum_bytes);
    auto* chunk_logits = reinterpret_cast<float*>(static_cast<char*>(memory) + sum_bytes + gradient_bytes);
    cudaError_t code = cudaSuccess;
    for (int row = 0; code == cudaSuccess && row < t; row += block) {
        const int count = least(block, t - row);
        const candor_matrix sum = {memory, c, count, c, CANDOR_F32, nullptr};
        for (int first = 0; code == cudaSuccess && first < v; first += kPiece) {
            const int columns = least(kPiece, v - first);
            const Chunk chunk(*head, logits, chunk_logits, row, count, first, columns);
            if (logits == nullptr) code = matmul_to_float(chunk.logits, rows_of<bf16>(*x, row, count), chunk.head, stream);
            if (code == cudaSuccess) {
                code = launch(
                    where.op, logit_gradients, piece_shape(count, columns, stream), gradients, piece_stride(v),
                    data<const float>(&chunk.logits), chunk.logits.stride, data<const float>(dlogp) + row * stride(dlogp), stride(dlogp),
                    data<const float>(lse) + row * stride(lse), stride(lse), targets + row, first, count, columns);
            }
            if (code == cudaSuccess) {
                const candor_matrix dlogits = {gradients, piece_stride(v), count, columns, CANDOR_BF16, nullptr};
                code = matmul_backward_to_float(sum, dlogits, chunk.head, first > 0, stream);
            }
        }
        if (code == cudaSuccess) {
            code = launch(
                where.op, round_rows, piece_shape(count, c, stream), data<bf16>(dx) + row * stride(dx), stride(dx),
                data<const float>(&sum), count, c);
        }
    }
    return report(code, where, "T=%d C=%d V=%d", t, c, v);
}

CANDOR_API void candor_head_block_use(int rows) {
    candor::asked_block = rows;
}
