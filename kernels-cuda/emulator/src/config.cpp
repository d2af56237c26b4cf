#include "config.h"

#include <cstdlib>
#include <sstream>
#include <string>

#include "emulator/control.h"

namespace emulator {
namespace {

bool set(Config& c, const std::string& key, const std::string& value) {
    char* end = nullptr;
    const uint64_t number = std::strtoull(value.c_str(), &end, 10);
    const bool is_number = !value.empty() && *end == 0;
    if (key == "sched" && (value == "linear" || value == "shuffle")) {
        c.shuffle = value == "shuffle";
    } else if (key == "seed" && is_number) {
        c.seed = number;
    } else if (key == "async" && (value == "lazy" || value == "eager" || value == "random")) {
        c.async = value == "lazy" ? Async::lazy : value == "eager" ? Async::eager : Async::random;
    } else if (key == "streams" && (value == "eager" || value == "lazy")) {
        c.lazy_streams = value == "lazy";
    } else if (key == "threads" && is_number && number >= 1 && number <= 256) {
        c.threads = (unsigned)number;
    } else if (key == "resident" && is_number && number >= 1 && number <= 1024) {
        c.resident = (unsigned)number;
    } else if (key == "race" && (value == "0" || value == "1")) {
        c.race = value == "1";
    } else if (key == "memory" && is_number && number >= 1) {
        c.memory_bytes = size_t(number) << 20;
    } else if (key == "capability" && is_number && number >= 50 && number <= 99) {
        c.capability = (int)number;
    } else if (key == "devices" && is_number && number <= 1) {
        c.devices = (int)number;
    } else if (key == "driver" && is_number && number <= 99999) {
        c.driver = (int)number;
    } else {
        return false;
    }
    return true;
}

Config defaults() {
    Config c;
    c.race = race_by_default && race_by_default();
    return c;
}

bool parse(const char* pairs, Config& into) {
    std::istringstream words(pairs ? pairs : "");
    std::string word;
    Config c = defaults();
    while (words >> word) {
        const size_t at = word.find('=');
        if (at == std::string::npos || !set(c, word.substr(0, at), word.substr(at + 1))) return false;
    }
    if (c.race) c.threads = 1;
    into = c;
    return true;
}

Config from_environment() {
    Config c = defaults();
    parse(std::getenv("CANDOR_EMULATOR"), c);
    return c;
}

}  // namespace

Config config = from_environment();

}  // namespace emulator

extern "C" int candor_emulator_configure(const char* pairs) {
    return emulator::parse(pairs, emulator::config) ? 0 : 1;
}
