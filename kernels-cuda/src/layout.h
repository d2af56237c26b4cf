// Several arrays in one piece of scratch memory.
#pragma once
#include "api.h"

namespace candor {

// Lays arrays into one piece of scratch memory: ask for all, then allocate, then ask again from the address.
class Layout {
public:
    explicit Layout(void* memory = nullptr) : memory_(static_cast<char*>(memory)) {}
    template <class T>
    T* take(int64_t count) {
        T* p = reinterpret_cast<T*>(memory_ + bytes_);
        bytes_ += aligned(count * (int64_t)sizeof(T));
        return p;
    }
    int64_t bytes() const { return bytes_; }

private:
    char* memory_;
    int64_t bytes_ = 0;
};

}  // namespace candor
