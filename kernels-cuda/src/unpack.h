// Packed weights made bf16, where a product does not read them as they are.
#pragma once
#include "api.h"
#include "device/device.h"
#include "layout.h"

namespace candor {

// Room for a matrix as bf16, all of whose rows begin at multiples of 16 bytes.
Matrix lay_out_unpacked(Layout& layout, int rows, int cols);

// y (O,I) = the numbers of w.
cudaError_t unpack(bf16* y, int64_t y_stride, const Packed& w, const candor_stream* stream);

}  // namespace candor
