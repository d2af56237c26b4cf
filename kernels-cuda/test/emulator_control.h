// The emulator's controls where the library has them; a GPU's library has none, and takes the empty mode alone.
#pragma once
#include <string>

extern "C" {
int candor_emulator_configure(const char* pairs) __attribute__((weak));
int candor_emulator_findings() __attribute__((weak));
const char* candor_emulator_report() __attribute__((weak));
}

namespace op_check {

inline bool emulated() {
    return candor_emulator_configure != nullptr;
}
inline bool emulator_configure(const char* mode) {
    if (!candor_emulator_configure) return *mode == 0;
    return candor_emulator_configure(mode) == 0;
}
inline int emulator_findings() {
    return candor_emulator_findings ? candor_emulator_findings() : 0;
}
inline std::string emulator_report() {
    return candor_emulator_report ? candor_emulator_report() : "";
}

}  // namespace op_check
