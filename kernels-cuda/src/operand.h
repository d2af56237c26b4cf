// Matrices of the C API as the tensor cores' kernels read them.
#pragma once
#include "api.h"
#include "device/device.h"

namespace candor {

// A bf16 matrix, or nothing where there is none.
inline Matrix operand(const candor_matrix* m) {
    return {data<const bf16>(m), stride(m), rows_are_aligned(data<void>(m), stride(m))};
}

inline Form form(const candor_matrix* m) {
    switch (m != nullptr ? m->dtype : 0) {
        case CANDOR_INT8: return Form::int8;
        case CANDOR_FP8: return Form::fp8;
        case CANDOR_NF4: return Form::nf4;
        case CANDOR_NF4_NESTED: return Form::nf4_nested;
        default: return Form::none;
    }
}

// A packed matrix; its form is none where it is not packed.
inline Packed packed(const candor_matrix* m) {
    Packed w = {};
    w.form = form(m);
    if (w.form == Form::none) return w;
    w.rows = m->rows, w.cols = m->cols;
    w.codes = data<const uint8_t>(m), w.stride = m->stride;
    w.scales = static_cast<const float*>(m->scales);
    if (w.form == Form::nf4 || w.form == Form::nf4_nested) {
        w.numbers = w.scales;
        w.scales += kNf4Values;
    }
    if (w.form == Form::nf4_nested) {
        const int64_t blocks = (static_cast<int64_t>(w.rows) * w.cols + kNf4Block - 1) / kNf4Block;
        w.scales += kNf4Steps + 1;
        w.absmax = reinterpret_cast<const uint8_t*>(w.scales + (blocks + kNf4Group - 1) / kNf4Group);
    }
    return w;
}

}  // namespace candor
