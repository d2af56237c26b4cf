// How the emulator runs: see include/emulator/control.h for the keys.
#pragma once
#include <cstddef>
#include <cstdint>

namespace emulator {

enum class Async { lazy, eager, random };

struct Config {
    bool shuffle = false;
    uint64_t seed = 1;
    Async async = Async::lazy;
    bool lazy_streams = false;
    unsigned threads = 1;
    unsigned resident = 1;
    bool race = false;
    size_t memory_bytes = size_t(8192) << 20;
    int capability = 80;
    int devices = 1;
    // 1000 times the version; 0 where there is none.
    int driver = 0;
};

extern Config config;

// Present, and true, in the library that is built for race mode: then race=1 is the default.
bool race_by_default() __attribute__((weak));

}  // namespace emulator
