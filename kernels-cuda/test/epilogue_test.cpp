// Linear layers that end with another operation: the bytes of the two, one after the other.
#include <cmath>

#include "candor_tuning.h"
#include "op_check.h"

using namespace op_check;

namespace {

// Adapters of rank `rank` on rows [start, end), for outputs [output, output + outputs).
struct Adapter {
    int rank, start, end, column, output, outputs;
};

struct Layer {
    const char* name;
    int n, i;
    bool bias;
    std::vector<Adapter> adapters;
    int gap = 0, offset = 0;  // of y: elements between rows, and before the first
};

// A layer (O,I) with whatever is on it.
struct Problem {
    const Layer& c;
    const int o, p;
    Random r;
    Tensor<candor_bf16> x, w;
    Tensor<float> bias;
    std::vector<std::unique_ptr<Tensor<float>>> factors;
    std::vector<candor_lora> entries;

    static int columns(const Layer& c) {
        int p = 0;
        for (const Adapter& a : c.adapters) p = std::max(p, (a.column + a.rank + 15) / 16 * 16);
        return p;
    }

    Problem(const Layer& c, int o)
        : c(c), o(o), p(columns(c)), r(c.n * 1009 + o), x(c.n, c.i), w(o, c.i), bias(1, o) {
        x.fill(r, -1, 1);
        w.fill(r, -0.5, 0.5);
        bias.fill(r, -2, 2);
        for (const Adapter& a : c.adapters) {
            if (a.output >= o) continue;
            const int outputs = std::min(a.outputs, o - a.output);
            factors.push_back(std::make_unique<Tensor<float>>(a.rank, c.i));
            factors.push_back(std::make_unique<Tensor<float>>(outputs, a.rank));
            candor_lora entry = {};
            entry.a = *factors[factors.size() - 2]->fill(r, -1, 1).m(), entry.b = *factors.back()->fill(r, -1, 1).m();
            entry.scale = 0.5f, entry.start = a.start, entry.end = a.end, entry.column = a.column, entry.output = a.output;
            entries.push_back(entry);
        }
    }

    void run(const Tensor<candor_bf16>& y, const Tensor<candor_bf16>& t, const candor_epilogue* then) const {
        must(candor_linear(y.m(), p ? t.m() : nullptr, x.m(), w.m(), c.bias ? bias.m() : nullptr, nullptr, entries.data(),
            (int)entries.size(), then, stream()));
    }
};

const std::vector<Layer>& layers() {
    static const std::vector<Layer> all = {
        {"one row", 1, 72, false, {}},
        {"70 rows, bias", 70, 136, true, {}},
        {"201 rows, siblings of two adapters", 201, 72, true,
            {{24, 3, 130, 0, 0, 96}, {7, 3, 130, 32, 96, 64}, {16, 140, 201, 0, 0, 96}, {9, 140, 201, 48, 160, 1000}}},
        {"131 rows with gaps", 131, 40, false, {{16, 0, 131, 0, 0, 1000}}, 8, 8},
        {"67 rows, none of y aligned", 67, 64, true, {{5, 1, 64, 0, 0, 1000}}, 3, 1},
    };
    return all;
}

bool on_hopper() {
    candor_device_properties properties;
    must(candor_device_describe(&properties, device()));
    return properties.major == 9;
}

// As it is chosen and, where tiles can do it on their way out, with every one that products of this device have.
void each_tile(bool joined, const std::function<void(const std::string&)>& body) {
    body("");
    if (!joined || !on_hopper()) return;
    for (int tile = 0; tile < candor_tile_count(); tile++) {
        candor_tile_use(tile, 64 * (1 + tile % 3));
        body(std::string(", tile ") + candor_tile_name(tile));
    }
    candor_tile_use(-1, 0);
}

// `heads` of `all` heads turn, the others and `rest` columns behind them do not.
void rope(const Layer& c, int width, int heads, int all, int rest, int table_gap) {
    Problem q(c, all * width + rest);
    const int positions = 300;
    Tensor<float> table(positions, width, width + table_gap);
    Tensor<int32_t> at(1, c.n);
    table.fill(q.r, -1, 1);
    std::vector<double> places(c.n);
    for (int n = 0; n < c.n; n++) places[n] = n == 0 ? positions - 1 : q.r.below(positions);
    at.set(places);
    candor_epilogue then = {};
    then.operation = CANDOR_ROPE, then.heads = heads, then.table = *table.m(), then.positions = at.p();
    Tensor<candor_bf16> apart(c.n, q.o, q.o + c.gap, c.offset), y(c.n, q.o, q.o + c.gap, c.offset), t(c.n, std::max(q.p, 1)),
        one_t(c.n, std::max(q.p, 1));
    const candor_matrix turning = {apart.p(), apart.stride, c.n, heads * width, CANDOR_BF16, nullptr};
    const bool joined = c.offset % 8 == 0 && width % 64 == 0 && table_gap % 2 == 0;
    each_tile(joined, [&](const std::string& tile) {
        apart.poison(), y.poison(), t.poison(), one_t.poison();
        q.run(apart, t, nullptr);
        must(candor_rope(&turning, table.m(), at.p(), 1, stream()));
        q.run(y, one_t, &then);
        expect("rope behind a layer: " + std::string(c.name) + ", " + std::to_string(heads) + " of " + std::to_string(all) + "x"
                + std::to_string(width) + tile,
            y.bits() == apart.bits() && t.bits() == one_t.bits() && y.sentinels_untouched(), "other bytes than one after the other");
    });
}

}  // namespace

SUITE(linear_rope) {
    for (const Layer& c : layers()) {
        rope(c, 128, 2, 3, 0, 2);
        rope(c, 64, 7, 9, 8, 64);
        rope(c, 128, 1, 1, 0, 1);  // a table that is not read by pairs
        rope(c, 32, 4, 6, 0, 0);
        rope(c, 96, 3, 5, 0, 0);
        rope(c, 2, 9, 20, 0, 0);
    }
}

namespace {

// What comes of y = [gate | up] (N,2F), with y kept and not.
void gated(const Layer& c, int f, bool gelu) {
    Problem q(c, 2 * f);
    const auto matrix = [&](int columns) { return std::make_unique<Tensor<candor_bf16>>(c.n, columns, columns + c.gap, c.offset); };
    const auto apart = matrix(2 * f), y = matrix(2 * f), expected = matrix(f), out = matrix(f);
    Tensor<candor_bf16> t(c.n, std::max(q.p, 1)), one_t(c.n, std::max(q.p, 1));
    candor_epilogue then = {};
    then.operation = gelu ? CANDOR_GEGLU : CANDOR_SWIGLU, then.gated = *out->m();
    each_tile(c.offset % 8 == 0 && f % 8 == 0, [&](const std::string& tile) {
        apart->poison(), expected->poison(), t.poison();
        q.run(*apart, t, nullptr);
        must((gelu ? candor_geglu : candor_swiglu)(expected->m(), apart->m(), stream()));
        for (const int kept : {1, 0}) {
            y->poison(), out->poison(), one_t.poison();
            then.kept = kept;
            q.run(*y, one_t, &then);
            expect(std::string(gelu ? "geglu" : "swiglu") + " behind a layer: " + c.name + ", F=" + std::to_string(f)
                    + (kept ? "" : ", y not kept") + tile,
                out->bits() == expected->bits() && (!kept || y->bits() == apart->bits()) && t.bits() == one_t.bits()
                    && y->sentinels_untouched() && out->sentinels_untouched(),
                "other bytes than one after the other");
        }
    });
}

}  // namespace

SUITE(linear_gated) {
    for (const Layer& c : layers()) {
        gated(c, 136, true);
        gated(c, 264, false);
        gated(c, 37, true);   // what no TMA writes
        gated(c, 131, false);
    }
}
