// Adapters (Hu et al. 2021): packing, and gradients as skinny products over tokens. The products with t and dt themselves are
// extensions of the other matrix products (matmul_kernel.h).
#include "lora.h"

#include <algorithm>

namespace candor {
namespace {

constexpr int kMostEntries = 32;  // in the parameters of one launch

struct PackEntry {
    const float *a, *b;
    int64_t a_stride, b_stride;
    int rank, column;     // columns of t that it fills, from the first on
    int left, right;      // columns of t that it packs, zeros beside its own
    int output, outputs;  // of the layer
    int run;
    float scale;
    LoraRun rows;
};
struct PackArguments {
    PackEntry entries[kMostEntries];
    int first;   // index of entries[0] among all
    int blocks;  // that pack one entry
    PackedLora packed;
};

constexpr int kPackThreads = 256, kPackBlocks = kPackThreads;

struct PackShared {
    BlockSum<kPackThreads, int> sum;
};

// The factor in bf16, and whether it is finite there: its exponent is not all ones.
__device__ __forceinline__ bf16 finite_or_zero(float factor, int& others) {
    const bf16 value = to_bf16(factor);
    const bool finite = (__float_as_uint(to_float(value)) & 0x7f800000u) != 0x7f800000u;
    others += !finite;
    return finite ? value : to_bf16(0.0f);
}

__global__ void __launch_bounds__(kPackThreads) pack_kernel(const PackArguments g) {
    PackShared& s = shared<PackShared>();
    int others = 0;
    const PackEntry& entry = g.entries[blockIdx.y];
    const PackedLora& to = g.packed;
    const int64_t index = g.first + blockIdx.y;
    const int64_t thread = (int64_t)blockIdx.x * kPackThreads + threadIdx.x, threads = (int64_t)gridDim.x * kPackThreads;
    bf16* a = to.a + entry.run * to.a_size() + entry.left * to.a_stride;
    const int width = entry.right - entry.left, before = entry.column - entry.left;
    for (int64_t i = thread; i < width * to.a_stride; i += threads) {
        const int row = (int)(i / to.a_stride) - before, column = (int)(i % to.a_stride);
        const bool inside = row >= 0 && row < entry.rank && column < to.inputs;
        a[i] = finite_or_zero(inside ? entry.a[row * entry.a_stride + column] : 0.0f, others);
    }
    bf16* b = to.b + entry.run * to.b_size() + entry.left;
    for (int64_t i = thread; i < (int64_t)to.outputs * width; i += threads) {
        const int64_t output = i / width, row = output - entry.output;
        const int at = (int)(i % width), column = at - before;
        const bool inside = row >= 0 && row < entry.outputs && column >= 0 && column < entry.rank;
        b[output * to.padded_rank + at] = finite_or_zero(inside ? entry.b[row * entry.b_stride + column] : 0.0f, others);
    }
    const bool marked = block_sum(others, s.sum) > 0;
    if (threadIdx.x == 0) to.marks[index * kPackBlocks + blockIdx.x] = marked;
}

// A block an entry: its rows, and its scale, which makes NaN of its own columns of t where a factor is not finite.
__global__ void __launch_bounds__(kPackThreads) run_kernel(const PackArguments g) {
    PackShared& s = shared<PackShared>();
    const PackEntry& entry = g.entries[blockIdx.x];
    const int64_t index = g.first + blockIdx.x;
    const int mark = (int)threadIdx.x < g.blocks ? g.packed.marks[index * kPackBlocks + threadIdx.x] : 0;
    const bool finite = block_sum(mark, s.sum) == 0;
    if (threadIdx.x == 0) {
        if (entry.left == 0) g.packed.runs[entry.run] = entry.rows;
        float* scales = g.packed.scales + entry.run * (g.packed.padded_rank / kScaleColumns);
        for (int i = entry.left / kScaleColumns; i < entry.right / kScaleColumns; i++) {
            scales[i] = finite ? entry.scale : __uint_as_float(0x7fffffffu);
        }
    }
}

// ---- gradients ---------------------------------------------------------------------------------------------------------

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

bool begins_run(const candor_lora* entries, int index) {
    if (index == 0 || entries[index].start == entries[index].end) return true;
    const candor_lora &entry = entries[index], &before = entries[index - 1];
    return entry.start != before.start || entry.end != before.end || entry.column <= before.column;
}

PackedLora lay_out_lora(Layout& layout, const candor_lora* entries, int count, int padded_rank, int inputs, int outputs) {
    PackedLora packed = {};
    packed.entries = count;
    for (int e = 0; e < count; e++) packed.count += begins_run(entries, e);
    packed.padded_rank = padded_rank;
    packed.inputs = inputs;
    packed.outputs = outputs;
    packed.a_stride = (inputs + kChunk - 1) / kChunk * kChunk;
    packed.a = layout.take<bf16>(packed.count * packed.a_size());
    packed.b = layout.take<bf16>(packed.count * packed.b_size());
    packed.runs = layout.take<LoraRun>(packed.count);
    packed.scales = layout.take<float>((int64_t)packed.count * (padded_rank / kScaleColumns));
    packed.marks = layout.take<uint32_t>((int64_t)count * kPackBlocks);
    return packed;
}

cudaError_t pack_lora(const PackedLora& packed, const candor_lora* entries, cudaStream_t stream) {
    int run = -1;
    for (int first = 0, end; first < packed.entries; first = end) {
        end = end_of_launch(entries, first, packed.entries);
        const int count = end - first;
        PackArguments g = {};
        g.first = first;
        g.packed = packed;
        for (int e = first; e < end; e++) {
            const candor_lora& from = entries[e];
            const bool begins = begins_run(entries, e), ends = e + 1 == packed.entries || begins_run(entries, e + 1);
            run += begins;
            g.entries[e - first] = {data<const float>(&from.a), data<const float>(&from.b), from.a.stride, from.b.stride,
                from.a.rows, from.column, begins ? 0 : from.column, ends ? packed.padded_rank : entries[e + 1].column,
                from.output, from.b.rows, run, from.scale, {from.start, from.end}};
        }
        const int64_t elements = std::max(packed.a_size(), packed.b_size());
        g.blocks = std::min(kPackBlocks, ceil_div(elements, kPackThreads));
        cudaError_t status =
            launch("lora pack", pack_kernel, {dim3(g.blocks, count), dim3(kPackThreads), sizeof(PackShared), stream}, g);
        if (status != cudaSuccess) return status;
        status = launch("lora runs", run_kernel, {dim3(count), dim3(kPackThreads), sizeof(PackShared), stream}, g);
        if (status != cudaSuccess) return status;
    }
    return cudaSuccess;
}

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
