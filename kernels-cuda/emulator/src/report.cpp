#include "report.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <set>

#include "emulator/control.h"
#include "machine.h"

namespace emulator {
namespace {
std::mutex mutex;
std::string text;
std::set<std::string> seen;
std::atomic<int> count{0};
}  // namespace

void finding(const char* kind, const std::string& key, const std::string& message) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!seen.insert(kind + key).second) return;
    count++;
    text += std::string("EMULATOR ") + kind + ": " + message + "\n";
}

bool device_failed() {
    return count != 0;
}

std::string findings_text() {
    std::lock_guard<std::mutex> lock(mutex);
    return text;
}

void fail(const char* format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const std::string in = group ? std::string(" in ") + group->launch->name : "";
    finding("ERROR", format + in, message + place() + in);
    if (group && self()) abandon_group();
}

}  // namespace emulator

extern "C" int candor_emulator_findings() {
    return emulator::count;
}

extern "C" const char* candor_emulator_report() {
    static std::string out;
    std::lock_guard<std::mutex> lock(emulator::mutex);
    out = emulator::text;
    emulator::text.clear();
    emulator::seen.clear();
    emulator::count = 0;
    return out.c_str();
}
