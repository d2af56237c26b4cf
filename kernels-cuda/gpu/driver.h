// What the op table measures against, opened where the machine has it and never linked: the driver (copies, a stream, events)
// and cuBLAS. Declared by hand, from their documents.
#pragma once
#include <dlfcn.h>

#include <cstdint>
#include <string>

namespace op_time {

// libcuda.so.1, on the context that the C API has made current.
class Driver {
public:
    Driver() {
        void* library = dlopen("libcuda.so.1", RTLD_NOW);
        if (library == nullptr) return;
        bool all = true;
        const auto find = [&](auto& f, const char* name) {
            f = reinterpret_cast<std::remove_reference_t<decltype(f)>>(dlsym(library, name));
            all &= f != nullptr;
        };
        find(copy_, "cuMemcpyDtoDAsync_v2");
        find(create_stream_, "cuStreamCreate");
        find(create_event_, "cuEventCreate");
        find(record_, "cuEventRecord");
        find(wait_, "cuEventSynchronize");
        find(elapsed_, "cuEventElapsedTime");
        there_ = all && create_stream_(&stream_, 1) == 0 && create_event_(&start_, 0) == 0 && create_event_(&end_, 0) == 0;
    }

    bool there() const { return there_; }
    void* stream() const { return stream_; }
    bool copy(void* to, const void* from, size_t bytes) const { return copy_((uint64_t)to, (uint64_t)from, bytes, stream_) == 0; }
    void start() const { record_(start_, stream_); }

    // Milliseconds since start(); negative where something failed.
    float end() const {
        float milliseconds = 0;
        const bool done = record_(end_, stream_) == 0 && wait_(end_) == 0 && elapsed_(&milliseconds, start_, end_) == 0;
        return done ? milliseconds : -1;
    }

private:
    int (*copy_)(uint64_t, uint64_t, size_t, void*) = nullptr;
    int (*create_stream_)(void**, unsigned) = nullptr;
    int (*create_event_)(void**, unsigned) = nullptr;
    int (*record_)(void*, void*) = nullptr;
    int (*wait_)(void*) = nullptr;
    int (*elapsed_)(float*, void*, void*) = nullptr;
    void* stream_ = nullptr;
    void* start_ = nullptr;
    void* end_ = nullptr;
    bool there_ = false;
};

// cuBLAS, from the path in CANDOR_CUBLAS or by its usual names.
class Cublas {
public:
    explicit Cublas(const Driver& driver) {
        if (!driver.there()) return;
        const char* named = getenv("CANDOR_CUBLAS");
        for (const char* name : {named ? named : "", "libcublas.so.13", "libcublas.so.12", "libcublas.so"}) {
            void* library = *name ? dlopen(name, RTLD_NOW) : nullptr;
            if (library == nullptr) continue;
            const auto create = reinterpret_cast<int (*)(void**)>(dlsym(library, "cublasCreate_v2"));
            const auto set_stream = reinterpret_cast<int (*)(void*, void*)>(dlsym(library, "cublasSetStream_v2"));
            gemm_ = reinterpret_cast<decltype(gemm_)>(dlsym(library, "cublasGemmEx"));
            there_ = create && set_stream && gemm_ && create(&handle_) == 0 && set_stream(handle_, driver.stream()) == 0;
            if (there_) return;
        }
    }

    bool there() const { return there_; }

    // y (n,o) = x (n,i) wT, w (o,i); rows without gaps, bf16, sums in float32. cuBLAS counts columns first.
    bool linear(void* y, const void* x, const void* w, int n, int i, int o) const {
        return gemm(true, o, n, i, w, i, x, i, y, o);
    }

    // dx (n,i) = dy (n,o) w.
    bool linear_backward(void* dx, const void* dy, const void* w, int n, int i, int o) const {
        return gemm(false, i, n, o, w, i, dy, o, dx, i);
    }

private:
    bool gemm(bool transposed, int m, int n, int k, const void* a, int lda, const void* b, int ldb, void* c, int ldc) const {
        const float one = 1, zero = 0;
        constexpr int kBf16 = 14, kSumsInFloat = 68, kAnyAlgorithm = -1;
        return gemm_(handle_, transposed ? 1 : 0, 0, m, n, k, &one, a, kBf16, lda, b, kBf16, ldb, &zero, c, kBf16, ldc,
                   kSumsInFloat, kAnyAlgorithm)
            == 0;
    }

    int (*gemm_)(void*, int, int, int, int, int, const void*, const void*, int, int, const void*, int, int, const void*, void*,
        int, int, int, int) = nullptr;
    void* handle_ = nullptr;
    bool there_ = false;
};

}  // namespace op_time
