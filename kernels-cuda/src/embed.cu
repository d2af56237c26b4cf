// Rows that move: the embedding's, and those that have a target.
#include "rows.h"

namespace candor {
namespace {

// y row r = x row number[r]; zeros where the number is negative.
__global__ void copy_rows(bf16* y, int64_t y_stride, const bf16* x, int64_t x_stride, const int32_t* numbers, int rows, int cols) {
    each_piece(rows, cols, [=](int row, int col) {
        const int from = numbers[row];
        const Eight values = from < 0 ? Eight{} : read8(x + from * x_stride, col, cols);
        write8(y + row * y_stride, col, cols, values);
    });
}

int copy(
    candor_bf16* y, int64_t y_stride, const candor_bf16* x, int64_t x_stride, const int32_t* numbers, int rows, int cols,
    candor_stream* stream, const Where& where) {
    const int status = enter(stream, where);
    if (status != 0 || rows == 0) return status;
    return report(
        launch(
            where.op, copy_rows, piece_shape(rows, cols, stream), cast(y), y_stride, cast(x), x_stride, numbers, rows, cols),
        where, "rows=%d C=%d", rows, cols);
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_embed(
    candor_bf16* x, int64_t x_stride, const candor_bf16* table, int64_t table_stride, const int32_t* tokens, int32_t n, int32_t c,
    candor_stream* stream) {
    return candor::copy(x, x_stride, table, table_stride, tokens, n, c, stream, CANDOR_WHERE("embed"));
}

CANDOR_API int candor_gather_rows(
    candor_bf16* y, int64_t y_stride, const candor_bf16* x, int64_t x_stride, const int32_t* rows, int32_t t, int32_t c,
    candor_stream* stream) {
    return candor::copy(y, y_stride, x, x_stride, rows, t, c, stream, CANDOR_WHERE("gatherRows"));
}

CANDOR_API int candor_scatter_rows(
    candor_bf16* dx, int64_t dx_stride, const candor_bf16* dy, int64_t dy_stride, const int32_t* sources, int32_t n, int32_t c,
    candor_stream* stream) {
    return candor::copy(dx, dx_stride, dy, dy_stride, sources, n, c, stream, CANDOR_WHERE("scatterRows"));
}
