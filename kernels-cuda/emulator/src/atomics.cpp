#include <algorithm>
#include <type_traits>

#include "config.h"
#include "emulator/collectives.h"
#include "machine.h"
#include "shadow.h"

namespace emulator {
namespace {

template <class T>
T combine(T old, T value, Atomic kind) {
    if constexpr (std::is_integral_v<T>) {
        if (kind == Atomic::any_bit) return old | value;
    }
    switch (kind) {
        case Atomic::add: return old + value;
        case Atomic::max: return std::max(old, value);
        case Atomic::min: return std::min(old, value);
        default: return value;
    }
}

void before(const void* p, size_t bytes, void* place) {
    Access access{"atomic", place};
    access.write = access.atomic = true;
    note_access(p, bytes, access);
    if (config.race) order_by_atomic(p);
}

}  // namespace

template <class T>
T atomic_update(T* p, T value, Atomic kind) {
    before(p, sizeof(T), __builtin_return_address(0));
    T old, updated;
    __atomic_load(p, &old, __ATOMIC_SEQ_CST);
    do {
        updated = combine(old, value, kind);
    } while (!__atomic_compare_exchange(p, &old, &updated, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if (config.shuffle) reschedule();
    return old;
}

template <class T>
T atomic_compare_exchange(T* p, T expected, T value) {
    before(p, sizeof(T), __builtin_return_address(0));
    __atomic_compare_exchange(p, &expected, &value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (config.shuffle) reschedule();
    return expected;
}

template int atomic_update(int*, int, Atomic);
template unsigned atomic_update(unsigned*, unsigned, Atomic);
template float atomic_update(float*, float, Atomic);
template unsigned long long atomic_update(unsigned long long*, unsigned long long, Atomic);
template int atomic_compare_exchange(int*, int, int);
template unsigned atomic_compare_exchange(unsigned*, unsigned, unsigned);
template unsigned long long atomic_compare_exchange(unsigned long long*, unsigned long long, unsigned long long);

}  // namespace emulator
