// Adapters' gradients (Hu et al. 2021): skinny products over tokens. The products with t and dt are extensions of the other
// matrix products (matmul_kernel.h).
#include "lora.h"

#include <algorithm>

namespace candor {
namespace {

constexpr int kMostEntries = 32;  // in the parameters of one launch

constexpr int kTokensPerSplit = 512;
constexpr int kDepth = 32, kStages = 3, kThreads = 128, kColumns = 128;

// What blocks sum: some columns of narrow by some of wide, over the tokens of a run.
struct GradientPart {
    int start, end, first_split, splits;
    int narrow, narrow_columns, wide, wide_columns;
    int64_t floats;  // before it among the partial sums, of which each split has (narrow columns, wide columns)
};
// What an entry takes of a part.
struct GradientSum {
    float* out;  // (rank, columns), or (columns, rank) for b
    int64_t out_stride;
    int rank, row, part;
};
struct GradientArguments {
    Matrix narrow, wide;
    float* partials;
    GradientPart parts[kMostEntries];
    GradientSum sums[kMostEntries];
    int part_count, sum_count;
};

template <int Rows>
struct GradientShared {
    alignas(128) bf16 narrow[kStages][kDepth * Rows];
    alignas(128) bf16 wide[kStages][kDepth * kColumns];
};

// partial (Rows of a part's columns of narrow, kColumns of wide) = narrowT wide over one split's tokens.
template <int Rows>
__global__ void __launch_bounds__(kThreads) gradient_kernel(const GradientArguments g) {
    GradientShared<Rows>& s = shared<GradientShared<Rows>>();
    const int column = blockIdx.x * kColumns, row = blockIdx.y * Rows, split = blockIdx.z;
    int p = 0;
    while (split >= g.parts[p].first_split + g.parts[p].splits) p++;
    const GradientPart& part = g.parts[p];
    if (row >= part.narrow_columns || column >= part.wide_columns) return;  // another part is larger
    const int narrow_end = part.narrow + part.narrow_columns, wide_end = part.wide + part.wide_columns;
    const int first = part.start + (split - part.first_split) * kTokensPerSplit;
    const int end = min(first + kTokensPerSplit, part.end);
    const int steps = (end - first + kDepth - 1) / kDepth;
    const auto load = [&](int step) {
        if (step < steps) {
            const int token = first + step * kDepth, stage = step % kStages;
            load_tile<kDepth, Rows, kThreads>(
                s.narrow[stage], g.narrow, token, first, end, part.narrow + row, narrow_end, threadIdx.x);
            load_tile<kDepth, kColumns, kThreads>(
                s.wide[stage], g.wide, token, first, end, part.wide + column, wide_end, threadIdx.x);
        }
        cp_async_commit();
    };
    constexpr int kWarpColumns = kColumns / (kThreads / kWarp);
    const int warp_column = threadIdx.x / kWarp * kWarpColumns;
    float d[Rows / 16][kWarpColumns / 8][4] = {};
#pragma unroll
    for (int step = 0; step < kStages - 1; step++) load(step);
    for (int step = 0; step < steps; step++) {
        cp_async_wait<kStages - 2>();
        __syncthreads();  // this step's tiles are there for all, and all have read the stage that is filled next
        load(step + kStages - 1);
        const int stage = step % kStages;
#pragma unroll
        for (int k = 0; k < kDepth; k += 16) {
            uint32_t a[Rows / 16][4];
#pragma unroll
            for (int i = 0; i < Rows / 16; i++) load_a_transposed<Rows>(a[i], s.narrow[stage], k, i * 16);
#pragma unroll
            for (int j = 0; j < kWarpColumns / 16; j++) {
                uint32_t b[2][2];
                load_b_transposed<kColumns>(b, s.wide[stage], k, warp_column + j * 16);
#pragma unroll
                for (int i = 0; i < Rows / 16; i++) {
                    mma_m16n8k16_bf16(d[i][2 * j], a[i], b[0]);
                    mma_m16n8k16_bf16(d[i][2 * j + 1], a[i], b[1]);
                }
            }
        }
    }
    float* out = g.partials + part.floats
        + (int64_t)(split - part.first_split) * part.narrow_columns * part.wide_columns;
#pragma unroll
    for (int i = 0; i < Rows / 16; i++) {
#pragma unroll
        for (int j = 0; j < kWarpColumns / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int r = row + i * 16 + fragment_row(v), c = column + warp_column + j * 8 + fragment_column(v);
                if (r < part.narrow_columns && c < part.wide_columns) out[(int64_t)r * part.wide_columns + c] = d[i][j][v];
            }
        }
    }
}

constexpr int kAddThreads = 256;

// out += the splits' partials, in order.
template <Factor factor>
__global__ void __launch_bounds__(kAddThreads) add_kernel(const GradientArguments g) {
    const GradientSum& of = g.sums[blockIdx.y];
    const GradientPart& part = g.parts[of.part];
    const int64_t i = (int64_t)blockIdx.x * kAddThreads + threadIdx.x, columns = part.wide_columns;
    if (i >= of.rank * columns) return;
    const int64_t row = i / columns, column = i % columns;
    float* out = of.out + (factor == Factor::a ? row * of.out_stride + column : column * of.out_stride + row);
    const float* partials = g.partials + part.floats + (of.row + row) * columns + column;
    float sum = 0.0f;
    for (int s = 0; s < part.splits; s++) sum += partials[s * part.narrow_columns * columns];
    *out += sum;
}

int padded(int rank) { return ceil_div(rank, kScaleColumns) * kScaleColumns; }

// Where the entries of one launch end that begin at `first`: with a run's last one.
int end_of_launch(const candor_lora* entries, int first, int count) {
    int end = std::min(first + kMostEntries, count);
    while (end < count && !begins_run(entries, end)) end--;
    return end;
}

// What a launch sums for the trained ones of the entries first to end, and where; returns floats of partial sums.
int64_t plan_gradient(
    GradientArguments& g, Factor factor, const candor_lora* entries, int first, int end, int padded_rank, int inputs) {
    int64_t floats = 0;
    int splits = 0;
    bool shared = false;  // whether the last part is what all entries of this run have together
    for (int e = first; e < end; e++) {
        const candor_lora& entry = entries[e];
        shared &= !begins_run(entries, e);
        if (entry.da.data == nullptr || entry.start == entry.end) continue;
        const bool is_a = factor == Factor::a;
        const candor_matrix& to = is_a ? entry.da : entry.db;
        if (!shared) {
            GradientPart& part = g.parts[g.part_count++];
            part = {entry.start, entry.end, splits, ceil_div(entry.end - entry.start, kTokensPerSplit), is_a ? 0 : entry.column,
                is_a ? padded_rank : padded(entry.a.rows), is_a ? 0 : entry.output, is_a ? inputs : entry.b.rows, floats};
            splits += part.splits;
            floats += (int64_t)part.splits * part.narrow_columns * part.wide_columns;
            shared = is_a;
        }
        g.sums[g.sum_count++] = {data<float>(&to), to.stride, entry.a.rows, is_a ? entry.column : 0, g.part_count - 1};
    }
    return floats;
}

template <int Rows>
cudaError_t launch_gradient(const GradientArguments& g, int wide, int narrow, int splits, cudaStream_t stream) {
    const dim3 grid(ceil_div(wide, kColumns), ceil_div(narrow, Rows), splits);
    return launch("lora gradient", gradient_kernel<Rows>, {grid, dim3(kThreads), sizeof(GradientShared<Rows>), stream}, g);
}

}  // namespace

int64_t gradient_floats(const candor_lora* entries, int count, int padded_rank, int inputs) {
    int64_t most = 0;
    for (int first = 0, end; first < count; first = end) {
        end = end_of_launch(entries, first, count);
        for (const Factor factor : {Factor::a, Factor::b}) {
            GradientArguments g = {};
            most = std::max(most, plan_gradient(g, factor, entries, first, end, padded_rank, inputs));
        }
    }
    return most;
}

cudaError_t lora_gradient(Factor factor, const Matrix& narrow, const Matrix& wide, int inputs, int padded_rank,
    const candor_lora* entries, int count, float* partials, cudaStream_t stream) {
    for (int first = 0, end; first < count; first = end) {
        end = end_of_launch(entries, first, count);
        GradientArguments g = {};
        g.narrow = narrow;
        g.wide = wide;
        g.partials = partials;
        if (plan_gradient(g, factor, entries, first, end, padded_rank, inputs) == 0) continue;
        int splits = 0, most_narrow = 0, most_wide = 0, most_elements = 0;
        for (int p = 0; p < g.part_count; p++) {
            splits += g.parts[p].splits;
            most_narrow = std::max(most_narrow, g.parts[p].narrow_columns);
            most_wide = std::max(most_wide, g.parts[p].wide_columns);
        }
        for (int i = 0; i < g.sum_count; i++) {
            most_elements = std::max(most_elements, ceil_div((int64_t)g.sums[i].rank * g.parts[g.sums[i].part].wide_columns, kAddThreads));
        }
        cudaError_t status = most_narrow <= 16 ? launch_gradient<16>(g, most_wide, most_narrow, splits, stream)
            : most_narrow <= 32                ? launch_gradient<32>(g, most_wide, most_narrow, splits, stream)
                                               : launch_gradient<64>(g, most_wide, most_narrow, splits, stream);
        if (status != cudaSuccess) return status;
        const LaunchShape shape{dim3(most_elements, g.sum_count), dim3(kAddThreads), 0, stream};
        status = factor == Factor::a ? launch("lora add", add_kernel<Factor::a>, shape, g)
                                     : launch("lora add", add_kernel<Factor::b>, shape, g);
        if (status != cudaSuccess) return status;
    }
    return cudaSuccess;
}

}  // namespace candor
