// What the op table and the tiles' table share: operands in device memory, and the time of a call.
#pragma once
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "candor_kernels.h"
#include "driver.h"

namespace op_time {

constexpr int kSamples = 9;
constexpr int64_t kBeyondCaches = 256 << 20;

inline candor_device* device;
inline candor_stream* stream;
inline candor_event *first, *last;
inline bool once, failed;
inline double flops_per_second, bytes_per_second;

inline bool ok(int status) {
    if (status != 0) fprintf(stderr, "%s\n", candor_last_error());
    return status == 0;
}

inline void must(int status) {
    if (!ok(status)) exit(1);
}

inline uint64_t random_bits(uint64_t i) {
    uint64_t z = i * 0x9E3779B97F4A7C15ull + 0x1234567;  // splitmix64 (Steele et al. 2014)
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

// Device memory: bf16 or float32 drawn from -size to size, or integers, or anything.
class Buffer {
public:
    explicit Buffer(int64_t bytes) : bytes(bytes) { must(candor_memory_allocate(&p_, std::max<int64_t>(bytes, 1), device)); }
    ~Buffer() { candor_memory_release(p_, device); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    template <class T>
    void put(const std::vector<T>& v) {
        // What was drawn once is repeated: 16 MiB of it are enough to look random to any kernel.
        for (int64_t at = 0; at < bytes; at += (int64_t)(v.size() * sizeof(T))) {
            const int64_t part = std::min<int64_t>(bytes - at, v.size() * sizeof(T));
            must(candor_copy_to_device((char*)p_ + at, part, v.data(), part, part, 1, stream));
        }
        must(candor_stream_synchronise(stream));
    }

    template <class T>
    T* as() const {
        return static_cast<T*>(p_);
    }

    const int64_t bytes;

private:
    void* p_ = nullptr;
};

typedef std::shared_ptr<Buffer> Memory;
inline uint64_t drawn = 0;

inline std::vector<float> uniform(int64_t count, float size) {
    std::vector<float> v(std::min<int64_t>(count, (4 << 20) - 3));  // no power of two, so that rows differ
    for (float& x : v) x = size * ((float)(random_bits(drawn++) >> 40) / (float)(1 << 23) - 1);
    return v;
}

// Random numbers cut off to bf16.
inline std::vector<candor_bf16> uniform_bf16(int64_t count, float size) {
    const std::vector<float> v = uniform(count, size);
    std::vector<candor_bf16> b(v.size());
    for (size_t i = 0; i < v.size(); i++) memcpy(&b[i], (const char*)&v[i] + 2, 2);
    return b;
}

// A matrix without gaps, and the memory that it lies in.
struct Operand {
    Memory memory;
    candor_matrix matrix;

    const candor_matrix* m() const { return &matrix; }
    void* data() const { return matrix.data; }
};

inline Operand bf16(int rows, int cols, float size = 1) {
    Memory memory = std::make_shared<Buffer>(2ll * rows * cols);
    memory->put(uniform_bf16((int64_t)rows * cols, size));
    return {memory, {memory->as<void>(), cols, rows, cols, CANDOR_BF16, nullptr}};
}

inline Operand floats(int rows, int cols, float size = 1) {
    Memory memory = std::make_shared<Buffer>(4ll * rows * cols);
    memory->put(uniform((int64_t)rows * cols, size));
    return {memory, {memory->as<void>(), cols, rows, cols, CANDOR_F32, nullptr}};
}

// A packed weight of random codes and scales. No byte is a NaN of E4M3.
struct PackedOperand {
    Memory codes, scales;
    candor_matrix matrix;

    const candor_matrix* m() const { return &matrix; }
    double bytes() const { return (double)codes->bytes + scales->bytes; }
};

inline PackedOperand packed(int form, int rows, int cols) {
    const int64_t elements = (int64_t)rows * cols, blocks = (elements + 63) / 64;
    const bool nf4 = form == CANDOR_NF4 || form == CANDOR_NF4_NESTED;
    const int64_t floats = form == CANDOR_INT8 ? rows
        : form == CANDOR_FP8 ? (int64_t)((rows + 127) / 128) * ((cols + 127) / 128)
        : form == CANDOR_NF4 ? 16 + blocks : 16 + 256 + 1 + (blocks + 255) / 256 + (blocks + 3) / 4;
    std::vector<uint32_t> words(std::min<int64_t>(elements / (nf4 ? 8 : 4) + 1, (4 << 20) - 3));
    for (uint32_t& word : words) word = (uint32_t)random_bits(drawn++) & 0x77777777u;
    Memory codes = std::make_shared<Buffer>(nf4 ? (elements + 1) / 2 : elements), scales = std::make_shared<Buffer>(4 * floats);
    codes->put(words);
    scales->put(uniform(floats, 0.05f));
    return {codes, scales, {codes->as<void>(), cols, rows, cols, form, scales->as<void>()}};
}

inline Memory integers(int64_t count, const std::function<int32_t(int64_t)>& value) {
    std::vector<int32_t> v(count);
    for (int64_t i = 0; i < count; i++) v[i] = value(i);
    Memory memory = std::make_shared<Buffer>(4 * count);
    memory->put(v);
    return memory;
}

inline double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

// Seconds of one call of `run`, whose argument counts calls; `time` gives the milliseconds of so many of them. Negative where
// something failed.
inline double seconds(const std::function<float(int from, int calls)>& time) {
    if (once) return time(0, 1) / 1e3;
    int calls = 1, at = 0;
    float warm = time(at, 3);
    if (warm < 0) return -1;
    warm = time(at += 3, 3) / 3;
    if (warm < 0) return -1;
    calls = std::clamp((int)(4 / std::max(warm, 1e-3f)), 1, 1000);  // samples of some 4 ms
    std::vector<double> samples;
    for (int i = 0; i < kSamples; i++) {
        const float milliseconds = time(at, calls);
        if (milliseconds < 0) return -1;
        at += calls;
        samples.push_back(milliseconds / 1e3 / calls);
    }
    return median(samples);
}

inline double ours(const std::function<int(int)>& run) {
    return seconds([&](int from, int calls) -> float {
        if (!ok(candor_event_record(first, stream))) return -1;
        for (int i = 0; i < calls; i++) {
            if (!ok(run(from + i))) return -1;
        }
        float milliseconds = -1;
        const bool done = ok(candor_event_record(last, stream)) && ok(candor_event_synchronise(last))
            && ok(candor_event_elapsed(&milliseconds, first, last));
        return done ? milliseconds : -1;
    });
}

inline double theirs(const Driver& driver, const std::function<bool(int)>& run) {
    return seconds([&](int from, int calls) -> float {
        driver.start();
        for (int i = 0; i < calls; i++) {
            if (!run(from + i)) return -1;
        }
        return driver.end();
    });
}

// How many sets of operands to rotate over, where one has so many bytes.
inline int sets(int64_t bytes) {
    return once ? 1 : (int)std::clamp<int64_t>(kBeyondCaches / bytes + 1, 1, 64);
}

}  // namespace op_time
