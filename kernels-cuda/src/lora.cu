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
    int rank;
    LoraRun run;
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
    bf16* a = to.a + index * to.a_size();
    for (int64_t i = thread; i < to.a_size(); i += threads) {
        const int row = (int)(i / to.a_stride), column = (int)(i % to.a_stride);
        const bool inside = row < entry.rank && column < to.inputs;
        a[i] = finite_or_zero(inside ? entry.a[row * entry.a_stride + column] : 0.0f, others);
    }
    bf16* b = to.b + index * to.b_size();
    for (int64_t i = thread; i < to.b_size(); i += threads) {
        const int64_t row = i / to.padded_rank;
        const int column = (int)(i % to.padded_rank);
        b[i] = finite_or_zero(column < entry.rank ? entry.b[row * entry.b_stride + column] : 0.0f, others);
    }
    const bool marked = block_sum(others, s.sum) > 0;
    if (threadIdx.x == 0) to.marks[index * kPackBlocks + blockIdx.x] = marked;
}

// A block an entry: its run, with a scale that makes NaN of its own rows where a factor is not finite.
__global__ void __launch_bounds__(kPackThreads) run_kernel(const PackArguments g) {
    PackShared& s = shared<PackShared>();
    const int64_t index = g.first + blockIdx.x;
    const int mark = threadIdx.x < g.blocks ? g.packed.marks[index * kPackBlocks + threadIdx.x] : 0;
    const bool finite = block_sum(mark, s.sum) == 0;
    if (threadIdx.x == 0) {
        LoraRun run = g.entries[blockIdx.x].run;
        if (!finite) run.scale = __uint_as_float(0x7fffffffu);
        g.packed.runs[index] = run;
    }
}

// ---- gradients ---------------------------------------------------------------------------------------------------------

constexpr int kTokensPerSplit = 512;
constexpr int kDepth = 32, kStages = 3, kThreads = 128, kColumns = 128;

struct GradientPart {
    float* out;  // (rank, columns), or (columns, rank) for b
    int64_t out_stride;
    int rank, start, end, first_split, splits;
};
struct GradientArguments {
    Matrix narrow, wide;
    int columns, padded_rank;
    float* partials;  // per split (padded rank, columns)
    GradientPart parts[kMostEntries];
    int count;
};

template <int Rows>
struct GradientShared {
    alignas(128) bf16 narrow[kStages][kDepth * Rows];
    alignas(128) bf16 wide[kStages][kDepth * kColumns];
};

// partial (Rows of the padded rank, kColumns) = narrowT wide over one split's tokens.
template <int Rows>
__global__ void __launch_bounds__(kThreads) gradient_kernel(const GradientArguments g) {
    GradientShared<Rows>& s = shared<GradientShared<Rows>>();
    const int column = blockIdx.x * kColumns, row = blockIdx.y * Rows, split = blockIdx.z;
    int p = 0;
    while (split >= g.parts[p].first_split + g.parts[p].splits) p++;
    const int first = g.parts[p].start + (split - g.parts[p].first_split) * kTokensPerSplit;
    const int end = min(first + kTokensPerSplit, g.parts[p].end);
    const int steps = (end - first + kDepth - 1) / kDepth;
    const auto load = [&](int step) {
        if (step < steps) {
            const int token = first + step * kDepth, stage = step % kStages;
            load_tile<kDepth, Rows, kThreads>(
                s.narrow[stage], g.narrow, token, first, end, row, g.padded_rank, threadIdx.x);
            load_tile<kDepth, kColumns, kThreads>(
                s.wide[stage], g.wide, token, first, end, column, g.columns, threadIdx.x);
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
    float* out = g.partials + (int64_t)split * g.padded_rank * g.columns;
#pragma unroll
    for (int i = 0; i < Rows / 16; i++) {
#pragma unroll
        for (int j = 0; j < kWarpColumns / 8; j++) {
#pragma unroll
            for (int v = 0; v < 4; v++) {
                const int r = row + i * 16 + fragment_row(v), c = column + warp_column + j * 8 + fragment_column(v);
                if (r < g.padded_rank && c < g.columns) out[(int64_t)r * g.columns + c] = d[i][j][v];
            }
        }
    }
}

constexpr int kAddThreads = 256;

// out += the splits' partials, in order.
template <Factor factor>
__global__ void __launch_bounds__(kAddThreads) add_kernel(const GradientArguments g) {
    const GradientPart& part = g.parts[blockIdx.y];
    const int64_t i = (int64_t)blockIdx.x * kAddThreads + threadIdx.x;
    if (part.splits == 0 || i >= (int64_t)part.rank * g.columns) return;
    const int64_t row = i / g.columns, column = i % g.columns;
    float* out = part.out + (factor == Factor::a ? row * part.out_stride + column : column * part.out_stride + row);
    float sum = 0.0f;
    for (int s = part.first_split; s < part.first_split + part.splits; s++) {
        sum += g.partials[((int64_t)s * g.padded_rank + row) * g.columns + column];
    }
    *out += sum;
}

int splits_of(const candor_lora& entry) {
    return entry.da.data ? ceil_div(entry.end - entry.start, kTokensPerSplit) : 0;
}

template <int Rows>
cudaError_t launch_gradient(const GradientArguments& g, int splits, cudaStream_t stream) {
    const dim3 grid(ceil_div(g.columns, kColumns), ceil_div(g.padded_rank, Rows), splits);
    return launch("lora gradient", gradient_kernel<Rows>, {grid, dim3(kThreads), sizeof(GradientShared<Rows>), stream}, g);
}

}  // namespace

PackedLora lay_out_lora(Layout& layout, int count, int padded_rank, int inputs, int outputs) {
    PackedLora packed = {};
    packed.count = count;
    packed.padded_rank = padded_rank;
    packed.inputs = inputs;
    packed.outputs = outputs;
    packed.a_stride = (inputs + kChunk - 1) / kChunk * kChunk;
    packed.a = layout.take<bf16>(count * packed.a_size());
    packed.b = layout.take<bf16>(count * packed.b_size());
    packed.runs = layout.take<LoraRun>(count);
    packed.marks = layout.take<uint32_t>((int64_t)count * kPackBlocks);
    return packed;
}

cudaError_t pack_lora(const PackedLora& packed, const candor_lora* entries, cudaStream_t stream) {
    for (int first = 0; first < packed.count; first += kMostEntries) {
        const int count = std::min(kMostEntries, packed.count - first);
        PackArguments g = {};
        g.first = first;
        g.packed = packed;
        for (int e = 0; e < count; e++) {
            const candor_lora& from = entries[first + e];
            g.entries[e] = {data<const float>(&from.a), data<const float>(&from.b), from.a.stride, from.b.stride, from.a.rows,
                {from.start, from.end, from.scale, 0}};
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

int64_t gradient_floats(const candor_lora* entries, int count, int padded_rank, int wide_columns) {
    int64_t most = 0;
    for (int first = 0; first < count; first += kMostEntries) {
        int64_t splits = 0;
        for (int e = first; e < std::min(count, first + kMostEntries); e++) splits += splits_of(entries[e]);
        most = std::max(most, splits);
    }
    return most * padded_rank * wide_columns;
}

cudaError_t lora_gradient(Factor factor, const Matrix& narrow, const Matrix& wide, int columns, int padded_rank,
    const candor_lora* entries, int count, float* partials, cudaStream_t stream) {
    for (int first = 0; first < count; first += kMostEntries) {
        GradientArguments g = {};
        g.narrow = narrow;
        g.wide = wide;
        g.columns = columns;
        g.padded_rank = padded_rank;
        g.partials = partials;
        g.count = std::min(kMostEntries, count - first);
        int splits = 0, most_rank = 0;
        for (int e = 0; e < g.count; e++) {
            const candor_lora& entry = entries[first + e];
            const candor_matrix& to = factor == Factor::a ? entry.da : entry.db;
            g.parts[e] = {
                data<float>(&to), to.stride, entry.a.rows, entry.start, entry.end, splits, splits_of(entry)};
            splits += g.parts[e].splits;
            most_rank = std::max(most_rank, entry.a.rows);
        }
        if (splits == 0) continue;
        cudaError_t status = padded_rank <= 16 ? launch_gradient<16>(g, splits, stream)
            : padded_rank <= 32                ? launch_gradient<32>(g, splits, stream)
                                               : launch_gradient<64>(g, splits, stream);
        if (status != cudaSuccess) return status;
        const LaunchShape shape{dim3(ceil_div((int64_t)most_rank * columns, kAddThreads), g.count), dim3(kAddThreads), 0,
            stream};
        status = factor == Factor::a ? launch("lora add", add_kernel<Factor::a>, shape, g)
                                     : launch("lora add", add_kernel<Factor::b>, shape, g);
        if (status != cudaSuccess) return status;
    }
    return cudaSuccess;
}

}  // namespace candor
