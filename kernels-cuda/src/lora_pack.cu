// Adapters' factors as products read them: bf16, those of layers with one input side by side.
#include "lora.h"

#include <algorithm>

namespace candor {
namespace {

constexpr int kMostEntries = 32;  // in the parameters of one launch

struct PackEntry {
    const float *a, *b;
    int64_t a_stride, b_stride;
    LoraImage to;         // where the factors of its slot are
    int rank, column;     // columns of t that it fills, from the first on
    int left, right;      // columns of t that it packs, zeros beside its own
    int output, outputs;  // of the layer
    float scale;
};
struct PackArguments {
    PackEntry entries[kMostEntries];
    uint32_t* marks;  // of each entry and packing block: whether it met a factor that is not finite
    int blocks;       // that pack one entry
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

__global__ void __launch_bounds__(kPackThreads) pack_kernel(const __grid_constant__ PackArguments g) {
    PackShared& s = shared<PackShared>();
    int others = 0;
    const PackEntry& entry = g.entries[blockIdx.y];
    const LoraImage& to = entry.to;
    const int64_t thread = (int64_t)blockIdx.x * kPackThreads + threadIdx.x, threads = (int64_t)gridDim.x * kPackThreads;
    bf16* a = to.a + entry.left * to.a_stride;
    const int width = entry.right - entry.left, before = entry.column - entry.left;
    for (int64_t i = thread; i < width * to.a_stride; i += threads) {
        const int row = (int)(i / to.a_stride) - before, column = (int)(i % to.a_stride);
        const bool inside = row >= 0 && row < entry.rank && column < to.inputs;
        a[i] = finite_or_zero(inside ? entry.a[row * entry.a_stride + column] : 0.0f, others);
    }
    bf16* b = to.b + entry.left;
    for (int64_t i = thread; i < (int64_t)to.outputs * width; i += threads) {
        const int64_t output = i / width, row = output - entry.output;
        const int at = (int)(i % width), column = at - before;
        const bool inside = row >= 0 && row < entry.outputs && column >= 0 && column < entry.rank;
        b[output * to.padded_rank + at] = finite_or_zero(inside ? entry.b[row * entry.b_stride + column] : 0.0f, others);
    }
    const bool marked = block_sum(others, s.sum) > 0;
    if (threadIdx.x == 0) g.marks[blockIdx.y * kPackBlocks + blockIdx.x] = marked;
}

// A block an entry: its scale, which makes NaN of its own columns of t where a factor is not finite.
__global__ void __launch_bounds__(kPackThreads) scale_kernel(const __grid_constant__ PackArguments g) {
    PackShared& s = shared<PackShared>();
    const PackEntry& entry = g.entries[blockIdx.x];
    const int mark = (int)threadIdx.x < g.blocks ? g.marks[blockIdx.x * kPackBlocks + threadIdx.x] : 0;
    const bool finite = block_sum(mark, s.sum) == 0;
    for (int group = entry.left / kScaleColumns + threadIdx.x; group < entry.right / kScaleColumns; group += kPackThreads) {
        entry.to.scales[group] = finite ? entry.scale : __uint_as_float(0x7fffffffu);
    }
}

// Entries on their way to their images, as many in a launch as its parameters hold.
class Packing {
public:
    Packing(uint32_t* marks, cudaStream_t stream) : stream_(stream) { g_.marks = marks; }

    // left, right: the columns of t that are packed with it.
    cudaError_t add(const candor_lora& entry, const LoraImage& image, int slot, int left, int right) {
        g_.entries[count_++] = {data<const float>(&entry.a), data<const float>(&entry.b), entry.a.stride, entry.b.stride,
            image.slot(slot), entry.a.rows, entry.column, left, right, entry.output, entry.b.rows, entry.scale};
        most_ = std::max({most_, image.a_size(), image.b_size()});
        return count_ == kMostEntries ? launch_all() : cudaSuccess;
    }

    cudaError_t launch_all() {
        if (count_ == 0) return cudaSuccess;
        g_.blocks = std::min(kPackBlocks, ceil_div(most_, kPackThreads));
        const dim3 threads(kPackThreads);
        cudaError_t status = launch("lora pack", pack_kernel, {dim3(g_.blocks, count_), threads, sizeof(PackShared), stream_}, g_);
        if (status == cudaSuccess) {
            status = launch("lora scales", scale_kernel, {dim3(count_), threads, sizeof(PackShared), stream_}, g_);
        }
        count_ = 0;
        most_ = 0;
        return status;
    }

private:
    PackArguments g_ = {};
    const cudaStream_t stream_;
    int count_ = 0;
    int64_t most_ = 0;  // elements of a factor
};

constexpr int kListThreads = 128;

struct ListArguments {
    LoraRun runs[kListThreads];
    LoraRun* to;
    int count;
};

__global__ void __launch_bounds__(kListThreads) list_kernel(const __grid_constant__ ListArguments g) {
    if ((int)threadIdx.x < g.count) g.to[threadIdx.x] = g.runs[threadIdx.x];
}

// The columns of t that an entry packs: its own, and zeros up to the next one of the same slot.
template <class Begins>
cudaError_t pack(const LoraImage* images, const candor_lora* entries, int count, uint32_t* marks, Begins begins, cudaStream_t stream) {
    Packing packing(marks, stream);
    cudaError_t status = cudaSuccess;
    for (int e = 0, slot = -1; e < count && status == cudaSuccess; e++) {
        const bool first = begins(e), last = e + 1 == count || begins(e + 1);
        slot += first;
        const LoraImage image = images ? *images : image_of(entries[e].image);
        status = packing.add(entries[e], image, images ? slot : entries[e].slot, first ? 0 : entries[e].column,
            last ? image.padded_rank : entries[e + 1].column);
    }
    return status == cudaSuccess ? packing.launch_all() : status;
}

}  // namespace

bool begins_run(const candor_lora* entries, int index) {
    if (index == 0 || entries[index].start == entries[index].end) return true;
    const candor_lora &entry = entries[index], &before = entries[index - 1];
    return entry.start != before.start || entry.end != before.end || entry.column <= before.column;
}

bool begins_slot(const candor_lora* entries, int index) {
    if (index == 0) return true;
    const candor_lora &entry = entries[index], &before = entries[index - 1];
    return entry.image.memory != before.image.memory || entry.slot != before.slot || entry.column <= before.column;
}

int check_image(const candor_lora_image& image, const Where& where) {
    if (reinterpret_cast<uintptr_t>(image.memory) % aligned(1)) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "the image at %p is not aligned", image.memory);
    }
    if (image.slots >= 1 && image.padded_rank >= 16 && image.padded_rank % 16 == 0 && image.inputs >= 1 && image.outputs >= 1) return 0;
    return refuse(CANDOR_BAD_ARGUMENT, where, "an image of %d slots, %d columns, %d inputs, %d outputs", image.slots,
        image.padded_rank, image.inputs, image.outputs);
}

int check_factors(const candor_lora* entries, int index, bool begins, int padded_rank, int i, int o, const Where& where) {
    const candor_lora& at = entries[index];
    const int rank = at.a.rows, outputs = at.b.rows;
    const int column_behind = begins ? 0 : (entries[index - 1].column + entries[index - 1].a.rows + 15) / 16 * 16;
    if (rank < 1 || at.column < column_behind || at.column % 16 || rank > padded_rank - at.column) {
        return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has rank %d of %d columns, from column %d", index, rank, padded_rank,
            at.column);
    }
    const int output_behind = begins ? 0 : entries[index - 1].output + entries[index - 1].b.rows;
    if (at.output < output_behind || outputs > o - at.output) {
        return refuse(
            CANDOR_BAD_ARGUMENT, where, "adapter %d has outputs %d to %d of %d", index, at.output, at.output + outputs, o);
    }
    return check(where, {{"a", &at.a, CANDOR_F32, rank, i}, {"b", &at.b, CANDOR_F32, outputs, rank}});
}

LoraImage lay_out_image(Layout& layout, int slots, int padded_rank, int inputs, int outputs) {
    LoraImage image = {};
    image.slots = slots;
    image.padded_rank = padded_rank;
    image.inputs = inputs;
    image.outputs = outputs;
    image.a_stride = (inputs + kChunk - 1) / kChunk * kChunk;
    image.a = layout.take<bf16>(slots * image.a_size());
    image.b = layout.take<bf16>(slots * image.b_size());
    image.scales = layout.take<float>((int64_t)slots * image.groups());
    return image;
}

LoraImage image_of(const candor_lora_image& image) {
    Layout layout(image.memory);
    return lay_out_image(layout, image.slots, image.padded_rank, image.inputs, image.outputs);
}

uint32_t* lay_out_marks(Layout& layout) { return layout.take<uint32_t>(kMostEntries * kPackBlocks); }

cudaError_t pack_runs(
    const LoraImage& image, const candor_lora* entries, int count, uint32_t* marks, cudaStream_t stream) {
    return pack(&image, entries, count, marks, [&](int e) { return begins_run(entries, e); }, stream);
}

cudaError_t pack_images(const candor_lora* entries, int count, uint32_t* marks, cudaStream_t stream) {
    return pack(nullptr, entries, count, marks, [&](int e) { return begins_slot(entries, e); }, stream);
}

cudaError_t list_runs(LoraRun* to, const LoraRun* runs, int count, cudaStream_t stream) {
    for (int first = 0; first < count; first += kListThreads) {
        ListArguments g = {};
        g.to = to + first;
        g.count = std::min(count - first, kListThreads);
        std::copy_n(runs + first, g.count, g.runs);
        const cudaError_t status = launch("lora runs", list_kernel, {dim3(1), dim3(kListThreads), 0, stream}, g);
        if (status != cudaSuccess) return status;
    }
    return cudaSuccess;
}

}  // namespace candor

using namespace candor;

CANDOR_API int candor_lora_image_bytes(int64_t* bytes, const candor_lora_image* image) {
    const Where where = CANDOR_WHERE("lora image");
    const int status = check_image(*image, where);
    if (status) return status;
    Layout layout;
    lay_out_image(layout, image->slots, image->padded_rank, image->inputs, image->outputs);
    *bytes = layout.bytes();
    return 0;
}

CANDOR_API int candor_lora_pack(const candor_lora* lora, int32_t lora_count, candor_stream* stream) {
    const Where where = CANDOR_WHERE("lora pack");
    int status = 0;
    for (int e = 0; e < lora_count && !status; e++) {
        const candor_lora_image& image = lora[e].image;
        if (image.memory == nullptr) return refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d has no image", e);
        status = check_image(image, where);
        if (!status && (lora[e].slot < 0 || lora[e].slot >= image.slots)) {
            status = refuse(CANDOR_BAD_ARGUMENT, where, "adapter %d is in slot %d of %d", e, lora[e].slot, image.slots);
        }
        const bool begins = begins_slot(lora, e);
        if (!status) status = check_factors(lora, e, begins, image.padded_rank, image.inputs, image.outputs, where);
    }
    if (!status) status = enter(stream, where);
    if (status || lora_count <= 0) return status;
    Layout sizes;
    lay_out_marks(sizes);
    void* memory = nullptr;
    status = scratch(&memory, sizes.bytes(), stream, where);
    if (status) return status;
    return report(pack_images(lora, lora_count, static_cast<uint32_t*>(memory), stream->handle), where, "%d adapters", lora_count);
}
