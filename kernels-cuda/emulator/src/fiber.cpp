#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulator {
namespace {
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = 256 << 10;  // frames are larger there
#else
constexpr size_t kStackBytes = 64 << 10;
#endif
constexpr size_t kGuardBytes = 4096;
}  // namespace

#ifndef CANDOR_UCONTEXT
// Keeps what the System V convention wants kept across calls; the floating-point control words are never changed.
extern "C" void emulator_switch(void** save, void* load);
asm(R"(
    .text
    .globl emulator_switch
    .hidden emulator_switch
    .type emulator_switch,@function
emulator_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp,(%rdi)
    mov %rsi,%rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size emulator_switch,.-emulator_switch
)");
#endif

Fiber::~Fiber() {
    if (stack_) munmap(stack_ - kGuardBytes, size_ + kGuardBytes);
}

void Fiber::allocate_stack() {
    void* map = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    mprotect(map, kGuardBytes, PROT_NONE);
    stack_ = (char*)map + kGuardBytes;
    size_ = kStackBytes;
}

void Fiber::prepare(void (*entry)()) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack_, size_);
#endif
    sanitizer_state_ = nullptr;
#ifdef CANDOR_UCONTEXT
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = size_;
    context_.uc_link = nullptr;
    makecontext(&context_, entry, 0);
#else
    // As if `entry` had just been called: 8 bytes off a 16-byte boundary, above it six registers to pop.
    void** top = (void**)(((uintptr_t)stack_ + size_) & ~uintptr_t(15)) - 1;
    *--top = (void*)entry;
    for (int i = 0; i < 6; i++) *--top = nullptr;
    stack_pointer_ = top;
#endif
}

void Fiber::switch_from_to(Fiber& from, Fiber& to, bool from_ends) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(from_ends ? nullptr : &from.sanitizer_state_, to.stack_ ? to.stack_ : to.host_stack_,
        to.stack_ ? to.size_ : to.host_size_);
#else
    (void)from_ends;
#endif
#ifdef CANDOR_UCONTEXT
    swapcontext(&from.context_, &to.context_);
#else
    emulator_switch(&from.stack_pointer_, to.stack_pointer_);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(from.sanitizer_state_, nullptr, nullptr);
#endif
}

void Fiber::entered(Fiber& host) {
#if defined(__SANITIZE_ADDRESS__)
    const bool first = !host.host_stack_;
    __sanitizer_finish_switch_fiber(nullptr, first ? &host.host_stack_ : nullptr, first ? &host.host_size_ : nullptr);
#else
    (void)host;
#endif
}

}  // namespace emulator
