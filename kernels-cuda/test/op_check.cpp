#include "op_check.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "emulator_control.h"

namespace op_check {
namespace {

constexpr int64_t kMargin = 64;  // elements of sentinel on each side
constexpr uint8_t kSentinel = 0xA5;
constexpr double kFactor = 2.0;  // how much worse than the plain form is allowed

std::vector<Suite>& suites() {
    static std::vector<Suite> all;
    return all;
}

int cases = 0, failures = 0;
double worst_ratio = 0;
bool verbose = false;

template <class T>
T from_double(double v);
template <>
float from_double(double v) { return (float)v; }
template <>
int32_t from_double(double v) { return (int32_t)v; }
template <>
uint8_t from_double(double v) { return (uint8_t)v; }
template <>
candor_bf16 from_double(double v) { return to_bf16((float)v); }

// What the C API calls it; integers are in no matrix.
template <class T>
int type_of() { return 0; }
template <>
int type_of<float>() { return CANDOR_F32; }
template <>
int type_of<candor_bf16>() { return CANDOR_BF16; }

double to_double(float v) { return v; }
double to_double(int32_t v) { return v; }
double to_double(uint8_t v) { return v; }
double to_double(candor_bf16 v) { return to_float(v); }

// Every element relative to its own size and to that of all: a small element may not be hidden behind large ones, nor
// cancellation be held against it.
double error(const std::vector<double>& got, const std::vector<double>& exact) {
    double squares = 0;
    size_t n = 0;
    for (double v : exact) {
        if (!std::isnan(v)) squares += v * v, n++;
    }
    const double size = std::sqrt(squares / (n ? n : 1)) + 1e-30;
    double worst = 0;
    for (size_t i = 0; i < exact.size(); i++) {
        if (std::isnan(exact[i])) continue;
        const double e = std::fabs(got[i] - exact[i]) / (std::fabs(exact[i]) + size);
        if (!(e <= worst)) worst = std::isnan(e) ? std::numeric_limits<double>::infinity() : e;
    }
    return worst;
}

}  // namespace

float to_float(candor_bf16 v) {
    const uint32_t bits = (uint32_t)v << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

candor_bf16 to_bf16(float v) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
    return (candor_bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void must(int status) {
    if (status == 0) return;
    fprintf(stderr, "%s\n", candor_last_error());
    exit(2);
}

candor_device* device() {
    static candor_device* d = [] {
        candor_device* opened = nullptr;
        must(candor_device_open(&opened, 0));
        return opened;
    }();
    return d;
}

candor_stream* stream() {
    static candor_stream* s = [] {
        candor_stream* created = nullptr;
        must(candor_stream_create(&created, device()));
        return created;
    }();
    return s;
}

uint64_t Random::next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15ull;  // splitmix64 (Steele et al. 2014)
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

double Random::uniform(double from, double to) {
    return from + (to - from) * (double)(next() >> 11) / (double)(1ull << 53);
}

template <class T>
Tensor<T>::Tensor(int rows, int cols, int64_t stride, int64_t offset)
    : rows(rows), cols(cols), stride(stride ? stride : cols), offset_(kMargin + offset) {
    size_ = offset_ + (int64_t)rows * this->stride + kMargin;
    must(candor_memory_allocate((void**)&base_, size_ * sizeof(T), device()));
    matrix_ = {p(), this->stride, rows, cols, type_of<T>(), nullptr};
}

template <class T>
candor_matrix Tensor<T>::rows_from(int first, int count) const {
    candor_matrix some = matrix_;
    some.data = p() + first * stride;
    some.rows = count;
    return some;
}

template <class T>
Tensor<T>::~Tensor() {
    must(candor_stream_synchronise(stream()));
    must(candor_memory_release(base_, device()));
}

template <class T>
bool Tensor<T>::inside(int64_t i) const {
    i -= offset_;
    return i >= 0 && i < (int64_t)rows * stride && i % stride < cols;
}

template <class T>
void Tensor<T>::upload(const std::vector<T>& all) const {
    const int64_t bytes = size_ * (int64_t)sizeof(T);
    must(candor_copy_to_device(base_, bytes, all.data(), bytes, bytes, 1, stream()));
    must(candor_stream_synchronise(stream()));
}

template <class T>
std::vector<T> Tensor<T>::whole() const {
    std::vector<T> all(size_);
    const int64_t bytes = size_ * (int64_t)sizeof(T);
    must(candor_copy_to_host(all.data(), bytes, base_, bytes, bytes, 1, stream()));
    must(candor_stream_synchronise(stream()));
    return all;
}

template <class T>
Tensor<T>& Tensor<T>::set(const std::vector<double>& v) {
    std::vector<T> all(size_);
    memset(all.data(), kSentinel, size_ * sizeof(T));
    values.resize((size_t)rows * cols);
    for (int64_t i = 0, k = 0; i < size_; i++) {
        if (!inside(i)) continue;
        all[i] = from_double<T>(v[k]);
        values[k++] = to_double(all[i]);
    }
    upload(all);
    return *this;
}

template <class T>
Tensor<T>& Tensor<T>::fill(Random& random, double from, double to) {
    std::vector<double> v((size_t)rows * cols);
    for (double& x : v) x = random.uniform(from, to);
    return set(v);
}

template <class T>
void Tensor<T>::poison() {
    std::vector<T> all(size_);
    memset(all.data(), kSentinel, size_ * sizeof(T));
    for (int64_t i = 0; i < size_; i++) {
        if (inside(i)) memset(&all[i], 0xFF, sizeof(T));
    }
    upload(all);
}

template <class T>
std::vector<T> Tensor<T>::bits() const {
    const std::vector<T> all = whole();
    std::vector<T> v;
    for (int64_t i = 0; i < size_; i++) {
        if (inside(i)) v.push_back(all[i]);
    }
    return v;
}

template <class T>
std::vector<double> Tensor<T>::get() const {
    std::vector<double> v;
    for (T x : bits()) v.push_back(to_double(x));
    return v;
}

template <class T>
bool Tensor<T>::sentinels_untouched() const {
    const std::vector<T> all = whole();
    T sentinel;
    memset(&sentinel, kSentinel, sizeof(T));
    for (int64_t i = 0; i < size_; i++) {
        if (!inside(i) && memcmp(&all[i], &sentinel, sizeof(T)) != 0) return false;
    }
    return true;
}

template class Tensor<candor_bf16>;
template class Tensor<float>;
template class Tensor<int32_t>;
template class Tensor<uint8_t>;

template <class T>
Check::Output& Check::add(const char* what, Tensor<T>& tensor, Expected expected) {
    Output output;
    output.what = what;
    output.get = [&tensor] { return tensor.get(); };
    output.bytes = [&tensor] {
        const std::vector<T> bits = tensor.bits();
        const uint8_t* p = (const uint8_t*)bits.data();
        return std::vector<uint8_t>(p, p + bits.size() * sizeof(T));
    };
    output.sentinels = [&tensor] { return tensor.sentinels_untouched(); };
    output.expected = std::move(expected);
    outputs_.push_back(std::move(output));
    return outputs_.back();
}

template <class T>
Check& Check::output(const char* what, Tensor<T>& tensor, Expected expected) {
    add(what, tensor, std::move(expected)).prepare = [&tensor] { tensor.poison(); };
    return *this;
}

template <class T>
Check& Check::output_from(
    const char* what, Tensor<T>& tensor, const std::vector<double>& start, Expected expected) {
    add(what, tensor, std::move(expected)).prepare = [&tensor, start] { tensor.set(start); };
    return *this;
}

template Check& Check::output(const char*, Tensor<candor_bf16>&, Expected);
template Check& Check::output(const char*, Tensor<float>&, Expected);
template Check& Check::output_from(const char*, Tensor<candor_bf16>&, const std::vector<double>&, Expected);
template Check& Check::output_from(const char*, Tensor<float>&, const std::vector<double>&, Expected);
template Check& Check::output_from(const char*, Tensor<uint8_t>&, const std::vector<double>&, Expected);

std::string Check::judge(const Output& output, double* ratio) const {
    if (!output.sentinels()) return output.what + ": written outside of its rows and columns";
    const std::vector<double> got = output.get();
    const Expected& e = output.expected;
    if (got.size() != e.exact.size() || got.size() != e.plain.size()) return output.what + ": the reference has another size";
    for (size_t i = 0; i < got.size(); i++) {
        if (std::isnan(e.exact[i]) && !std::isnan(got[i])) {
            return output.what + ": element " + std::to_string(i) + " is none of the operation's business";
        }
    }
    const double ours = error(got, e.exact), plain = error(e.plain, e.exact);
    // The last bit of float32: a plain form may be exact by chance.
    double allowed = kFactor * plain + 1.2e-7;
    if (!emulated()) allowed += e.tensor_core_steps * 0x1p-24;
    *ratio = std::max(*ratio, ours / (allowed / kFactor));
    char text[200];
    snprintf(text, sizeof text, "%s: error %.3g, the plain form's is %.3g", output.what.c_str(), ours, plain);
    return ours <= allowed ? "" : text;
}

void Check::run(const std::function<int()>& operation) {
    cases++;
    std::string verdict;
    double ratio = 0;
    std::vector<std::vector<uint8_t>> first;
    for (int again = 0; again < 2 && verdict.empty(); again++) {
        for (Output& output : outputs_) output.prepare();
        if (operation() != 0 || candor_stream_synchronise(stream()) != 0) {
            verdict = candor_last_error();
            break;
        }
        for (size_t i = 0; i < outputs_.size() && verdict.empty(); i++) {
            if (again == 0) {
                verdict = judge(outputs_[i], &ratio);
                first.push_back(outputs_[i].bytes());
            } else if (outputs_[i].bytes() != first[i]) {
                verdict = outputs_[i].what + ": another run gives other bytes";
            }
        }
    }
    if (emulator_findings() && verdict.empty()) verdict = "findings";
    const std::string report = emulator_report();
    worst_ratio = std::max(worst_ratio, ratio);
    if (!verdict.empty()) failures++;
    if (!verdict.empty() || verbose) {
        printf("%-4s %s (%.2f of the plain form's error)%s%s\n%s", verdict.empty() ? "ok" : "FAIL", name_.c_str(), ratio,
            verdict.empty() ? "" : ": ", verdict.c_str(), report.c_str());
    }
}

void expect(const std::string& name, bool holds, const std::string& instead) {
    cases++;
    if (!holds) failures++;
    if (!holds || verbose) printf("%-4s %s%s%s\n", holds ? "ok" : "FAIL", name.c_str(), holds ? "" : ": ", holds ? "" : instead.c_str());
}

Suite::Suite(const char* name, void (*run)()) : name(name), run(run) {
    suites().push_back(*this);
}

// arguments: [-v] [-m MODE]... [SUITE]...: each mode is a configuration of the emulator (control.h), "" by default
int main_of(int count, char** arguments) {
    std::vector<std::string> modes, names;
    for (int i = 1; i < count; i++) {
        const std::string argument = arguments[i];
        if (argument == "-v") {
            verbose = true;
        } else if (argument == "-m" && i + 1 < count) {
            modes.push_back(arguments[++i]);
        } else {
            names.push_back(argument);
        }
    }
    if (modes.empty()) modes.push_back("");
    int ran = 0;
    for (const std::string& mode : modes) {
        if (!emulator_configure(mode.c_str())) {
            fprintf(stderr, "the library has no mode \"%s\"\n", mode.c_str());
            return 2;
        }
        const int cases_before = cases, failures_before = failures;
        worst_ratio = 0;
        for (const Suite& suite : suites()) {
            bool wanted = names.empty();
            for (const std::string& name : names) wanted |= name == suite.name;
            if (wanted) suite.run(), ran++;
        }
        printf("[%s] %d cases, %d failed; worst error %.2f of the plain form's\n", mode.c_str(), cases - cases_before,
            failures - failures_before, worst_ratio);
        fflush(stdout);
    }
    return failures || !ran;
}

}  // namespace op_check

int main(int count, char** arguments) {
    return op_check::main_of(count, arguments);
}
