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

// The names are those of the C API; `from` has as many rows as it likes.
int copy(
    const Where& where, const char* to_name, const candor_matrix* to, const char* from_name, const candor_matrix* from,
    const int32_t* numbers, candor_stream* stream) {
    const int n = rows(to), c = cols(to);
    int status = check(where, {{to_name, to, CANDOR_BF16, n, c}, {from_name, from, CANDOR_BF16, rows(from), c}});
    if (status == 0) status = enter(stream, where);
    if (status != 0 || n == 0) return status;
    return report(
        launch(
            where.op, copy_rows, piece_shape(n, c, stream), data<bf16>(to), stride(to), data<const bf16>(from), stride(from),
            numbers, n, c),
        where, "rows=%d C=%d", n, c);
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_embed(const candor_matrix* x, const candor_matrix* table, const int32_t* tokens, candor_stream* stream) {
    return candor::copy(CANDOR_WHERE("embed"), "x", x, "table", table, tokens, stream);
}

CANDOR_API int candor_gather_rows(
    const candor_matrix* y, const candor_matrix* x, const int32_t* rows, candor_stream* stream) {
    return candor::copy(CANDOR_WHERE("gatherRows"), "y", y, "x", x, rows, stream);
}

CANDOR_API int candor_scatter_rows(
    const candor_matrix* dx, const candor_matrix* dy, const int32_t* sources, candor_stream* stream) {
    return candor::copy(CANDOR_WHERE("scatterRows"), "dx", dx, "dy", dy, sources, stream);
}
