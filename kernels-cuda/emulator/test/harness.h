// The tests of the emulator: cases that register themselves, launches of small kernels, and what the emulator said.
#pragma once
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "device.h"
#include "emulator/control.h"

namespace harness {

struct Case {
    const char* name;
    void (*run)();
    Case(const char* name, void (*run)());
};

// A failed check is printed with its place; the program's status tells.
void check(bool ok, const char* what, const char* file, int line);

// Runs f under a configuration and returns the report, "" if there were no findings.
std::string report_of(const std::string& configuration, const std::function<void()>& f);

// The same under every mode that a correct program has to pass: linear and shuffled, all kinds of copies.
void check_clean(const char* what, const std::function<void()>& f, const char* file, int line);

// At least one of the modes reports `text`.
void check_found(const char* what, const char* text, const std::function<void()>& f, const char* file, int line);

// Device memory that is freed at the end of the scope.
template <class T>
struct Buffer {
    T* p = nullptr;
    size_t n;
    explicit Buffer(size_t n) : n(n) { cudaMalloc((void**)&p, n * sizeof(T)); }
    explicit Buffer(const std::vector<T>& v) : Buffer(v.size()) {
        cudaMemcpy(p, v.data(), n * sizeof(T), cudaMemcpyHostToDevice);
    }
    ~Buffer() { cudaFree(p); }
    Buffer(const Buffer&) = delete;
    std::vector<T> get() const {
        std::vector<T> v(n);
        cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost);
        return v;
    }
};

}  // namespace harness

#define CASE(name)                                      \
    static void name();                                 \
    static const harness::Case case_##name(#name, name); \
    static void name()
// Variadic, because a lambda has commas.
#define CHECK(...) harness::check((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_CLEAN(...) harness::check_clean(#__VA_ARGS__, __VA_ARGS__, __FILE__, __LINE__)
#define CHECK_FOUND(text, ...) harness::check_found(#__VA_ARGS__, text, __VA_ARGS__, __FILE__, __LINE__)

// Cases that only the checker of accesses can decide.
#ifdef __SANITIZE_THREAD__
#define RACE_BUILD 1
#else
#define RACE_BUILD 0
#endif
