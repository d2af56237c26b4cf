// A stack of its own for each device thread, and the switch between them.
#pragma once
#include <cstddef>

#if !defined(__x86_64__) && !defined(CANDOR_UCONTEXT)
#define CANDOR_UCONTEXT 1
#endif
#ifdef CANDOR_UCONTEXT
#include <ucontext.h>
#endif

namespace emulator {

// A default-constructed fiber stands for the host thread and its stack.
class Fiber {
public:
    Fiber() = default;
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Maps a stack with a guard page below it; once.
    void allocate_stack();

    // The next switch to this fiber calls `entry` on a fresh stack; `entry` begins with entered() and never returns.
    void prepare(void (*entry)());

    bool owns(const void* p) const {
        return (const char*)p >= stack_ && (const char*)p < stack_ + size_;
    }

    // `from_ends`: nobody will switch back to `from`.
    static void switch_from_to(Fiber& from, Fiber& to, bool from_ends);

    // First statement of an entry: `host` is the fiber of the host thread that began the group.
    static void entered(Fiber& host);

private:
    char* stack_ = nullptr;
    size_t size_ = 0;
    void* sanitizer_state_ = nullptr;
    const void* host_stack_ = nullptr;  // of the host's fiber, learnt on the first entry; address sanitiser only
    size_t host_size_ = 0;
#ifdef CANDOR_UCONTEXT
    ucontext_t context_;
#else
    void* stack_pointer_ = nullptr;
#endif
};

}  // namespace emulator
