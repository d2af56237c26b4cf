// Attention without a cache, and which kernels compute it. The choice may look at the device and at head widths alone. The kernels do not add alike, so
// if it looked at how many rows there are, or at where they lie, a row's bytes would depend on its neighbours, or on gaps.
#include <atomic>

#include "attention_kernel.h"
#include "candor_tuning.h"

namespace candor {
namespace {

const char* const kForms[] = {"mma.sync", "wgmma"};
constexpr int kFormCount = sizeof kForms / sizeof kForms[0];

std::atomic<int> asked_form{-1};

// Whether these heads are computed by the kernels with wgmma, or else by those with mma.sync.
bool by_wgmma(const Attention& in, const candor_device* device) {
    return device->architecture == 90 && (in.d == 64 || in.d == 128) && asked_form.load() != 0;
}

// The operation over all sequences: as many at a time as a grid takes, or at once by a list of tiles, which `memory` begins with.
template <class Arguments, class F>
cudaError_t over_tiles(Arguments g, const TileGrid& grid, int longest, void* memory, cudaStream_t stream, F operation) {
    g.tiles = grid.tiles;
    void* const rest = static_cast<char*>(memory) + grid.bytes();
    if (grid.listed) {
        auto* places = static_cast<TilePlace*>(memory);
        const cudaError_t code = list_tiles(places, grid, g.in.starts, g.sequences, longest, stream);
        if (code != cudaSuccess) return code;
        g.in.places = places, g.sequences = 1;
        return operation(g, rest);
    }
    return with_sequences(g.sequences, [&](int first, int count) {
        Arguments part = g;
        part.in.starts += first, part.sequences = count;
        return operation(part, rest);
    });
}

}  // namespace

bf16* take_copy(Layout& layout, const Matrix& m, int rows, int columns) {
    return m.aligned ? nullptr : layout.take<bf16>((int64_t)rows * columns);
}

cudaError_t copy_aligned(Matrix& m, bf16* there, int rows, int columns, cudaStream_t stream) {
    if (m.aligned) return cudaSuccess;
    const size_t bytes = columns * sizeof(bf16);
    const cudaError_t code =
        cudaMemcpy2DAsync(there, bytes, m.data, m.stride * sizeof(bf16), bytes, rows, cudaMemcpyDeviceToDevice, stream);
    m = {there, columns, true};
    return code;
}

}  // namespace candor

using namespace candor;

CANDOR_API int candor_attention(
    const candor_matrix* o, const candor_matrix* lse, const candor_matrix* qkv, const candor_heads* heads,
    const candor_sequences* sequences, candor_stream* stream) {
    const Where where = CANDOR_WHERE("attention");
    const int n = rows(qkv), h = heads->query, k = heads->key, d = heads->width, s = sequences->count;
    int status = check_attention(where, *heads,
        {{"o", o, CANDOR_BF16, n, h * d}, {"lse", lse, CANDOR_F32, n, h}, {"qkv", qkv, CANDOR_BF16, n, (h + 2 * k) * d}});
    if (!status) status = check_longest(sequences->longest, where);
    if (!status) status = enter(stream, where);
    if (status || n == 0) return status;
    const ForwardArguments g = {attention_of(qkv, sequences->starts, *heads), data<bf16>(o), o->stride, data<float>(lse),
        lse->stride, n, s, 0};
    const bool wgmma = by_wgmma(g.in, stream->device);
    const TileGrid grid = tile_grid(wgmma ? kWgmmaTile : kMmaTile, n, s, sequences->longest);
    const int64_t bytes = grid.bytes() + (wgmma ? attention_wgmma_scratch(g) : 0);
    void* memory = nullptr;
    if (bytes > 0) status = scratch(&memory, bytes, stream, where);
    if (status) return status;
    const auto operation = [&](const ForwardArguments& part, void* rest) {
        return wgmma ? attention_wgmma(part, rest, stream->handle) : attention_mma(part, stream->handle);
    };
    const cudaError_t code = over_tiles(g, grid, sequences->longest, memory, stream->handle, operation);
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}

CANDOR_API int candor_attention_backward(
    const candor_matrix* dqkv, const candor_matrix* dout, const candor_matrix* qkv, const candor_matrix* o,
    const candor_matrix* lse, const candor_heads* heads, const candor_sequences* sequences, candor_stream* stream) {
    const Where where = CANDOR_WHERE("attention backward");
    const int n = rows(qkv), h = heads->query, k = heads->key, d = heads->width, s = sequences->count, wide = (h + 2 * k) * d;
    int status = check_attention(where, *heads,
        {{"dqkv", dqkv, CANDOR_BF16, n, wide}, {"dout", dout, CANDOR_BF16, n, h * d}, {"qkv", qkv, CANDOR_BF16, n, wide},
            {"o", o, CANDOR_BF16, n, h * d}, {"lse", lse, CANDOR_F32, n, h}});
    if (!status) status = check_longest(sequences->longest, where);
    if (!status) status = enter(stream, where);
    if (status || n == 0) return status;
    const BackwardArguments g = {attention_of(qkv, sequences->starts, *heads), operand(dout), operand(o),
        data<const float>(lse), lse->stride, data<bf16>(dqkv), dqkv->stride, n, s, 0};
    const bool wgmma = by_wgmma(g.in, stream->device);
    const TileGrid grid = tile_grid(wgmma ? kWgmmaTile : kMmaTile, n, s, sequences->longest);
    const int64_t bytes =
        grid.bytes() + (wgmma ? attention_backward_wgmma_scratch(g) : attention_backward_mma_scratch(g));
    void* memory = nullptr;
    status = scratch(&memory, bytes, stream, where);
    if (status) return status;
    const auto operation = [&](const BackwardArguments& part, void* rest) {
        return wgmma ? attention_backward_wgmma(part, rest, stream->handle)
                     : attention_backward_mma(part, rest, stream->handle);
    };
    const cudaError_t code = over_tiles(g, grid, sequences->longest, memory, stream->handle, operation);
    return report(code, where, "%d rows, %d sequences, %d query heads, %d key heads, width %d", n, s, h, k, d);
}

CANDOR_API int candor_attention_form_count(void) {
    return kFormCount;
}

CANDOR_API const char* candor_attention_form_name(int form) {
    return form >= 0 && form < kFormCount ? kForms[form] : nullptr;
}

CANDOR_API void candor_attention_use(int form) {
    asked_form = form < kFormCount ? form : -1;
}
