// Where a 16-byte chunk of a row goes in shared memory, so that the eight rows of an ldmatrix fall into different banks.
#pragma once
#include <cuda_runtime.h>

namespace candor {

constexpr int kChunk = 8;  // bf16 elements in 16 bytes
constexpr int kLine = 8;   // chunks in 128 bytes, which are all 32 banks

constexpr int largest_power_of_two_in(int n) {
    return n % 2 ? 1 : 2 * largest_power_of_two_in(n / 2);
}

// Index of the first element of `chunk` in `row`, in rows of `Columns` elements. Rows at the same place of a line get their
// chunks permuted, by exclusive or with how many such rows came before.
template <int Columns>
__device__ __forceinline__ int swizzled(int row, int chunk) {
    static_assert(Columns % kChunk == 0, "whole chunks");
    constexpr int kPower = largest_power_of_two_in(Columns / kChunk);
    constexpr int kPeriod = kPower < kLine ? kPower : kLine;
    constexpr int kPlaces = kLine / kPeriod;
    return row * Columns + (chunk ^ (row / kPlaces % kPeriod)) * kChunk;
}

}  // namespace candor
