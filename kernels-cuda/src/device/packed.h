// Packed weights: what candor_kernels.h says of CANDOR_INT8 and those behind it. Every reader multiplies here, so that an
// element is the same number everywhere.
#pragma once
#include "convert.h"

namespace candor {

enum class Form { none, int8, fp8, nf4, nf4_nested };

// A packed matrix in global memory.
struct Packed {
    Form form;
    int rows, cols;
    const uint8_t* codes;
    int64_t stride;         // elements
    const float* scales;    // of rows, of blocks, or of groups of blocks
    const float* numbers;   // nf4: values (16); nested, behind them: steps (256), offset (1)
    const uint8_t* absmax;  // nf4_nested: a byte for each block
};

constexpr int kFp8Block = 128, kNf4Block = 64, kNf4Group = 256;
constexpr int kNf4Values = 16, kNf4Steps = 256;

template <Form F>
constexpr bool kIsNf4 = F == Form::nf4 || F == Form::nf4_nested;
template <Form F>
constexpr int kCodeBits = kIsNf4<F> ? 4 : 8;

// What a block of threads keeps of a matrix in shared memory.
template <Form F>
struct Codebook {};
template <>
struct Codebook<Form::nf4> {
    float values[kNf4Values];
};
template <>
struct Codebook<Form::nf4_nested> {
    float values[kNf4Values], steps[kNf4Steps], offset;
};

// Threads with numbers 0 to Threads - 1 take part. The next barrier shows it to all.
template <Form F, int Threads>
__device__ __forceinline__ void load_codebook(Codebook<F>& book, const Packed& w, int thread) {
    if constexpr (kIsNf4<F>) {
        for (int i = thread; i < kNf4Values; i += Threads) book.values[i] = w.numbers[i];
    }
    if constexpr (F == Form::nf4_nested) {
        for (int i = thread; i < kNf4Steps; i += Threads) book.steps[i] = w.numbers[kNf4Values + i];
        if (thread == 0) book.offset = w.numbers[kNf4Values + kNf4Steps];
    }
}

// What the element is multiplied with. Neither product nor sum may be contracted to one rounding.
template <Form F>
__device__ __forceinline__ float scale_of(const Packed& w, const Codebook<F>& book, int row, int col) {
    if constexpr (F == Form::int8) {
        return __fdiv_rn(w.scales[row], 127.0f);
    } else if constexpr (F == Form::fp8) {
        const int across = (w.cols + kFp8Block - 1) / kFp8Block;
        return w.scales[static_cast<int64_t>(row / kFp8Block) * across + col / kFp8Block];
    } else {
        const int64_t block = (row * static_cast<int64_t>(w.cols) + col) / kNf4Block;
        if constexpr (F == Form::nf4) {
            return w.scales[block];
        } else {
            return __fadd_rn(__fmul_rn(book.steps[w.absmax[block]], w.scales[block / kNf4Group]), book.offset);
        }
    }
}

// E4M3: the four bits of its exponent as float32's, 120 too few; 2^120 times that is exact, for numbers below the normal ones, too.
__device__ __forceinline__ float from_e4m3(uint32_t code) {
    const uint32_t magnitude = code & 0x7f;
    const float value = __uint_as_float(magnitude << 20) * 0x1p120f;
    return __uint_as_float((magnitude == 0x7f ? 0x7fc00000u : __float_as_uint(value)) | (code & 0x80) << 24);
}

// The number of a code, before it is rounded to bf16.
template <Form F>
__device__ __forceinline__ float number_of(const Codebook<F>& book, uint32_t code, float scale) {
    if constexpr (F == Form::int8) {
        return __fmul_rn(static_cast<float>(static_cast<int8_t>(code)), scale);
    } else if constexpr (F == Form::fp8) {
        return __fmul_rn(from_e4m3(code), scale);
    } else {
        return __fmul_rn(book.values[code], scale);
    }
}

// Element i, 0 to 3 (nf4: to 7), of four bytes as they lie in memory.
template <Form F>
__device__ __forceinline__ uint32_t code_in(uint32_t word, int i) {
    if constexpr (kIsNf4<F>) {
        return word >> (i / 2 * 8 + (i % 2 ? 0 : 4)) & 0xf;
    } else {
        return word >> i * 8 & 0xff;
    }
}

// Eight neighbours with one scale, from their first four bytes, and the next four where codes are bytes.
template <Form F>
__device__ __forceinline__ Eight unpack8(const Codebook<F>& book, uint32_t first, uint32_t second, float scale) {
    Eight e;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const uint32_t code = kIsNf4<F> ? code_in<F>(first, i) : code_in<F>(i < 4 ? first : second, i % 4);
        e.v[i] = number_of<F>(book, code, scale);
    }
    return e;
}

// The element at any place.
template <Form F>
__device__ __forceinline__ float unpack1(const Packed& w, const Codebook<F>& book, int row, int col) {
    const int64_t at = row * w.stride + col;
    const uint32_t byte = w.codes[kIsNf4<F> ? at / 2 : at];
    const uint32_t code = kIsNf4<F> ? (at % 2 ? byte & 0xf : byte >> 4) : byte;
    return number_of<F>(book, code, scale_of<F>(w, book, row, col));
}

}  // namespace candor
