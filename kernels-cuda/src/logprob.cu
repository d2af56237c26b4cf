// The head and the log-probability of the targets, the vocabulary in chunks, so that no more than a chunk of logits exists at
// a time. Every row's maximum and sum are taken over segments of fixed width and then over the segments in order (Milakov and
// Gimelshein 2018), so that the bytes of a result know nothing of chunks, nor of other rows.
#include "matmul.h"
#include "rows.h"

namespace candor {
namespace {

constexpr int kThreads = 256;
constexpr int kSegment = 1024;
// Columns of logits that exist at a time: a number of segments, whatever the shape.
constexpr int kVocabularyChunk = 2 * kSegment;

struct Partial {
    float max;
    float sum;
};

struct FoldShared {
    BlockSum<kThreads> sums;
};

// One block: one row and one segment of a chunk whose first column is `first`.
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

// dlogits (T,columns) bf16 = dlogp (1[v = target] - exp(logit - lse)).
__global__ __launch_bounds__(kThreads) void logit_gradients(
    bf16* dlogits, const float* logits, int64_t logits_stride, const float* dlogp, int64_t dlogp_stride, const float* lse,
    int64_t lse_stride, const int32_t* targets, int first, int columns, int t) {
    const int64_t total = static_cast<int64_t>(t) * columns;
    const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < total; i += step) {
        const int row = static_cast<int>(i / columns);
        const int col = static_cast<int>(i % columns);
        const float hit = targets[row] == first + col ? 1.0f : 0.0f;
        const float p = expf(logits[row * logits_stride + col] - lse[row * lse_stride]);
        dlogits[static_cast<int64_t>(row) * kVocabularyChunk + col] = to_bf16(dlogp[row * dlogp_stride] * (hit - p));
    }
}

__global__ void round_rows(bf16* y, int64_t y_stride, const float* x, int rows, int cols) {
    each_piece(rows, cols, [=](int row, int col) {
        Eight e;
#pragma unroll
        for (int i = 0; i < 8; i++) e.v[i] = col + i < cols ? x[static_cast<int64_t>(row) * cols + col + i] : 0.0f;
        write8(y + row * y_stride, col, cols, e);
    });
}

int least(int a, int b) {
    return a < b ? a : b;
}

// What a chunk of the vocabulary has: its rows of the head, and its columns of logits, kept or in scratch memory.
struct Chunk {
    int first, columns;
    candor_matrix head, logits;

    Chunk(int first, const candor_matrix& all, const candor_matrix* kept, float* scratch, int t)
        : first(first), columns(least(kVocabularyChunk, all.rows - first)), head(all), logits() {
        head.data = static_cast<bf16*>(all.data) + first * all.stride;
        head.rows = columns;
        logits = kept != nullptr ? *kept : candor_matrix{scratch, kVocabularyChunk, t, columns, CANDOR_F32, nullptr};
        if (kept != nullptr) logits.data = static_cast<float*>(kept->data) + first;
        logits.cols = columns;
    }
};

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
    const int64_t partial_bytes = aligned(static_cast<int64_t>(t) * segments * sizeof(Partial));
    const int64_t target_bytes = aligned(static_cast<int64_t>(t) * sizeof(float));
    const int64_t chunk_bytes = logits == nullptr ? aligned(static_cast<int64_t>(t) * kVocabularyChunk * sizeof(float)) : 0;
    void* memory = nullptr;
    status = scratch(&memory, partial_bytes + target_bytes + chunk_bytes, stream, where);
    if (status != 0) return status;
    auto* partials = static_cast<Partial*>(memory);
    auto* target_logits = reinterpret_cast<float*>(static_cast<char*>(memory) + partial_bytes);
    auto* chunk_logits = reinterpret_cast<float*>(static_cast<char*>(memory) + partial_bytes + target_bytes);
    cudaError_t code = cudaSuccess;
    for (int first = 0; code == cudaSuccess && first < v; first += kVocabularyChunk) {
        const Chunk chunk(first, *head, logits, chunk_logits, t);
        code = matmul_to_float(chunk.logits, *x, chunk.head, stream);
        if (code != cudaSuccess) break;
        const LaunchShape shape{
            dim3(t, ceil_div(chunk.columns, kSegment)), dim3(kThreads), sizeof(FoldShared), stream->handle};
        code = launch(
            where.op, fold, shape, partials, segments, target_logits, data<const float>(&chunk.logits), chunk.logits.stride,
            targets, first, chunk.columns);
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
    const int64_t sum_bytes = aligned(static_cast<int64_t>(t) * c * sizeof(float));
    const int64_t gradient_bytes = aligned(static_cast<int64_t>(t) * kVocabularyChunk * sizeof(bf16));
    const int64_t chunk_bytes = logits == nullptr ? aligned(static_cast<int64_t>(t) * kVocabularyChunk * sizeof(float)) : 0;
    void* memory = nullptr;
    status = scratch(&memory, sum_bytes + gradient_bytes + chunk_bytes, stream, where);
    if (status != 0) return status;
    const candor_matrix sum = {memory, c, t, c, CANDOR_F32, nullptr};
    auto* gradients = reinterpret_cast<bf16*>(static_cast<char*>(memory) + sum_bytes);
    auto* chunk_logits = reinterpret_cast<float*>(static_cast<char*>(memory) + sum_bytes + gradient_bytes);
    cudaError_t code = cudaSuccess;
    for (int first = 0; code == cudaSuccess && first < v; first += kVocabularyChunk) {
        const Chunk chunk(first, *head, logits, chunk_logits, t);
        if (logits == nullptr) code = matmul_to_float(chunk.logits, *x, chunk.head, stream);
        if (code == cudaSuccess) {
            LaunchShape shape = piece_shape(t, chunk.columns, stream);
            shape.block = dim3(kThreads);
            code = launch(
                where.op, logit_gradients, shape, gradients, data<const float>(&chunk.logits), chunk.logits.stride,
                data<const float>(dlogp), stride(dlogp), data<const float>(lse), stride(lse), targets, first, chunk.columns, t);
        }
        if (code == cudaSuccess) {
            const candor_matrix dlogits = {gradients, kVocabularyChunk, t, chunk.columns, CANDOR_BF16, nullptr};
            code = matmul_backward_to_float(sum, dlogits, chunk.head, first > 0, stream);
        }
    }
    if (code == cudaSuccess) {
        code = launch(
            where.op, round_rows, piece_shape(t, c, stream), data<bf16>(dx), stride(dx), data<const float>(&sum), t, c);
    }
    return report(code, where, "T=%d C=%d V=%d", t, c, v);
}
