// What g++ -fsanitize=thread makes the kernels call at each access. The sanitiser's own library is not linked: these are
// the entries to our checker, so that kernels are checked without a change to their text.
#include "shadow.h"

using namespace emulator;

bool emulator::race_by_default() {
    return true;
}

namespace {

inline void hook(void* p, size_t bytes, bool write, bool atomic, void* place, const char* what) {
    Access access{what, place};
    access.write = write;
    access.atomic = atomic;
    note_access(p, bytes, access);
}

}  // namespace

#define HOOK(NAME, BYTES, WRITE, ATOMIC, WHAT) \
    void NAME(void* p) { hook(p, BYTES, WRITE, ATOMIC, __builtin_return_address(0), WHAT); }
#define HOOKS(BYTES)                                                              \
    HOOK(__tsan_read##BYTES, BYTES, false, false, "load")                         \
    HOOK(__tsan_write##BYTES, BYTES, true, false, "store")                        \
    HOOK(__tsan_unaligned_read##BYTES, BYTES, false, false, "load")               \
    HOOK(__tsan_unaligned_write##BYTES, BYTES, true, false, "store")              \
    HOOK(__tsan_volatile_read##BYTES, BYTES, false, true, "volatile load")        \
    HOOK(__tsan_volatile_write##BYTES, BYTES, true, true, "volatile store")

extern "C" {
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
void __tsan_read_range(void* p, size_t bytes) { hook(p, bytes, false, false, __builtin_return_address(0), "load"); }
void __tsan_write_range(void* p, size_t bytes) { hook(p, bytes, true, false, __builtin_return_address(0), "store"); }

// Atomics of host code, such as the guards of static objects; kernels have the device's own.
#define ATOMICS(BITS, T)                                                                                     \
    T __tsan_atomic##BITS##_load(const volatile T* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }   \
    void __tsan_atomic##BITS##_store(volatile T* p, T v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }   \
    T __tsan_atomic##BITS##_exchange(volatile T* p, T v, int) {                                              \
        return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                                                  \
    }                                                                                                        \
    T __tsan_atomic##BITS##_fetch_add(volatile T* p, T v, int) {                                             \
        return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                                                   \
    }                                                                                                        \
    T __tsan_atomic##BITS##_fetch_sub(volatile T* p, T v, int) {                                             \
        return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST);                                                   \
    }                                                                                                        \
    int __tsan_atomic##BITS##_compare_exchange_strong(volatile T* p, T* expected, T v, int, int) {           \
        return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);       \
    }
ATOMICS(8, int8_t)
ATOMICS(32, int32_t)
ATOMICS(64, int64_t)
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
