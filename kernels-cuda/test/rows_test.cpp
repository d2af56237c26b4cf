// Operations on rows: norm, rotary positions, gated units, rows picked and put back, keys and values into pages.
#include <algorithm>
#include <cmath>

#include "op_check.h"

using namespace op_check;

namespace {

// f(i, plain) for every element: the exact value, and the plain form's rounding of it.
template <class F>
Expected elementwise(size_t n, F f) {
    Expected e;
    for (size_t i = 0; i < n; i++) {
        e.exact.push_back(f(i));
        e.plain.push_back(rounded((float)f(i)));
    }
    return e;
}

std::string shape(const char* op, int a, int b, int c = 0) {
    return std::string(op) + " " + std::to_string(a) + "x" + std::to_string(b) + (c ? "x" + std::to_string(c) : "");
}

Tensor<int32_t>& ids(Tensor<int32_t>& t, Random& r, int below, int from = 0) {
    std::vector<double> v((size_t)t.rows * t.cols);
    for (double& x : v) x = from + r.below(below - from);
    return t.set(v);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void norm(int n, int g, int d, int gap, int offset) {
    Random r(n * 31 + d);
    const int width = g * d;
    Tensor<candor_bf16> x(n, width, width + gap, offset), y(n, width, width + gap, offset), dy(n, width, width + gap),
        dx(n, width, width + gap, offset);
    Tensor<float> w(1, d), rstd(n, g, g + 1);
    x.fill(r, -3, 3);
    dy.fill(r, -1, 1);
    w.fill(r, 0.5, 1.5);
    const float eps = 1e-5f;
    std::vector<double> exact_rstd, exact_mean;
    for (int i = 0; i < n * g; i++) {
        double squares = 0, product = 0;
        const double* p = &x.values[(size_t)i * d];
        for (int c = 0; c < d; c++) squares += p[c] * p[c];
        exact_rstd.push_back(1 / std::sqrt(squares / d + eps));
        for (int c = 0; c < d; c++) product += w.values[c] * dy.values[(size_t)i * d + c] * p[c] * exact_rstd.back();
        exact_mean.push_back(product / d);
    }
    Expected rstds{exact_rstd, {}};
    for (double v : exact_rstd) rstds.plain.push_back((float)(v * (1 + 1e-7)));
    const auto forward = [&](size_t i) { return x.values[i] * exact_rstd[i / d] * w.values[i % d]; };
    Check(shape("norm", n, g, d)).output("y", y, elementwise(x.values.size(), forward)).output("rstd", rstd, rstds).run([&] {
        return candor_rms_norm(y.m(), rstd.m(), x.m(), w.m(), eps, stream());
    });
    Check(shape("norm in place", n, g, d))
        .output_from("y", y, x.values, elementwise(x.values.size(), forward))
        .output("rstd", rstd, rstds)
        .run([&] {
            return candor_rms_norm(y.m(), rstd.m(), y.m(), w.m(), eps, stream());
        });
    rstd.set(exact_rstd);
    const auto backward = [&](size_t i) {
        const size_t k = i / d;
        return exact_rstd[k] * (w.values[i % d] * dy.values[i] - x.values[i] * exact_rstd[k] * exact_mean[k]);
    };
    const auto run = [&](int add) {
        return candor_rms_norm_backward(dx.m(), dy.m(), x.m(), w.m(), rstd.m(), add, stream());
    };
    Check(shape("norm backward", n, g, d)).output("dx", dx, elementwise(x.values.size(), backward)).run([&] { return run(0); });
    Check(shape("norm backward, added", n, g, d))
        .output_from("dx", dx, x.values, elementwise(x.values.size(), [&](size_t i) { return x.values[i] + backward(i); }))
        .run([&] { return run(1); });
    std::vector<double> gradients = dy.values;
    Check(shape("norm backward in place", n, g, d)).output_from("dx", dx, gradients, elementwise(x.values.size(), backward)).run([&] {
        return candor_rms_norm_backward(dx.m(), dx.m(), x.m(), w.m(), rstd.m(), 0, stream());
    });
}

// A row's bytes with others around it, and on its own at another place.
void norm_alone(int n, int g, int d) {
    Random r(n + g + d);
    const int width = g * d;
    Tensor<candor_bf16> x(n, width), y(n, width), dx(n, width), one(1, width, width, 1), out(1, width), slope(1, width);
    Tensor<float> w(1, d), rstd(n, g), one_rstd(1, g);
    x.fill(r, -3, 3);
    w.fill(r, 0.5, 1.5);
    must(candor_rms_norm(y.m(), rstd.m(), x.m(), w.m(), 1e-5f, stream()));
    must(candor_rms_norm_backward(dx.m(), y.m(), x.m(), w.m(), rstd.m(), 0, stream()));
    const std::vector<double> whole = y.get(), gradients = dx.get();
    for (int row = 0; row < n; row++) {
        const auto part = [&](const std::vector<double>& v) {
            return std::vector<double>(v.begin() + (size_t)row * width, v.begin() + (size_t)(row + 1) * width);
        };
        one.set(part(x.values));
        must(candor_rms_norm(out.m(), one_rstd.m(), one.m(), w.m(), 1e-5f, stream()));
        must(candor_rms_norm_backward(slope.m(), out.m(), one.m(), w.m(), one_rstd.m(), 0, stream()));
        const std::string name = shape("norm of a row alone", n, g, d) + ", row " + std::to_string(row);
        expect(name, out.get() == part(whole), "other bytes");
        expect(name + ", backward", slope.get() == part(gradients), "other bytes");
    }
}

void rope(int n, int g, int d, int gap) {
    Random r(n + d);
    const int width = g * d, positions = 50;
    Tensor<candor_bf16> x(n, width, width + gap);
    Tensor<float> table(positions, d, d + 2);
    Tensor<int32_t> at(1, n);
    ids(at, r, positions);
    std::vector<double> angles, start((size_t)n * width);
    for (int p = 0; p < positions; p++) {
        for (int i = 0; i < d; i++) {
            const double angle = p * std::pow(100.0, -2.0 * (i % (d / 2)) / d);
            angles.push_back(i < d / 2 ? std::cos(angle) : std::sin(angle));
        }
    }
    table.set(angles);
    for (double& v : start) v = rounded(r.uniform(-2, 2));
    for (int direction : {1, -1}) {
        const auto f = [&](size_t i) {
            const int row = (int)(i / width), c = (int)(i % d), half = d / 2;
            const double* values = &table.values[(size_t)at.values[row] * d];
            const double cosine = values[c % half], sine = direction * values[half + c % half];
            return c < half ? start[i] * cosine - start[i + half] * sine : start[i] * cosine + start[i - half] * sine;
        };
        Check(shape("rope", n, g, d)).output_from("x", x, start, elementwise(start.size(), f)).run([&] {
            return candor_rope(x.m(), table.m(), at.p(), direction, stream());
        });
    }
}

// A gated unit: value(g) and slope(g) of its activation, exactly.
struct Unit {
    const char* name;
    int (*forward)(const candor_matrix*, const candor_matrix*, candor_stream*);
    int (*backward)(const candor_matrix*, const candor_matrix*, const candor_matrix*, candor_stream*);
    double (*value)(double), (*slope)(double);
};

double silu(double g) { return g * sigmoid(g); }
double silu_slope(double g) { return sigmoid(g) * (1 + g * (1 - sigmoid(g))); }
double gelu(double g) { return 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))); }
double gelu_slope(double g) {
    const double t = std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g));
    return 0.5 * (1 + t) + 0.5 * g * (1 - t * t) * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * g * g);
}

constexpr Unit kUnits[] = {{"swiglu", candor_swiglu, candor_swiglu_backward, silu, silu_slope},
    {"geglu", candor_geglu, candor_geglu_backward, gelu, gelu_slope}};

void gated(const Unit& unit, int n, int f, int gap, int offset) {
    Random r(n * 7 + f);
    Tensor<candor_bf16> in(n, 2 * f, 2 * f + gap, offset), y(n, f, f + gap), dy(n, f, f + gap, offset), out(n, 2 * f, 2 * f + gap, offset);
    in.fill(r, -4, 4);
    dy.fill(r, -1, 1);
    const std::string name = unit.name;
    Check(shape(unit.name, n, f)).output("y", y, elementwise((size_t)n * f, [&](size_t i) {
        return unit.value(in.at((int)(i / f), (int)(i % f))) * in.at((int)(i / f), (int)(i % f) + f);
    })).run([&] { return unit.forward(y.m(), in.m(), stream()); });
    const Expected expected = elementwise((size_t)n * 2 * f, [&](size_t i) {
        const int row = (int)(i / (2 * f)), c = (int)(i % (2 * f)) % f;
        const double gate = in.at(row, c), up = in.at(row, c + f), gradient = dy.at(row, c);
        return (int)(i % (2 * f)) < f ? gradient * up * unit.slope(gate) : gradient * unit.value(gate);
    });
    Check(shape((name + " backward").c_str(), n, f)).output("d", out, expected).run([&] {
        return unit.backward(out.m(), dy.m(), in.m(), stream());
    });
    Check(shape((name + " backward in place").c_str(), n, f)).output_from("d", out, in.values, expected).run([&] {
        return unit.backward(out.m(), dy.m(), out.m(), stream());
    });
}

void affine(int n, int o, int gap, int offset, bool scaled, bool shifted, bool added) {
    Random r(n * 11 + o);
    Tensor<candor_bf16> y(n, o, o + gap, offset), rest(n, o, o + gap + 1);
    Tensor<float> scale(1, o), bias(1, o);
    y.fill(r, -3, 3);
    rest.fill(r, -2, 2);
    scale.fill(r, 0.5, 1.5);
    bias.fill(r, -1, 1);
    const std::vector<double> start = y.values;
    Check(shape("affine", n, o))
        .output_from("y", y, start, elementwise(start.size(), [&](size_t i) {
            const int row = (int)(i / o), col = (int)(i % o);
            return (scaled ? scale.values[col] : 1) * start[i] + (shifted ? bias.values[col] : 0) + (added ? rest.at(row, col) : 0);
        }))
        .run([&] {
            return candor_affine(
                y.m(), scaled ? scale.m() : nullptr, shifted ? bias.m() : nullptr, added ? rest.m() : nullptr, stream());
        });
}

// The words that decide over the elements of a sequence, written plainly.
std::vector<uint32_t> philox(uint64_t key, uint32_t group, uint32_t module, uint32_t position) {
    uint64_t c[4] = {group, module, position, 0}, k0 = (uint32_t)key, k1 = key >> 32;
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
        const uint64_t next[4] = {(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF};
        std::copy(next, next + 4, c);
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF;
    }
    return {(uint32_t)c[0], (uint32_t)c[1], (uint32_t)c[2], (uint32_t)c[3]};
}

// Rows start to end of n, of two sequences; the others are left alone.
void dropped(int n, int i, int start, int end, double rate, int gap, int offset) {
    Random r(n * 5 + i);
    Tensor<candor_bf16> x(n, i, i + gap, offset), y(n, i, i + gap);
    Tensor<int32_t> keys(1, 4), sequences(1, n), positions(1, n);
    x.fill(r, -2, 2);
    keys.set({0x01234567, 0x3456789A, 77, 5});
    const uint64_t key[2] = {0x3456789A01234567ull, (5ull << 32) + 77};
    std::vector<double> sequence, position, before;
    for (int row = 0; row < n; row++) sequence.push_back(row >= n / 2), position.push_back(row % (n / 2 + 1));
    for (int e = 0; e < n * i; e++) before.push_back(rounded(r.uniform(-1, 1)));
    sequences.set(sequence);
    positions.set(position);
    const uint32_t threshold = (uint32_t)(rate * 4294967296.0);
    const float scale = (float)(1 / (1 - rate));
    const int module = 0x10003;
    for (int add : {0, 1}) {
        const Expected expected = elementwise((size_t)n * i, [&](size_t e) {
            const int row = (int)(e / i), column = (int)(e % i);
            if (row < start || row >= end) return before[e];
            const uint32_t word = philox(key[row >= n / 2], column / 4, module, (uint32_t)position[row])[column % 4];
            return (add ? before[e] : 0) + (word >= threshold ? x.values[e] * scale : 0);
        });
        Check(shape(add ? "dropout, added" : "dropout", n, i)).output_from("y", y, before, expected).run([&] {
            const candor_dropping dropping = {
                keys.p(), sequences.p(), positions.p(), module, (int32_t)threshold, scale, start, end};
            return candor_dropout(y.m(), x.m(), &dropping, add, stream());
        });
    }
}

// Rows that are moved keep their bits.
void moved(int n, int v, int c, int gap, int offset) {
    Random r(n + v + c);
    Tensor<candor_bf16> table(v, c, c + gap, offset), x(n, c, c + gap);
    Tensor<int32_t> tokens(1, n), sources(1, n);
    table.fill(r, -1, 1);
    ids(tokens, r, v);
    ids(sources, r, v, -1);
    std::vector<double> picked, scattered;
    for (int i = 0; i < n * c; i++) {
        const int token = (int)tokens.values[i / c], source = (int)sources.values[i / c];
        picked.push_back(table.at(token, i % c));
        scattered.push_back(source < 0 ? 0 : table.at(source, i % c));
    }
    Check(shape("embed", n, v, c)).output("x", x, {picked, picked}).run([&] {
        return candor_embed(x.m(), table.m(), tokens.p(), stream());
    });
    Check(shape("gather rows", n, v, c)).output("y", x, {picked, picked}).run([&] {
        return candor_gather_rows(x.m(), table.m(), tokens.p(), stream());
    });
    Check(shape("scatter rows", n, v, c)).output("dx", x, {scattered, scattered}).run([&] {
        return candor_scatter_rows(x.m(), table.m(), sources.p(), stream());
    });
}

void cache_write(int h, int k, int d) {
    constexpr int kPage = 32, kSlabPages = 2;
    // Two sequences: rows 0 to 4 at positions 30 to 34, rows 5 to 7 at positions 0 to 2.
    const std::vector<double> positions{30, 31, 32, 33, 34, 0, 1, 2}, sequences{0, 0, 0, 0, 0, 1, 1, 1}, pages{3, 0, 2}, first{0, 2};
    const int n = 8, cols = 2 * kPage * k * d;
    Random r(d);
    Tensor<candor_bf16> qkv(n, (h + 2 * k) * d, (h + 2 * k) * d + 3), low(kSlabPages, cols, cols + 5), high(kSlabPages, cols, cols + 5);
    Tensor<int32_t> at(1, n), of(1, n), page(1, 3), begin(1, 2);
    qkv.fill(r, -1, 1);
    at.set(positions), of.set(sequences), page.set(pages), begin.set(first);
    std::vector<double> expected[2];
    for (auto& e : expected) e.assign((size_t)kSlabPages * cols, NAN);
    for (int i = 0; i < n; i++) {
        const int number = (int)pages[(int)first[(int)sequences[i]] + (int)positions[i] / kPage], t = (int)positions[i] % kPage;
        double* row = &expected[number / kSlabPages][(size_t)(number % kSlabPages) * cols];
        for (int kh = 0; kh < k; kh++) {
            for (int e = 0; e < d; e++) {
                row[(kh * kPage + t) * d + e] = qkv.at(i, (h + k + kh) * d + e);
                row[((k + kh) * d + e) * kPage + t] = qkv.at(i, (h + kh) * d + e);
            }
        }
    }
    candor_bf16* addresses[2] = {low.p(), high.p()};
    candor_bf16** slabs = nullptr;
    must(candor_memory_allocate((void**)&slabs, sizeof addresses, device()));
    must(candor_copy_to_device(slabs, sizeof addresses, addresses, sizeof addresses, sizeof addresses, 1, stream()));
    Check(shape("cache write", h, k, d))
        .output("slab 0", low, {expected[0], expected[0]})
        .output("slab 1", high, {expected[1], expected[1]})
        .run([&] {
            const candor_cache cache = {slabs, low.stride, kSlabPages, 0, page.p(), begin.p()};
            const candor_heads heads = {h, k, d, 0};
            return candor_cache_write(&cache, qkv.m(), &heads, at.p(), of.p(), stream());
        });
    must(candor_memory_release(slabs, device()));
}

}  // namespace

SUITE(norm) {
    norm(3, 1, 64, 0, 0);
    norm(5, 3, 20, 1, 1);
    norm(2, 1, 600, 8, 0);
    norm(3, 1, 1031, 2, 1);
    // Both sides of every width at which others take a row: lanes, a warp, a block, a block that reads twice.
    for (int d : {64, 128, 256, 512, 1024, 2048, 4096, 8192}) {
        norm(2, d < 256 ? 5 : 1, d, 8, 0);
        norm(1, d < 256 ? 7 : 1, d + 1, 1, 1);
    }
    norm_alone(3, 3, 40);
    norm_alone(3, 1, 128);
    norm_alone(3, 1, 896);
    norm_alone(2, 1, 1536);
}

SUITE(rope) {
    rope(7, 3, 16, 0);
    rope(5, 2, 10, 3);
}

SUITE(gated) {
    for (const Unit& unit : kUnits) {
        gated(unit, 5, 64, 0, 0);
        gated(unit, 3, 37, 1, 1);
    }
}

SUITE(affine) {
    affine(5, 64, 0, 0, true, true, true);
    affine(3, 37, 1, 1, true, false, false);
    affine(2, 19, 2, 0, false, true, true);
}

SUITE(dropout) {
    dropped(1, 1, 0, 1, 0.5, 0, 0);
    dropped(9, 64, 0, 9, 0.1, 0, 0);
    dropped(7, 37, 2, 6, 0.75, 1, 1);
    dropped(6, 1031, 0, 5, 0.01, 2, 1);
}

SUITE(rows) {
    moved(9, 12, 48, 0, 0);
    moved(5, 7, 19, 2, 1);
    cache_write(4, 2, 16);
    cache_write(3, 1, 24);
}
