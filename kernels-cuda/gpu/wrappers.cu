// Records and replays what the instruction wrappers do:
//   wrappers record FILE [SEED]   runs each case that this device can, and keeps what went in and what came out
//   wrappers replay FILE          runs each case of a record on its own input: the output must be the record's
//   wrappers test FILE            makes a record there, replays it, and sees to it that every kind of damage is found
// Exit: 0, 1 where anything differs, 2 for bad usage or a file that is none, 77 where there is no such record to replay.
#include "wrappers.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace wrappers {
namespace {

constexpr char kMagic[] = "candor instruction wrappers 1\n";
constexpr int kNothingToDo = 77;  // as CTest takes it for "skipped"
constexpr uint32_t kMostBytes = 1 << 20;

std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

struct Entry {
    std::string name;
    Bytes in, out;
};

struct Record {
    std::string device;  // its name, capability and driver; begins with "emulated" where a CPU played it
    std::vector<Entry> entries;
};

[[noreturn]] void stop(int code, const std::string& sentence) {
    fprintf(stderr, "wrappers: %s\n", sentence.c_str());
    exit(code);
}

void must(cudaError_t status, const std::string& what) {
    if (status != cudaSuccess) stop(1, what + ": " + cudaGetErrorString(status));
}

int architecture() {
#ifdef CANDOR_EMULATED
    return 90;  // it has all of them, whatever it says it is
#else
    cudaDeviceProp properties;
    must(cudaGetDeviceProperties(&properties, 0), "no device");
    return 10 * properties.major + properties.minor;
#endif
}

// Code for sm_90a runs on that alone.
bool runs(const Case& c) {
    return c.architecture == 90 ? architecture() == 90 : architecture() >= c.architecture;
}

std::string describe() {
#ifdef CANDOR_EMULATED
    return "emulated";
#else
    cudaDeviceProp properties;
    must(cudaGetDeviceProperties(&properties, 0), "no device");
    int driver = 0;
    must(cudaDriverGetVersion(&driver), "no driver");
    return std::string(properties.name) + ", sm_" + std::to_string(architecture()) + ", driver for CUDA "
        + std::to_string(driver / 1000) + "." + std::to_string(driver % 1000 / 10);
#endif
}

Bytes output_of(const Case& c, const Bytes& input) {
    char *in, *out;
    Bytes output(c.out_bytes);
    must(cudaMalloc((void**)&in, c.in_bytes), c.name);
    must(cudaMalloc((void**)&out, c.out_bytes), c.name);
    must(cudaMemcpy(in, input.data(), c.in_bytes, cudaMemcpyHostToDevice), c.name);
    must(cudaMemset(out, 0xCC, c.out_bytes), c.name);
    must(c.run(in, out), c.name);
    must(cudaDeviceSynchronize(), c.name);
    must(cudaMemcpy(output.data(), out, c.out_bytes, cudaMemcpyDeviceToHost), c.name);
    cudaFree(in);
    cudaFree(out);
    return output;
}

Record record(uint64_t seed) {
    Record made{describe(), {}};
    for (const Case& c : cases()) {
        if (!runs(c)) {
            printf("left out %s: it needs an sm_%d\n", c.name, c.architecture);
            continue;
        }
        Random random(seed++);
        Bytes in(c.in_bytes);
        c.draw(random, in);
        made.entries.push_back({c.name, in, output_of(c, in)});
    }
    return made;
}

// The magic, the device's line; for each case its name, both sizes, and the bytes.
void write(const std::string& path, const Record& r) {
    FILE* file = fopen(path.c_str(), "wb");
    if (!file) stop(2, path + " cannot be written");
    fprintf(file, "%s%s\n", kMagic, r.device.c_str());
    for (const Entry& e : r.entries) {
        fprintf(file, "%s %zu %zu\n", e.name.c_str(), e.in.size(), e.out.size());
        fwrite(e.in.data(), 1, e.in.size(), file);
        fwrite(e.out.data(), 1, e.out.size(), file);
    }
    if (fclose(file) != 0) stop(2, path + " cannot be written");
}

bool line(FILE* file, std::string* text) {
    char buffer[512];
    if (!fgets(buffer, sizeof buffer, file)) return false;
    *text = buffer;
    if (text->empty() || text->back() != '\n') return false;
    text->pop_back();
    return true;
}

// Whether the file is a record, whole.
bool read(const std::string& path, Record* r) {
    FILE* file = fopen(path.c_str(), "rb");
    if (!file) return false;
    std::string text;
    bool good = line(file, &text) && text + "\n" == kMagic && line(file, &r->device);
    while (good && line(file, &text)) {
        char name[128];
        unsigned in, out;
        good = sscanf(text.c_str(), "%127s %u %u", name, &in, &out) == 3 && in <= kMostBytes && out <= kMostBytes;
        if (!good) break;
        Entry e{name, Bytes(in), Bytes(out)};
        good = fread(e.in.data(), 1, in, file) == in && fread(e.out.data(), 1, out, file) == out;
        r->entries.push_back(std::move(e));
    }
    good = good && feof(file);
    fclose(file);
    return good && !r->entries.empty();
}

// "" or what is wrong. Tensor cores add in an order of their own and cut off rather than round: their sums are held to what
// that can make of so many products and one summand, all up to 1 in size. Between equal devices, everything is held to the bit.
std::string compare(const Case& c, const Bytes& want, const Bytes& got, bool to_the_bit) {
    char text[160];
    if (c.products == 0 || to_the_bit) {
        for (size_t i = 0; i < want.size(); i++) {
            if (want[i] == got[i]) continue;
            snprintf(text, sizeof text, "byte %zu is %02x, and %02x in the record", i, got[i], want[i]);
            return text;
        }
        return "";
    }
    // Each term is cut at 2^-23 of the largest, which is at most 1 here, or at most the sum so far: below products + 1.
    const double allowed = (c.products + 1.0) * (c.products + 1.0) * std::ldexp(1.0, -23);
    for (size_t i = 0; i + 4 <= want.size(); i += 4) {
        float w, g;
        memcpy(&w, &want[i], 4);
        memcpy(&g, &got[i], 4);
        if (std::fabs((double)w - g) <= allowed) continue;
        snprintf(text, sizeof text, "float %zu is %.9g, and %.9g in the record; %.2g apart are allowed", i / 4, g, w, allowed);
        return text;
    }
    return "";
}

// How many cases differ.
int replay(const Record& r, bool quiet) {
    const bool to_the_bit = r.device == describe();
    int differ = 0, equal = 0;
    for (const Entry& e : r.entries) {
        std::string verdict = "no such case here";
        for (const Case& c : cases()) {
            if (e.name != c.name) continue;
            if (!runs(c)) {
                verdict = "this device cannot run it";
            } else if (e.in.size() != c.in_bytes || e.out.size() != c.out_bytes) {
                verdict = "sizes are not the case's";
            } else {
                verdict = compare(c, e.out, output_of(c, e.in), to_the_bit);
            }
        }
        if (!verdict.empty() && !quiet) printf("FAIL %s: %s\n", e.name.c_str(), verdict.c_str());
        (verdict.empty() ? equal : differ)++;
    }
    if (!quiet) printf("%d cases as on %s, %d not\n", equal, r.device.c_str(), differ);
    return differ;
}

// A record that says it is of another device, one wrong bit in it: found in what is moved, at any bit; in sums from the bits
// on that a wrong operand changes.
int damages_missed(const Record& whole) {
    int missed = 0;
    Random random(7);
    for (size_t i = 0; i < whole.entries.size(); i++) {
        for (const Case& c : cases()) {
            if (whole.entries[i].name != c.name) continue;
            Record damaged{"some GPU", {whole.entries[i]}};
            Bytes& out = damaged.entries[0].out;
            const size_t at = random.below((int)out.size() / 4) * 4;
            // Little-endian: byte 3 of a float has its sign.
            out[at + 3] ^= c.products ? 0x80 : 1 << random.below(8);
            float before;
            memcpy(&before, &whole.entries[i].out[at], 4);
            if (c.products && std::fabs(before) < 0.01) out[at + 3] ^= 0x40;
            if (replay(damaged, true) == 0) {
                printf("FAIL %s: a wrong bit is not found\n", c.name);
                missed++;
            }
            // To the bit, where the device is the same.
            Record same{whole.device, {whole.entries[i]}};
            same.entries[0].out[random.below((int)out.size())] ^= 1 << random.below(8);
            if (replay(same, true) == 0) {
                printf("FAIL %s: a wrong bit of the same device is not found\n", c.name);
                missed++;
            }
        }
    }
    return missed;
}

int test(const std::string& path) {
    const Record made = record(1);
    write(path, made);
    Record back;
    if (!read(path, &back)) stop(1, "what was written cannot be read");
    int failures = replay(back, false) + damages_missed(back);
    Record other = back;
    other.device = "some GPU";
    failures += replay(other, false);
    other.entries[0].name = "no_such_case";
    if (replay(other, true) == 0) failures++, printf("FAIL a case that is not here passes\n");
    if (truncate(path.c_str(), 1000) != 0 || read(path, &other)) failures++, printf("FAIL half a record passes\n");
    for (const Case& c : cases()) {  // another input gives another output
        Random random(99);
        Bytes in(c.in_bytes);
        c.draw(random, in);
        for (const Entry& e : back.entries) {
            if (e.name == c.name && output_of(c, in) == e.out) failures++, printf("FAIL %s ignores its input\n", c.name);
        }
    }
    write(path, made);
    printf("%zu cases, %d failures\n", made.entries.size(), failures);
    return failures != 0;
}

}  // namespace

uint64_t Random::next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15ull;  // splitmix64 (Steele et al. 2014)
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

float Random::uniform(float from, float to) {
    return from + (to - from) * (float)(next() >> 40) / (float)(1 << 24);
}

void fill_bf16(Random& random, uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float v = random.uniform(-1, 1);
        memcpy(bytes + 2 * i, reinterpret_cast<const uint8_t*>(&v) + 2, 2);  // the upper half: cut off
    }
}

void add(Case c) {
    cases().push_back(std::move(c));
}

}  // namespace wrappers

int main(int count, char** arguments) {
    using namespace wrappers;
    const std::string verb = count > 1 ? arguments[1] : "", path = count > 2 ? arguments[2] : "";
    if (path.empty() || (verb != "record" && verb != "replay" && verb != "test")) {
        stop(2, "say record FILE [SEED], replay FILE or test FILE");
    }
    if (verb == "test") return test(path);
    if (verb == "record") {
        const Record made = record(count > 3 ? strtoull(arguments[3], nullptr, 10) : 1);
        write(path, made);
        printf("%zu cases recorded on %s\n", made.entries.size(), made.device.c_str());
        return made.entries.empty();
    }
    if (access(path.c_str(), F_OK) != 0) {
        printf("skipped: there is no record %s; wrappers record makes it on a GPU\n", path.c_str());
        return kNothingToDo;
    }
    Record r;
    if (!read(path, &r)) stop(2, path + " is no record of the wrappers, or not whole");
    return replay(r, false) != 0;
}
