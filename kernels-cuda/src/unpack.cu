// Packed weights made bf16: a thread takes eight neighbours at a time, so that a warp writes whole lines.
#include "unpack.h"

#include "operand.h"
#include "rows.h"

namespace candor {
namespace {

// Whether eight neighbours from a multiple of eight on lie at an aligned address, in one block of every form.
template <Form F>
bool in_eights(const Packed& w) {
    constexpr int kBytes = kCodeBits<F>;  // of eight codes
    return w.cols % 8 == 0 && w.stride % 8 == 0 && reinterpret_cast<uintptr_t>(w.codes) % kBytes == 0;
}

template <Form F>
__device__ __forceinline__ Eight read8(const Packed& w, const Codebook<F>& book, int row, int col, bool in_eights) {
    if (in_eights) {
        const uint8_t* from = w.codes + (row * w.stride + col) / 8 * kCodeBits<F>;
        const float scale = scale_of<F>(w, book, row, col);
        if constexpr (kIsNf4<F>) {
            return unpack8<F>(book, *reinterpret_cast<const uint32_t*>(from), 0, scale);
        } else {
            const uint2 words = *reinterpret_cast<const uint2*>(from);
            return unpack8<F>(book, words.x, words.y, scale);
        }
    }
    Eight e;
#pragma unroll
    for (int i = 0; i < 8; i++) e.v[i] = col + i < w.cols ? unpack1<F>(w, book, row, col + i) : 0.0f;
    return e;
}

// From a thread's piece to its next one it is `down` rows and `across` pieces: a division for each would cost more than the rest.
template <Form F>
__global__ __launch_bounds__(kRowThreads) void unpack_rows(
    bf16* y, int64_t y_stride, const Packed w, bool in_eights, int pieces, int down, int across) {
    Codebook<F>& book = shared<Codebook<F>>();
    load_codebook<F, kRowThreads>(book, w, threadIdx.x);
    __syncthreads();  // the codebook is there
    const int64_t first = static_cast<int64_t>(blockIdx.x) * kRowThreads + threadIdx.x;
    int row = static_cast<int>(first / pieces), piece = static_cast<int>(first % pieces);
    while (row < w.rows) {
        write8(y + row * y_stride, piece * 8, w.cols, read8<F>(w, book, row, piece * 8, in_eights));
        row += down, piece += across;
        if (piece >= pieces) piece -= pieces, row++;
    }
}

template <Form F>
cudaError_t launch_form(bf16* y, int64_t y_stride, const Packed& w, const candor_stream* stream) {
    LaunchShape shape = piece_shape(w.rows, w.cols, stream);
    shape.shared_bytes = sizeof(Codebook<F>);
    const int pieces = ceil_div(w.cols, 8);
    const int64_t step = static_cast<int64_t>(shape.grid.x) * kRowThreads;
    return launch("unpack", unpack_rows<F>, shape, y, y_stride, w, in_eights<F>(w), pieces, static_cast<int>(step / pieces),
        static_cast<int>(step % pieces));
}

}  // namespace

Matrix lay_out_unpacked(Layout& layout, int rows, int cols) {
    const int64_t stride = (cols + kChunk - 1) / kChunk * kChunk;
    return {layout.take<bf16>(rows * stride), stride, true};
}

cudaError_t unpack(bf16* y, int64_t y_stride, const Packed& w, const candor_stream* stream) {
    if (w.rows == 0 || w.cols == 0) return cudaSuccess;
    switch (w.form) {
        case Form::int8: return launch_form<Form::int8>(y, y_stride, w, stream);
        case Form::fp8: return launch_form<Form::fp8>(y, y_stride, w, stream);
        case Form::nf4: return launch_form<Form::nf4>(y, y_stride, w, stream);
        case Form::nf4_nested: return launch_form<Form::nf4_nested>(y, y_stride, w, stream);
        default: return cudaErrorInvalidValue;
    }
}

}  // namespace candor

CANDOR_API int candor_unpack(const candor_matrix* y, const candor_matrix* w, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("unpack");
    const int o = rows(w), i = cols(w);
    int status = check(where, {{"y", y, CANDOR_BF16, o, i}, {"w", w, kPackedWeight, o, i}});
    if (!status) status = enter(stream, where);
    if (status) return status;
    return report(unpack(data<bf16>(y), stride(y), packed(w), stream), where, "w (%d,%d)", o, i);
}
