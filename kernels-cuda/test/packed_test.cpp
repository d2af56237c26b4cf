// Packed weights: the numbers they stand for, bit by bit against formulas of the test's own, and linear layers, which have to give
// the bytes that they give with the same numbers in bf16.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "emulator_control.h"
#include "op_check.h"

using namespace op_check;

namespace {

constexpr int kForms[] = {CANDOR_INT8, CANDOR_FP8, CANDOR_NF4, CANDOR_NF4_NESTED};
const char* name_of(int form) {
    return form == CANDOR_INT8 ? "int8" : form == CANDOR_FP8 ? "fp8" : form == CANDOR_NF4 ? "nf4" : "nested nf4";
}
bool is_nf4(int form) { return form == CANDOR_NF4 || form == CANDOR_NF4_NESTED; }

constexpr int kSteps = 256;

// Quantiles of a normal distribution, appendix E of QLoRA (arXiv 2305.14314).
constexpr float kNf4[16] = {-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
    -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f,
    0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

float e4m3(int code) {
    const int exponent = code >> 3 & 15, fraction = code & 7;
    if ((code & 127) == 127) return NAN;
    const float size = exponent ? std::ldexp(1 + fraction / 8.0f, exponent - 7) : std::ldexp(fraction / 8.0f, -6);
    return code & 128 ? -size : size;
}

// Bytes on the device, exactly as many, so that a form of the library that checks bounds sees what is read beyond them.
class Bytes {
public:
    explicit Bytes(const std::vector<uint8_t>& bytes, int offset = 0) : offset_(offset) {
        must(candor_memory_allocate(&memory_, (int64_t)bytes.size() + offset, device()));
        must(candor_copy_to_device(at(), bytes.size(), bytes.data(), bytes.size(), bytes.size(), 1, stream()));
        must(candor_stream_synchronise(stream()));
    }
    ~Bytes() {
        must(candor_stream_synchronise(stream()));
        must(candor_memory_release(memory_, device()));
    }
    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;
    void* at() const { return static_cast<char*>(memory_) + offset_; }

private:
    void* memory_ = nullptr;
    const int offset_;
};

// A weight in one of the forms, and its numbers, rounded to bf16.
struct Packed {
    int form, o, i, stride;
    std::vector<double> numbers;
    std::unique_ptr<Bytes> codes, scales;
    candor_matrix matrix;

    Packed(int form, int o, int i, int gap = 0, int offset = 0)
        : form(form), o(o), i(i), stride(is_nf4(form) ? i : i + gap), numbers((size_t)o * i) {
        Random r(form * 1000003ull + o * 1009 + i);
        std::vector<uint8_t> bytes(is_nf4(form) ? ((size_t)o * i + 1) / 2 : (size_t)(o - 1) * stride + i);
        for (size_t k = 0; k < bytes.size(); k++) bytes[k] = k < 256 ? (uint8_t)k : (uint8_t)r.below(256);
        std::vector<uint8_t> beside;
        if (form == CANDOR_INT8) {
            const std::vector<float> s = put(beside, o, [&] { return r.uniform(0.01, 4); });
            each([&](int row, int col) { return (float)(int8_t)bytes[(size_t)row * stride + col] * (s[row] / 127.0f); });
        } else if (form == CANDOR_FP8) {
            if (i > 1) without_nan(bytes);
            const int across = (i + 127) / 128;
            const std::vector<float> s = put(beside, (o + 127) / 128 * across, [&] { return r.uniform(0.001, 0.1); });
            each([&](int row, int col) { return e4m3(bytes[(size_t)row * stride + col]) * s[row / 128 * across + col / 128]; });
        } else {
            nf4(r, bytes, beside);
        }
        codes = std::make_unique<Bytes>(bytes, offset);
        scales = std::make_unique<Bytes>(beside);
        matrix = {codes->at(), stride, o, i, form, scales->at()};
    }

    const candor_matrix* m() const { return &matrix; }

private:
    template <class Get>
    static std::vector<float> put(std::vector<uint8_t>& to, size_t count, Get get) {
        std::vector<float> values(count);
        for (float& v : values) v = (float)get();
        const uint8_t* p = (const uint8_t*)values.data();
        to.insert(to.end(), p, p + count * sizeof(float));
        return values;
    }

    // Sums would all be NaN; the suite of numbers has a column of its own for it.
    static void without_nan(std::vector<uint8_t>& bytes) {
        for (uint8_t& b : bytes) b = (b & 127) == 127 ? b - 1 : b;
    }

    template <class Get>
    void each(Get get) {
        for (int row = 0; row < o; row++) {
            for (int col = 0; col < i; col++) {
                const volatile float number = get(row, col);
                numbers[(size_t)row * i + col] = rounded(number);
            }
        }
    }

    void nf4(Random& r, const std::vector<uint8_t>& bytes, std::vector<uint8_t>& beside) {
        const size_t blocks = ((size_t)o * i + 63) / 64;
        put(beside, 16, [at = 0]() mutable { return kNf4[at++]; });
        const auto code = [&](size_t at) { return at % 2 ? bytes[at / 2] & 15 : bytes[at / 2] >> 4; };
        if (form == CANDOR_NF4) {
            const std::vector<float> largest = put(beside, blocks, [&] { return r.uniform(0.01, 4); });
            each([&](int row, int col) {
                const size_t at = (size_t)row * i + col;
                return kNf4[code(at)] * largest[at / 64];
            });
            return;
        }
        const float offset = (float)r.uniform(0.5, 2), first = (float)r.uniform(0.1, 1);
        // With some of them all but nothing is left of the offset: what is left shows how product and sum were rounded.
        const std::vector<float> steps = put(beside, kSteps,
            [&, at = 0]() mutable { return at++ % 4 ? r.uniform(-1, 1) : -offset / first * (1 + r.uniform(-1e-6, 1e-6)); });
        put(beside, 1, [&] { return offset; });
        const std::vector<float> nested =
            put(beside, (blocks + 255) / 256, [&, at = 0]() mutable { return at++ ? r.uniform(0.1, 1) : first; });
        const size_t absmax = beside.size();
        for (size_t b = 0; b < blocks; b++) beside.push_back((uint8_t)r.below(256));
        each([&](int row, int col) {
            const size_t at = (size_t)row * i + col, block = at / 64;
            const volatile float product = steps[beside[absmax + block]] * nested[block / 256];
            const volatile float largest = product + offset;
            return kNf4[code(at)] * largest;
        });
    }
};

}  // namespace

SUITE(packed_numbers) {
    struct Shape {
        int o, i, gap, offset;
    };
    const Shape shapes[] = {{256, 1, 0, 0}, {1, 7, 0, 0}, {3, 64, 0, 0}, {7, 41, 3, 1}, {129, 136, 8, 0}, {5, 130, 0, 0},
        {140, 264, 0, 4}, {67, 512, 64, 0}, {300, 72, 1, 2}};
    for (const int form : kForms) {
        for (const Shape& shape : shapes) {
            const Packed w(form, shape.o, shape.i, shape.gap, shape.offset);
            Tensor<candor_bf16> y(shape.o, shape.i, shape.i + shape.gap);
            y.poison();
            must(candor_unpack(y.m(), w.m(), stream()));
            must(candor_stream_synchronise(stream()));
            std::vector<candor_bf16> wanted;
            for (const double number : w.numbers) wanted.push_back(to_bf16((float)number));
            expect(std::string("numbers of ") + name_of(form) + " " + std::to_string(shape.o) + "x" + std::to_string(shape.i),
                y.bits() == wanted && y.sentinels_untouched(), "others");
        }
    }
    expect("no findings", emulator_findings() == 0, emulator_report());
}

namespace {

struct Adapter {
    int rank, start, end;
};

struct Case {
    int n, i, o;
    std::vector<Adapter> adapters;
    bool bias, residual;
    int gap;     // elements between rows, beyond what aligns them
    int offset;  // bytes before the weight's codes
};

struct Factors {
    Tensor<float> a, b, da, db;
    Factors(const Adapter& at, int i, int o, Random& r) : a(at.rank, i), b(o, at.rank), da(at.rank, i), db(o, at.rank) {
        a.fill(r, -1, 1), b.fill(r, -1, 1);
    }
};

int aligned(int columns) { return (columns + 7) / 8 * 8; }

// What a layer and its backward pass write, with a packed weight and with the same numbers in bf16.
class Layer {
public:
    explicit Layer(const Case& c, int form)
        : c_(c), packed_(form, c.o, c.i, c.gap, c.offset), plain_(c.o, c.i, aligned(c.i)), x_(c.n, c.i, aligned(c.i) + c.gap),
          dy_(c.n, c.o, aligned(c.o) + c.gap), residual_(c.n, c.o), bias_(1, c.o) {
        Random r(c.n * 1000003ull + c.i * 1009 + c.o);
        plain_.set(packed_.numbers);
        x_.fill(r, -1, 1), dy_.fill(r, -1, 1), residual_.fill(r, -4, 4), bias_.fill(r, -4, 4);
        for (const Adapter& at : c.adapters) {
            factors_.push_back(std::make_unique<Factors>(at, c.i, c.o, r));
            const Factors& f = *factors_.back();
            entries_.push_back({*f.a.m(), *f.b.m(), *f.da.m(), *f.db.m(), 1.5f, at.start, at.end, 0, 0, 0, {}});
            padded_ = std::max(padded_, (at.rank + 15) / 16 * 16);
        }
    }

    const candor_matrix* weight(bool packed) const { return packed ? packed_.m() : plain_.m(); }

    // Bytes of all outputs; empty where something else was written.
    std::vector<uint8_t> bytes(const candor_matrix* w, int add) {
        const int p = std::max(padded_, 16);
        Tensor<candor_bf16> y(c_.n, c_.o, aligned(c_.o) + c_.gap), dx(c_.n, c_.i, aligned(c_.i) + c_.gap), t(c_.n, p), dt(c_.n, p);
        y.poison(), t.poison(), dt.poison(), dx.set(std::vector<double>((size_t)c_.n * c_.i, 0.5));
        for (const auto& f : factors_) {
            f->da.set(std::vector<double>((size_t)f->da.rows * f->da.cols, 0));
            f->db.set(std::vector<double>((size_t)f->db.rows * f->db.cols, 0));
        }
        must(ask(y, t, w));
        must(candor_linear_backward(dx.m(), padded_ ? dt.m() : nullptr, dy_.m(), x_.m(), padded_ ? t.m() : nullptr, w, 1,
            entries_.data(), (int)entries_.size(), add, stream()));
        must(candor_stream_synchronise(stream()));
        if (!y.sentinels_untouched() || !dx.sentinels_untouched() || emulator_findings()) return {};
        std::vector<uint8_t> all;
        const auto put = [&](const auto& bits) {
            const uint8_t* from = (const uint8_t*)bits.data();
            all.insert(all.end(), from, from + bits.size() * sizeof bits[0]);
        };
        put(y.bits()), put(dx.bits());
        for (const auto& f : factors_) put(f->da.bits()), put(f->db.bits());
        return all;
    }

    int ask(const Tensor<candor_bf16>& y, const Tensor<candor_bf16>& t, const candor_matrix* w) {
        return candor_linear(y.m(), padded_ ? t.m() : nullptr, x_.m(), w, c_.bias ? bias_.m() : nullptr,
            c_.residual ? residual_.m() : nullptr, entries_.data(), (int)entries_.size(), nullptr, stream());
    }

    const Case c_;

private:
    const Packed packed_;
    Tensor<candor_bf16> plain_, x_, dy_, residual_;
    Tensor<float> bias_;
    std::vector<std::unique_ptr<Factors>> factors_;
    std::vector<candor_lora> entries_;
    int padded_ = 0;
};

// One row and as many as a tile has; k in whole steps, in half ones and in none; columns beyond a block, and within one.
const std::vector<Case>& shapes() {
    static const std::vector<Case> all = {
        {1, 64, 33, {}, false, false, 0, 0},
        {1, 448, 130, {}, true, false, 0, 0},
        {5, 704, 96, {{8, 0, 5}}, true, true, 0, 0},
        {16, 256, 257, {{3, 2, 7}, {24, 7, 16}}, false, true, 64, 0},
        {17, 128, 64, {{16, 1, 12}}, false, false, 0, 0},
        {64, 192, 70, {{16, 0, 20}, {130, 20, 61}}, true, false, 0, 0},
        {65, 320, 72, {{4, 0, 65}}, false, true, 0, 0},
        {150, 136, 300, {}, false, false, 8, 0},
        {3, 41, 37, {{5, 0, 2}}, true, true, 0, 0},
        {9, 128, 40, {}, false, false, 3, 0},   // no row of x begins at a multiple of 16 bytes
        {2, 64, 40, {}, false, false, 0, 8},    // nor do the codes
    };
    return all;
}

}  // namespace

SUITE(packed_linear) {
    for (const int form : kForms) {
        for (const Case& c : shapes()) {
            Layer layer(c, form);
            const std::string name = std::string("linear of ") + name_of(form) + " " + std::to_string(c.n) + "x"
                + std::to_string(c.i) + "x" + std::to_string(c.o);
            for (const int add : {0, 1}) {
                const std::vector<uint8_t> plain = layer.bytes(layer.weight(false), add);
                expect(name, !plain.empty() && layer.bytes(layer.weight(true), add) == plain, "other bytes than in bf16");
            }
            expect(name, emulator_findings() == 0, emulator_report());
        }
    }
}

// Few rows and many, asked for plainly and replayed.
SUITE(packed_graphs) {
    for (const int form : kForms) {
        for (const int n : {3, 70}) {
            Layer layer({n, 128, 48, {{4, 0, n}}, true, true, 0, 0}, form);
            Tensor<candor_bf16> y(n, 48), t(n, 16);
            must(layer.ask(y, t, layer.weight(true)));
            const std::vector<candor_bf16> plain = y.bits();
            y.poison();
            candor_graph* graph = nullptr;
            must(candor_graph_begin(stream()));
            must(layer.ask(y, t, layer.weight(true)));
            must(candor_graph_end(&graph, stream()));
            must(candor_graph_launch(graph));
            must(candor_stream_synchronise(stream()));
            expect(std::string("a graph with ") + name_of(form) + ", rows " + std::to_string(n), y.bits() == plain, "other bytes");
            must(candor_graph_destroy(graph));
        }
    }
}
