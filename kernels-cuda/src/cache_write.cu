// Keys and values into the pages of the cache: values of a key head token by token, keys column by column, so that a sum
// over the head and a sum over tokens both walk neighbouring elements.
#include "attention.h"
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
    const candor_cache* cache, const candor_matrix* qkv, const candor_heads* heads, const int32_t* positions,
    const int32_t* sequence_of, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("cacheWrite");
    const int n = rows(qkv), h = heads->query, k = heads->key, d = heads->width;
    int status = check_attention(where, *heads, {{"qkv", qkv, CANDOR_BF16, n, (h + 2LL * k) * d}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, write_pages, piece_shape(n, k * d, stream), cache->slabs, cache->slab_stride, cache->slab_pages,
            data<const bf16>(qkv), stride(qkv), cache->pages, cache->first_page, positions, sequence_of, n, h, k, d),
        where, "N=%d H=%d K=%d D=%d", n, h, k, d);
}
