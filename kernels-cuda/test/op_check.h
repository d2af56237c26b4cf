// The judge of every operation: results against float64, no worse than twice the plain form of the same precision; sentinels
// around outputs, which are poisoned before the run; a second run has to give the same bytes. It knows the C API alone, so it
// judges the emulated libraries and a GPU's alike.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "candor_kernels.h"

namespace op_check {

float to_float(candor_bf16 v);
candor_bf16 to_bf16(float v);  // to nearest, ties to even
inline double rounded(double v) { return to_float(to_bf16((float)v)); }

candor_device* device();
candor_stream* stream();

// Ends the program with the C API's sentence if a status is not 0: for what no test is about.
void must(int status);

// Seeded, the same on every machine.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 1) {}
    uint64_t next();
    double uniform(double from, double to);
    int below(int n) { return (int)(next() % (uint64_t)n); }

private:
    uint64_t state_;
};

// A matrix of T = candor_bf16, float, int32_t or uint8_t in device memory, its rows `stride` elements apart from `offset` on, between
// sentinels. Host values are doubles, (rows, cols) without gaps.
template <class T>
class Tensor {
public:
    Tensor(int rows, int cols, int64_t stride = 0, int64_t offset = 0);
    ~Tensor();
    Tensor(const Tensor&) = delete;
    Tensor& operator=(const Tensor&) = delete;

    // As input: values are rounded to T and kept as `values`.
    Tensor& set(const std::vector<double>& values);
    Tensor& fill(Random& random, double from, double to);
    // As output: NaN inside, sentinels outside.
    void poison();

    std::vector<double> get() const;       // the values now in device memory
    std::vector<T> bits() const;
    bool sentinels_untouched() const;

    T* p() const { return base_ + offset_; }
    // As an operand, and rows [first, first + count) of it.
    const candor_matrix* m() const { return &matrix_; }
    candor_matrix rows_from(int first, int count) const;
    double at(int r, int c) const { return values[(size_t)r * cols + c]; }

    const int rows, cols;
    const int64_t stride;
    std::vector<double> values;

private:
    std::vector<T> whole() const;
    void upload(const std::vector<T>& all) const;
    bool inside(int64_t i) const;

    const int64_t offset_;
    int64_t size_;
    T* base_;
    candor_matrix matrix_;
};

// One output's judgement: what float64 says, and what the plain form of the same precision makes of it. `tensor_core_steps`: how
// many products of 16 terms the longest sum of a float32 output goes through on tensor cores one after the other; a GPU's cut
// off where the plain form rounds (gpu/wrappers.record), so that each may cost half of a last bit, always in the same direction.
struct Expected {
    std::vector<double> exact, plain;
    int tensor_core_steps = 0;
};

// A case in the making. Every output is named once; `run` is called twice.
class Check {
public:
    explicit Check(std::string name) : name_(std::move(name)) {}

    // Elements whose exact value is NaN have to stay as they were before the run.
    template <class T>
    Check& output(const char* what, Tensor<T>& tensor, Expected expected);

    // An output that is added to, or written over an input: begins as `start` instead of poison.
    template <class T>
    Check& output_from(const char* what, Tensor<T>& tensor, const std::vector<double>& start, Expected expected);

    void run(const std::function<int()>& operation);

private:
    struct Output {
        std::string what;
        std::function<void()> prepare;
        std::function<std::vector<double>()> get;
        std::function<std::vector<uint8_t>()> bytes;
        std::function<bool()> sentinels;
        Expected expected;
    };
    template <class T>
    Output& add(const char* what, Tensor<T>& tensor, Expected expected);
    std::string judge(const Output& output, double* ratio) const;

    std::string name_;
    std::vector<Output> outputs_;
};

// A case without numbers: what has to hold, and what was there instead.
void expect(const std::string& name, bool holds, const std::string& instead = "");

// A group of cases, found by the program's main.
struct Suite {
    Suite(const char* name, void (*run)());
    const char* name;
    void (*run)();
};

}  // namespace op_check

#define SUITE(name)                                   \
    static void name();                               \
    static const op_check::Suite suite_##name(#name, name); \
    static void name()
