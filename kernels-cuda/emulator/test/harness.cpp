#include "harness.h"

#include <cstdlib>
#include <cstring>

namespace harness {
namespace {

std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

int failures = 0;

// Race mode has one host thread and is the default of its build. The environment may name one mode, as mutants/run.sh does.
const std::vector<std::string>& modes() {
    static const char* one = std::getenv("HARNESS_MODE");
    static const std::vector<std::string> every = {"", "async=eager", "async=random", "threads=2",
        "sched=shuffle seed=1 async=random", "sched=shuffle seed=2 async=eager", "sched=shuffle seed=3 async=lazy"};
    static const std::vector<std::string> all = one ? std::vector<std::string>{one} : every;
    return all;
}

}  // namespace

Case::Case(const char* name, void (*run)()) : name(name), run(run) {
    cases().push_back(*this);
}

void check(bool ok, const char* what, const char* file, int line) {
    if (ok) return;
    failures++;
    printf("  %s:%d: failed: %s\n", file, line, what);
}

std::string report_of(const std::string& configuration, const std::function<void()>& f) {
    candor_emulator_report();
    check(candor_emulator_configure(configuration.c_str()) == 0, configuration.c_str(), __FILE__, __LINE__);
    f();
    cudaDeviceSynchronize();
    const std::string report = candor_emulator_report();
    candor_emulator_configure("");
    return report;
}

void check_clean(const char* what, const std::function<void()>& f, const char* file, int line) {
    for (const std::string& mode : modes()) {
        const std::string report = report_of(mode, f);
        if (!report.empty()) printf("  [%s] %s", mode.c_str(), report.c_str());
        check(report.empty(), what, file, line);
    }
}

void check_found(const char* what, const char* text, const std::function<void()>& f, const char* file, int line) {
    std::string all;
    for (const std::string& mode : modes()) all += report_of(mode, f);
    if (all.find(text) == std::string::npos) printf("  looked for \"%s\" in: %s\n", text, all.c_str());
    check(all.find(text) != std::string::npos, what, file, line);
}

int run_all(const char* filter) {
    int ran = 0;
    for (const Case& c : cases()) {
        if (filter && !strstr(c.name, filter)) continue;
        const int before = failures;
        c.run();
        ran++;
        printf("%-4s %s\n", failures == before ? "ok" : "FAIL", c.name);
    }
    printf("%d cases, %d failed checks\n", ran, failures);
    return failures || !ran;
}

}  // namespace harness

int main(int argc, char** argv) {
    return harness::run_all(argc > 1 ? argv[1] : nullptr);
}
