// Keys and values into the pages of the cache: values of a key head token by token, keys column by column, so that a sum
// over the head and a sum over tokens both walk neighbouring elements.
#include "rows.h"

namespace candor {
namespace {

constexpr int kPageTokens = 32;

__global__ void write_pages(
    candor_bf16* const* slabs, int64_t slab_stride, int slab_pages, const bf16* qkv, int64_t qkv_stride, const int32_t* pages,
    const int32_t* first_page, const int32_t* positions, const int32_t* sequences, int n, int h, int k, int d) {
    const int columns = k * d;
    each_piece(n, columns, [=](int row, int col) {
        const int position = positions[row];
        const int page = pages[first_page[sequences[row]] + position / kPageTokens];
        const int token = position % kPageTokens;
        bf16* to = reinterpret_cast<bf16*>(slabs[page / slab_pages]) + page % slab_pages * slab_stride;
        const bf16* keys = qkv + row * qkv_stride + static_cast<int64_t>(h) * d;
        const bf16* values = keys + columns;
        for (int c = col; c < col + 8 && c < columns; c++) {
            const int head = c / d;
            to[(head * kPageTokens + token) * d + c % d] = values[c];
            to[((k + head) * d + c % d) * kPageTokens + token] = keys[c];
        }
    });
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_cache_write(
    candor_bf16* const* slabs, int64_t slab_stride, int32_t slab_pages, const candor_bf16* qkv, int64_t qkv_stride,
    const int32_t* pages, const int32_t* first_page, const int32_t* positions, const int32_t* sequences, int32_t n, int32_t h,
    int32_t k, int32_t d, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("cacheWrite");
    const int status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, write_pages, piece_shape(n, k * d, stream), slabs, slab_stride, slab_pages, cast(qkv), qkv_stride, pages,
            first_page, positions, sequences, n, h, k, d),
        where, "N=%d H=%d K=%d D=%d", n, h, k, d);
}
