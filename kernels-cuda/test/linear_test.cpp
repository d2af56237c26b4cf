// Linear layers with and without adapters, forward and backward.
#include <algorithm>
#include <cmath>

#include "candor_tuning.h"
#include "op_check.h"

using namespace op_check;

namespace {

struct Adapter {
    int rank, start, end;
    bool trained;
    int column = 0, output = 0, outputs = 0;  // of a part of the layer; 0: of all outputs
    int outputs_of(int o) const { return outputs ? outputs : o; }
    bool has_row(int row) const { return row >= start && row < end; }
};

struct Case {
    const char* name;
    int n, i, o;
    std::vector<Adapter> adapters;
    bool bias, residual;
    int gap;     // elements between rows
    int offset;  // elements before the first row
    bool alone = false;  // without the weight
};

struct Factors {
    Tensor<float> a, b, da, db;
    Adapter at;
    float scale;
    Factors(const Adapter& at, int i, int o, Random& r)
        : a(at.rank, i, i + 3), b(at.outputs_of(o), at.rank, at.rank + 1), da(at.rank, i, i + 2),
          db(at.outputs_of(o), at.rank, at.rank + 5), at(at), scale((float)r.uniform(0.5, 2)) {
        a.fill(r, -1, 1);
        b.fill(r, -1, 1);
    }
    candor_lora entry() {
        return {*a.m(), *b.m(), at.trained ? *da.m() : candor_matrix{}, at.trained ? *db.m() : candor_matrix{}, scale, at.start,
            at.end, at.column, at.output, 0, {}};
    }
};

int padded(const Case& c) {
    int rank = 0;
    for (const Adapter& a : c.adapters) rank = std::max(rank, a.column + a.rank);
    return (rank + 15) / 16 * 16;
}

using Sum = double;  // the exact form's
// A product as the plain form sums it: float32, in order.
template <class Get>
double dot(int k, bool plain, Get get) {
    if (plain) {
        float sum = 0;
        for (int j = 0; j < k; j++) sum += (float)get(j);
        return sum;
    }
    Sum sum = 0;
    for (int j = 0; j < k; j++) sum += get(j);
    return sum;
}

double bf(double v, bool plain) { return plain ? rounded(v) : v; }

struct Problem {
    Case c;
    Random r;
    Tensor<candor_bf16> x, w, dy, residual;
    Tensor<float> bias;
    std::vector<std::unique_ptr<Factors>> factors;
    std::vector<candor_lora> entries;
    int p;

    explicit Problem(const Case& c)
        : c(c), r(c.n * 1000003ull + c.i * 1009 + c.o), x(c.n, c.i, c.i + c.gap, c.offset), w(c.o, c.i, c.i + c.gap, c.offset),
          dy(c.n, c.o, c.o + c.gap, c.offset), residual(c.n, c.o, c.o + c.gap, c.offset), bias(1, c.o), p(padded(c)) {
        x.fill(r, -1, 1);
        w.fill(r, -1, 1);
        dy.fill(r, -1, 1);
        residual.fill(r, -4, 4);
        bias.fill(r, -4, 4);
        for (const Adapter& a : c.adapters) {
            factors.push_back(std::make_unique<Factors>(a, c.i, c.o, r));
            entries.push_back(factors.back()->entry());
        }
    }

    const candor_matrix* weight() const { return c.alone ? nullptr : w.m(); }

    // t, or dt where `back`: (N,P); NaN for rows without factors.
    std::vector<double> down(bool back, bool plain) const {
        std::vector<double> t((size_t)c.n * std::max(p, 1), NAN);
        for (const auto& f : factors) {
            for (int n = f->at.start; n < f->at.end; n++) {
                if (f->at.column == 0 || std::isnan(t[(size_t)n * p])) std::fill_n(t.begin() + (size_t)n * p, p, 0.0);
                for (int q = 0; q < f->at.rank; q++) {
                    const double v = back
                        ? dot(f->b.rows, plain, [&](int o) { return dy.at(n, f->at.output + o) * bf(f->b.at(o, q), plain); })
                        : dot(c.i, plain, [&](int i) { return x.at(n, i) * bf(f->a.at(q, i), plain); });
                    t[(size_t)n * p + f->at.column + q] = bf(v * f->scale, plain);
                }
            }
        }
        return t;
    }

    std::vector<double> forward(bool plain) const {
        const std::vector<double> t = down(false, plain);
        std::vector<double> y((size_t)c.n * c.o);
        for (int n = 0; n < c.n; n++) {
            for (int o = 0; o < c.o; o++) {
                double v = dot(c.alone ? 0 : c.i, plain, [&](int i) { return x.at(n, i) * w.at(o, i); });
                for (const auto& f : factors) {
                    const int row = o - f->at.output;
                    if (!f->at.has_row(n) || row < 0 || row >= f->b.rows) continue;
                    const double* own = &t[(size_t)n * p + f->at.column];
                    v += dot(f->at.rank, plain, [&](int q) { return own[q] * bf(f->b.at(row, q), plain); });
                }
                if (c.bias) v += bias.at(0, o);
                if (c.residual) v += residual.at(n, o);
                y[(size_t)n * c.o + o] = bf(v, plain);
            }
        }
        return y;
    }

    std::vector<double> backward(bool plain, const std::vector<double>* start) const {
        const std::vector<double> dt = down(true, plain);
        std::vector<double> dx((size_t)c.n * c.i);
        for (int n = 0; n < c.n; n++) {
            for (int i = 0; i < c.i; i++) {
                double v = dot(c.alone ? 0 : c.o, plain, [&](int o) { return dy.at(n, o) * w.at(o, i); });
                for (const auto& f : factors) {
                    if (!f->at.has_row(n)) continue;
                    const double* own = &dt[(size_t)n * p + f->at.column];
                    v += dot(f->at.rank, plain, [&](int q) { return own[q] * bf(f->a.at(q, i), plain); });
                }
                if (start) v += (*start)[(size_t)n * c.i + i];
                dx[(size_t)n * c.i + i] = bf(v, plain);
            }
        }
        return dx;
    }

    // da (R,I) or db (O,R), on top of `start`; t is the one that the operation is given.
    std::vector<double> gradient(const Factors& f, bool of_a, const std::vector<double>& t, const std::vector<double>& start,
        bool plain) const {
        const std::vector<double> dt = down(true, plain);
        std::vector<double> g = start;
        const int rows = of_a ? f.at.rank : f.b.rows, cols = of_a ? c.i : f.at.rank;
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                g[(size_t)r * cols + k] += dot(f.at.end - f.at.start, plain, [&](int j) {
                    const size_t n = f.at.start + j;
                    return of_a ? dt[n * p + f.at.column + r] * x.at((int)n, k)
                                : dy.at((int)n, f.at.output + r) * t[n * p + f.at.column + k];
                });
            }
        }
        return g;
    }
};

void forward(const Case& c) {
    Problem q(c);
    Tensor<candor_bf16> y(c.n, c.o, c.o + c.gap, c.offset), t(c.n, std::max(q.p, 1), std::max(q.p, 1) + c.gap);
    Check check(std::string("linear ") + c.name);
    const Expected expected{q.forward(false), q.forward(true)};
    const bool in_place = c.residual && c.n % 2;
    if (in_place) {
        check.output_from("y", y, q.residual.values, expected);
    } else {
        check.output("y", y, expected);
    }
    if (q.p) check.output("t", t, {q.down(false, false), q.down(false, true)});
    const candor_matrix* residual = c.residual ? (in_place ? y.m() : q.residual.m()) : nullptr;
    check.run([&] {
        return candor_linear(y.m(), q.p ? t.m() : nullptr, q.x.m(), q.weight(), c.bias ? q.bias.m() : nullptr, residual,
            q.entries.data(), (int)q.entries.size(), nullptr, stream());
    });
}

void backward(const Case& c) {
    Problem q(c);
    Tensor<candor_bf16> dx(c.n, c.i, c.i + c.gap, c.offset), dt(c.n, std::max(q.p, 1), std::max(q.p, 1) + c.gap),
        t(c.n, std::max(q.p, 1), std::max(q.p, 1) + c.gap);
    t.set(q.down(false, true));
    Check check(std::string("linear backward ") + c.name);
    Random r(7);
    std::vector<double> start((size_t)c.n * c.i);
    for (double& v : start) v = rounded(r.uniform(-4, 4));
    const bool add = c.residual;
    const std::vector<double>* from = add ? &start : nullptr;
    const Expected expected{q.backward(false, from), q.backward(true, from)};
    if (add) {
        check.output_from("dx", dx, start, expected);
    } else {
        check.output("dx", dx, expected);
    }
    if (q.p) check.output("dt", dt, {q.down(true, false), q.down(true, true)});
    for (const auto& f : q.factors) {
        if (!f->at.trained) continue;
        std::vector<double> da(f->da.rows * (size_t)f->da.cols), db(f->db.rows * (size_t)f->db.cols);
        for (double& v : da) v = (float)r.uniform(-1, 1);
        for (double& v : db) v = (float)r.uniform(-1, 1);
        const int steps = (f->at.end - f->at.start) / 16 + 1;
        check.output_from(
            "da", f->da, da, {q.gradient(*f, true, t.values, da, false), q.gradient(*f, true, t.values, da, true), steps});
        check.output_from(
            "db", f->db, db, {q.gradient(*f, false, t.values, db, false), q.gradient(*f, false, t.values, db, true), steps});
    }
    check.run([&] {
        return candor_linear_backward(dx.m(), q.p ? dt.m() : nullptr, q.dy.m(), q.x.m(), q.p ? t.m() : nullptr, q.weight(), 1,
            q.entries.data(), (int)q.entries.size(), add, stream());
    });
}

const std::vector<Case>& shapes() {
    static const std::vector<Case> all = {
        {"1x8x8", 1, 8, 8, {}, false, false, 0, 0},
        {"64x64x64", 64, 64, 64, {}, false, false, 0, 0},
        {"70x72x50 bias", 70, 72, 50, {}, true, false, 0, 0},
        {"5x48x130 residual", 5, 48, 130, {}, true, true, 0, 0},
        {"33x41x37 no row aligned", 33, 41, 37, {}, false, true, 2, 1},
        {"131x40x260 many tiles", 131, 40, 260, {}, false, false, 8, 0},
        {"40x48x56 one adapter", 40, 48, 56, {{8, 0, 40, true}}, false, false, 0, 0},
        {"90x56x80 three adapters, a gap", 90, 56, 80, {{8, 0, 31, true}, {5, 31, 50, true}, {20, 66, 90, true}}, true, true, 8, 0},
        {"23x33x35 frozen and trained, no row aligned", 23, 33, 35, {{3, 1, 9, false}, {40, 12, 23, true}}, false, true, 1, 1},
        {"600x24x40 sums over two pieces", 600, 24, 40, {{16, 2, 600, true}}, false, false, 0, 0},
        {"71x56x80 adapters alone, a gap", 71, 56, 80, {{8, 0, 31, true}, {20, 60, 71, true}}, true, true, 8, 0, true},
        {"90x56x112 siblings, three adapters of which one lacks a layer", 90, 56, 112,
            {{8, 0, 31, true, 0, 0, 48}, {17, 0, 31, true, 16, 48, 40}, {3, 0, 31, true, 48, 88, 24}, {5, 31, 50, true, 16, 48, 40},
                {16, 66, 90, true, 0, 0, 48}, {7, 66, 90, false, 48, 88, 24}},
            true, true, 8, 0},
        {"23x33x35 siblings, no row aligned", 23, 33, 35, {{3, 1, 23, true, 0, 0, 19}, {20, 1, 23, true, 16, 19, 16}}, false, true, 1, 1},
        {"530x24x40 siblings, sums over two pieces", 530, 24, 40, {{16, 2, 530, true, 0, 0, 8}, {9, 2, 530, true, 16, 8, 32}}, false, false, 0, 0},
        {"40x2100x24 t in two pieces", 40, 2100, 24, {{8, 0, 17, true}, {20, 19, 40, true}}, false, false, 4, 0},
        {"37x24x3110 siblings, dt in three pieces", 37, 24, 3110, {{8, 0, 31, true, 0, 0, 2000}, {17, 0, 31, true, 16, 2000, 1110}},
            false, true, 2, 0},
        {"24x33x35 adapters alone, no row aligned", 24, 33, 35, {{3, 1, 9, false}, {40, 12, 24, true}}, false, false, 1, 1, true},
    };
    return all;
}

}  // namespace

SUITE(linear) {
    for (const Case& c : shapes()) forward(c);
}

SUITE(linear_backward) {
    for (const Case& c : shapes()) backward(c);
}

// More adapters than the parameters of one launch hold.
SUITE(linear_many_adapters) {
    Case c{"70x16x24, 35 adapters", 70, 16, 24, {}, false, false, 0, 0};
    for (int e = 0; e < 35; e++) c.adapters.push_back({1 + e % 7, 2 * e, 2 * e + 2, true});
    forward(c);
    backward(c);
    Case siblings{"70x16x24, 35 adapters of three siblings", 70, 16, 24, {}, false, false, 0, 0};
    for (int e = 0; e < 105; e++) {
        siblings.adapters.push_back({1 + e % 7, e / 3 * 2, e / 3 * 2 + 2, true, e % 3 * 16, e % 3 * 8, 8});
    }
    forward(siblings);
    backward(siblings);
}

namespace {

// The bytes of y and dx for some rows of a problem, and whether nothing else was written.
struct Bytes {
    std::vector<candor_bf16> y, dx;
    bool clean;
    bool operator==(const Bytes& other) const { return clean && other.clean && y == other.y && dx == other.dx; }
};

// Rows [first, first + count), computed without the others.
Bytes alone(const Problem& q, int first, int count) {
    const Case& c = q.c;
    std::vector<candor_lora> entries;
    for (candor_lora e : q.entries) {
        e.start = std::min(std::max(e.start - first, 0), count), e.end = std::min(std::max(e.end - first, 0), count);
        e.da = e.db = {};
        entries.push_back(e);
    }
    const int p = std::max(q.p, 8);
    Tensor<candor_bf16> y(count, c.o, c.o + c.gap), dx(count, c.i, c.i + c.gap), t(count, p), dt(count, p);
    y.poison();
    dx.set(std::vector<double>(q.x.values.begin() + first * c.i, q.x.values.begin() + (first + count) * c.i));
    const candor_matrix x = q.x.rows_from(first, count), dy = q.dy.rows_from(first, count),
                        residual = q.residual.rows_from(first, count);
    must(candor_linear(y.m(), t.m(), &x, q.weight(), c.bias ? q.bias.m() : nullptr, c.residual ? &residual : nullptr,
        entries.data(), (int)entries.size(), nullptr, stream()));
    must(candor_linear_backward(
        dx.m(), dt.m(), &dy, &x, t.m(), q.weight(), 1, entries.data(), (int)entries.size(), c.residual, stream()));
    return {y.bits(), dx.bits(), y.sentinels_untouched() && dx.sentinels_untouched()};
}

Bytes rows_of(const Bytes& all, const Problem& q, int first, int count) {
    const auto part = [&](const std::vector<candor_bf16>& v, int cols) {
        return std::vector<candor_bf16>(v.begin() + first * cols, v.begin() + (first + count) * cols);
    };
    return {part(all.y, q.c.o), part(all.dx, q.c.i), all.clean};
}

// More than one tile in each direction, more steps than stages, adapters that end within a tile.
const std::vector<Case>& tiled_shapes() {
    static const std::vector<Case> all = {
        {"150x1096x264", 150, 1096, 264, {}, false, false, 0, 0},
        {"270x136x520, one adapter, bias", 270, 136, 520, {{16, 0, 270, true}}, true, true, 8, 0},
        {"201x200x72, three adapters", 201, 200, 72, {{24, 3, 70, true}, {7, 70, 129, false}, {16, 140, 201, true}}, false, true, 0, 8},
        {"150x2120x40, t in two pieces", 150, 2120, 40, {{24, 3, 70, true}, {7, 70, 129, false}, {16, 140, 150, true}}, false, false, 0, 0},
        {"140x40x3080, dt in three pieces", 140, 40, 3080, {{16, 0, 70, true}, {9, 70, 129, true}}, false, false, 0, 0},
        {"140x72x264, adapters alone", 140, 72, 264, {{16, 0, 70, true}, {9, 70, 129, true}}, false, true, 0, 0, true},
        {"201x72x392, siblings of two adapters", 201, 72, 392,
            {{24, 3, 130, true, 0, 0, 264}, {7, 3, 130, false, 32, 264, 64}, {16, 3, 130, false, 48, 328, 64},
                {16, 140, 201, true, 0, 0, 264}, {9, 140, 201, true, 48, 328, 64}},
            true, true, 8, 8},
        {"65x64x131, unaligned y", 65, 64, 131, {{5, 1, 64, true}}, true, true, 5, 8},
    };
    return all;
}

// Whether t or dt are summed over pieces of k.
bool in_pieces(const Case& c) { return c.i > 2000 || c.o > 2000; }

}  // namespace

// A row's bytes depend on no other row, nor on how many there are.
SUITE(linear_rows_alone) {
    for (const Case& c : tiled_shapes()) {
        const Problem q(c);
        const Bytes all = alone(q, 0, c.n);
        for (const auto& [first, count] : {std::pair{0, 1}, {c.n - 1, 1}, {c.n / 3, 17}, {2, 130}}) {
            if (first + count > c.n) continue;
            expect(std::string("rows alone: ") + c.name + ", " + std::to_string(count) + " from " + std::to_string(first),
                alone(q, first, count) == rows_of(all, q, first, count), "other bytes");
        }
    }
}

namespace {

// Device memory for the adapters of a problem, and their places in it: not in the order of their rows, and more than there are.
class Image {
public:
    explicit Image(Problem& q) : q_(q) {
        int runs = 0;
        for (size_t e = 0; e < q.entries.size(); e++) runs += begins(e);
        image_ = {nullptr, runs + 2, q.p, q.c.i, q.c.o};
        must(candor_lora_image_bytes(&bytes_, &image_));
        must(candor_memory_allocate(&image_.memory, bytes_, device()));
        must(candor_zero(image_.memory, bytes_, bytes_, 1, stream()));
        int slot = runs + 1;
        for (size_t e = 0; e < q.entries.size(); e++) {
            slot -= begins(e);
            q.entries[e].image = image_;
            q.entries[e].slot = slot;
        }
    }
    ~Image() {
        must(candor_stream_synchronise(stream()));
        must(candor_memory_release(image_.memory, device()));
    }
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;

    void pack() const { must(candor_lora_pack(q_.entries.data(), (int)q_.entries.size(), stream())); }

private:
    bool begins(size_t e) const { return e == 0 || q_.entries[e].start != q_.entries[e - 1].start; }

    Problem& q_;
    candor_lora_image image_;
    int64_t bytes_ = 0;
};

void image_for(const Case& c) {
    if (c.adapters.empty()) return;
    Problem packed_each_time(c), kept(c);
    const Bytes before = alone(packed_each_time, 0, c.n);
    const Image image(kept);
    image.pack();
    expect(std::string("image: ") + c.name, alone(kept, 0, c.n) == before, "other bytes");
    for (Problem* q : {&packed_each_time, &kept}) {
        Factors& f = *q->factors.back();
        f.a.p()[0] = 3 - f.a.p()[0];
        f.b.p()[0] = 3 - f.b.p()[0];
    }
    expect(std::string("image as it was: ") + c.name, alone(kept, 0, c.n) == before, "other bytes before factors are packed again");
    image.pack();
    const Bytes after = alone(packed_each_time, 0, c.n);
    expect(std::string("image anew: ") + c.name, alone(kept, 0, c.n) == after && !(after == before), "other bytes");
}

}  // namespace

// An image of the factors gives the bytes of factors packed in each call, and those that they had when it was made.
SUITE(linear_images) {
    for (const Case& c : shapes()) image_for(c);
    for (const Case& c : tiled_shapes()) image_for(c);
    Case many{"70x16x24, 35 adapters of three siblings", 70, 16, 24, {}, false, false, 0, 0};
    for (int e = 0; e < 105; e++) {
        many.adapters.push_back({1 + e % 7, e / 3 * 2, e / 3 * 2 + 2, true, e % 3 * 16, e % 3 * 8, 8});
    }
    image_for(many);
}

namespace {

bool nan_everywhere(const std::vector<candor_bf16>& values) {
    return std::all_of(values.begin(), values.end(), [](candor_bf16 v) { return (v & 0x7f80) == 0x7f80 && (v & 0x7f); });
}

// A factor of one adapter is not finite: its own rows are NaN, as they are without the others, and all other rows have the bytes
// that they have beside a healthy adapter. 3.4e38 is finite in float32 alone.
void not_finite(const Case& c, int sick, bool in_a, float value) {
    Problem q(c);
    const Bytes healthy = alone(q, 0, c.n);
    Factors& f = *q.factors[sick];
    Tensor<float>& factor = in_a ? f.a : f.b;
    factor.p()[(factor.rows - 1) * factor.stride + factor.cols / 2] = value;
    const Bytes all = alone(q, 0, c.n);
    const int start = f.at.start, end = f.at.end;
    const std::string what = std::string("not finite: ") + c.name + ", adapter " + std::to_string(sick) + (in_a ? ", a" : ", b");
    const Bytes own = rows_of(all, q, start, end - start);
    expect(what, nan_everywhere(own.y) && nan_everywhere(own.dx), "own rows that are numbers");
    expect(what, own == alone(q, start, end - start), "other bytes in own rows than alone");
    expect(what, rows_of(all, q, 0, start) == rows_of(healthy, q, 0, start), "other bytes in rows before");
    expect(what, rows_of(all, q, end, c.n - end) == rows_of(healthy, q, end, c.n - end), "other bytes in rows behind");
}

}  // namespace

SUITE(linear_not_finite) {
    for (const Case& c : tiled_shapes()) {
        for (int sick = 0; sick < (int)c.adapters.size(); sick++) {
            not_finite(c, sick, true, INFINITY);
            if (in_pieces(c)) break;  // one is enough to see what becomes of the sum
            not_finite(c, sick, false, -INFINITY);
            not_finite(c, sick, false, 3.4e38f);
            not_finite(c, sick, true, NAN);
        }
    }
}

// On a device without wgmma bytes are the same wherever rows lie. On sm_90a products of such operands go by mma.sync, and the judge
// alone has its say.
SUITE(linear_views) {
    candor_device_properties properties;
    must(candor_device_describe(&properties, device()));
    if (properties.major == 9) return;
    for (const Case& dense : tiled_shapes()) {
        Case plain = dense, views = dense;
        plain.gap = plain.offset = 0;
        views.gap = 3, views.offset = 1;
        const Problem p(plain), q(views);
        expect(std::string("views: ") + dense.name, alone(q, 0, dense.n) == alone(p, 0, dense.n), "other bytes");
    }
}

// Every tile of sm_90a's products, asked for by its number: the first one is judged, the others have to give its bytes.
SUITE(linear_tiles) {
    candor_device_properties properties;
    must(candor_device_describe(&properties, device()));
    if (properties.major != 9) return;
    for (const Case& c : tiled_shapes()) {
        candor_tile_use(0, 1);
        forward(c);
        backward(c);
        const Problem q(c);
        const Bytes first = alone(q, 0, c.n);
        for (int tile = 1; tile < candor_tile_count(); tile++) {
            candor_tile_use(tile, 64 * (1 + tile % 5));
            expect(std::string("tiles alike: ") + c.name + ", " + candor_tile_name(tile), alone(q, 0, c.n) == first, "other bytes");
        }
    }
    candor_tile_use(-1, 0);
}

// The same of mma.sync's tiles, on every device.
SUITE(linear_mma_tiles) {
    for (const Case& c : tiled_shapes()) {
        if (c.i * c.o > 100000) continue;  // nothing else is new in it, and it takes long
        candor_mma_tile_use(0);
        forward(c);
        backward(c);
        const Problem q(c);
        const Bytes first = alone(q, 0, c.n);
        for (int tile = 1; tile < candor_mma_tile_count(); tile++) {
            candor_mma_tile_use(tile);
            expect(
                std::string("tiles alike: ") + c.name + ", " + candor_mma_tile_name(tile), alone(q, 0, c.n) == first, "other bytes");
        }
    }
    candor_mma_tile_use(-1);
}

// A weight in parts, wherever these lie, gives the bytes of the whole.
SUITE(linear_parts) {
    for (const Case& c : tiled_shapes()) {
        if (c.alone) continue;
        const Problem q(c);
        Tensor<candor_bf16> whole(c.n, c.i), parts(c.n, c.i), dt(c.n, std::max(q.p, 16));
        const int cut = c.o / 3;
        const candor_matrix w[] = {q.w.rows_from(0, cut), q.w.rows_from(cut, c.o - cut)};
        for (int add = 0; add < 2; add++) {
            const std::vector<double> start((size_t)c.n * c.i, 0.25);
            whole.set(start), parts.set(start);
            std::vector<candor_lora> entries = q.entries;
            for (candor_lora& e : entries) e.da = e.db = {};
            const auto run = [&](const Tensor<candor_bf16>& dx, const candor_matrix* of, int count) {
                must(candor_linear_backward(dx.m(), q.p ? dt.m() : nullptr, q.dy.m(), nullptr, nullptr, of, count, entries.data(),
                    (int)entries.size(), add, stream()));
            };
            run(whole, q.weight(), 1), run(parts, w, 2);
            expect(std::string("parts: ") + c.name, whole.bits() == parts.bits(), "other bytes");
        }
    }
}
