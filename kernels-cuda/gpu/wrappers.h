// The golden record of the instruction wrappers (src/device/instructions_*.h): each is run on random input, on a GPU, and what
// went in and came out is kept; the same kernels replay the record on the emulator. Here: what a case is.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace wrappers {

typedef std::vector<uint8_t> Bytes;

// Seeded, the same on every machine.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 1) {}
    uint64_t next();
    int below(int n) { return (int)(next() % (uint64_t)n); }
    float uniform(float from, float to);

private:
    uint64_t state_;
};

// Fills with bf16 values drawn from -1 to 1.
void fill_bf16(Random& random, uint8_t* bytes, size_t count);

// One wrapper, or a few that only make sense together, in one launch of one kernel.
struct Case {
    const char* name;
    int architecture;                                    // the least: 80, or 90 (sm_90a alone)
    size_t in_bytes, out_bytes;
    std::function<void(Random&, Bytes&)> draw;           // the input
    std::function<cudaError_t(const void*, void*)> run;  // input and output in device memory; the output begins as 0xCC
    // 0: bytes must be equal. Otherwise outputs are floats, sums of so many products of numbers up to 1 in size and of a
    // float up to 1, in an order and with an accumulator that are the tensor core's own.
    int products;
};

void add(Case c);

}  // namespace wrappers
