// Findings: what the emulator saw go wrong, each distinct one once.
#pragma once
#include <string>

namespace emulator {

// `key` tells findings of a kind apart; equal ones are kept once.
void finding(const char* kind, const std::string& key, const std::string& text);

// The device's lasting error: set by every finding.
bool device_failed();

// What the findings say, without taking them.
std::string findings_text();

}  // namespace emulator
