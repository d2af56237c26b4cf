// Controls of the emulator for test drivers; Java reaches the first by the environment variable CANDOR_EMULATOR.
#pragma once

#define CANDOR_CONTROL __attribute__((visibility("default")))

extern "C" {

// Key=value pairs separated by spaces; keys that are left out get their defaults. Returns 0, or 1 for an unknown pair.
//   sched=linear|shuffle     order of threads, warps and blocks (default linear)
//   seed=N                   of the shuffle and of random copies (default 1)
//   async=lazy|eager|random  when asynchronous copies and products happen (default lazy: as late as is legal)
//   streams=eager|lazy       work of streams at once, or at the next synchronisation, in random order (default eager)
//   threads=N                host threads; race mode has one (default 1)
//   resident=N               blocks that are resident together, for kernels whose blocks wait for each other (default 1)
//   race=0|1                 the happens-before checker (default 1 in the race library, else 0)
//   memory=MIB               size of the device's memory (default 8192)
//   capability=80|86|89|90   what the device says it is (default 80); less plays a card that is too old
//   devices=0|1              how many devices there are (default 1)
//   driver=N                 version of the driver, 11020 for CUDA 11.2: too old below 12000 (default 0: there is none)
CANDOR_CONTROL int candor_emulator_configure(const char* pairs);

// Findings since the last report, and their text; taking the report clears both, and the device's error.
CANDOR_CONTROL int candor_emulator_findings();
CANDOR_CONTROL const char* candor_emulator_report();
}
