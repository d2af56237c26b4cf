// Attention over packed sequences, forward and backward.
#include "attention_reference.h"
#include "candor_tuning.h"

using namespace op_check;

namespace {

struct Case {
    const char* name;
    std::vector<int> lengths;
    int h, k, d;
    int gap, offset;
    int window = 0;
};

struct Problem {
    Case c;
    int n = 0, longest = 0;
    std::vector<int> starts{0};
    candor_heads heads;
    candor_sequences sequences;
    std::unique_ptr<Tensor<candor_bf16>> qkv, dout;
    std::unique_ptr<Tensor<int32_t>> device_starts;

    explicit Problem(const Case& c) : c(c), heads{c.h, c.k, c.d, c.window} {
        for (int length : c.lengths) {
            starts.push_back(starts.back() + length);
            longest = std::max(longest, length);
        }
        n = starts.back();
        Random r(n * 7919ull + c.h * 31 + c.d);
        qkv = std::make_unique<Tensor<candor_bf16>>(n, (c.h + 2 * c.k) * c.d, (c.h + 2 * c.k) * c.d + c.gap, c.offset);
        dout = std::make_unique<Tensor<candor_bf16>>(n, c.h * c.d, c.h * c.d + c.gap, c.offset);
        qkv->fill(r, -2, 2);
        dout->fill(r, -1, 1);
        device_starts = std::make_unique<Tensor<int32_t>>(1, (int)starts.size());
        device_starts->set(std::vector<double>(starts.begin(), starts.end()));
        sequences = {device_starts->p(), (int)c.lengths.size(), longest};
    }

    // Columns of a head, of the tokens of a sequence.
    Rows rows(const Tensor<candor_bf16>& from, int sequence, int column) const {
        Rows all;
        for (int n = starts[sequence]; n < starts[sequence + 1]; n++) {
            const double* p = &from.values[(size_t)n * from.cols + column];
            all.emplace_back(p, p + c.d);
        }
        return all;
    }

    struct Result {
        std::vector<double> o, lse, dqkv;
    };

    Result solve(bool plain) const {
        Result r;
        r.o.assign((size_t)n * c.h * c.d, 0);
        r.lse.assign((size_t)n * c.h, 0);
        r.dqkv.assign(qkv->values.size(), 0);
        for (int s = 0; s + 1 < (int)starts.size(); s++) {
            for (int head = 0; head < c.h; head++) solve_head(s, head, plain, r);
        }
        if (plain) {
            for (double& v : r.dqkv) v = rounded((float)v);
        }
        return r;
    }

    void solve_head(int sequence, int head, bool plain, Result& r) const {
        const int key_head = head / (c.h / c.k), start = starts[sequence], d = c.d;
        const int key_column = (c.h + key_head) * d, value_column = (c.h + c.k + key_head) * d;
        const Rows q = rows(*qkv, sequence, head * d), k = rows(*qkv, sequence, key_column);
        const Rows v = rows(*qkv, sequence, value_column), dout = rows(*this->dout, sequence, head * d);
        const double scale = 1 / std::sqrt((double)d);
        const auto gradient = [&](int token, int column) { return &r.dqkv[(size_t)(start + token) * qkv->cols + column]; };
        for (int i = 0; i < (int)q.size(); i++) {
            const AttendedRow row = attend(q[i], k, v, i + 1, c.window, plain);
            std::copy(row.o.begin(), row.o.end(), &r.o[((size_t)(start + i) * c.h + head) * d]);
            r.lse[(size_t)(start + i) * c.h + head] = row.lse;
            const double delta = sum_of_products(dout[i], row.o, plain);
            for (int j = first_seen(i + 1, c.window); j <= i; j++) {
                const double dp = sum_of_products(dout[i], v[j], plain);
                const double exact = row.weights[j] * (dp - delta);
                const double ds = plain ? rounded((float)exact) : exact;
                const double weight = plain ? rounded(row.weights[j]) : row.weights[j];
                for (int e = 0; e < d; e++) {
                    gradient(i, head * d)[e] += ds * k[j][e] * scale;
                    gradient(j, key_column)[e] += ds * q[i][e] * scale;
                    gradient(j, value_column)[e] += weight * dout[i][e];
                }
            }
        }
    }
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"one token, width 8", {1}, 1, 1, 8, 0, 0},
        {"7 and 70 rows, width 8", {7, 70}, 6, 2, 8, 0, 0},
        {"64 rows, width 16", {64}, 4, 2, 16, 0, 0},
        {"5, 1, 33 rows, width 32, one key head", {5, 1, 33}, 4, 1, 32, 8, 0},
        {"130 rows, width 64", {130}, 2, 1, 64, 0, 0},
        {"40, 66 rows, width 96", {40, 66}, 2, 2, 96, 0, 0},
        {"97 rows, width 128", {97}, 2, 1, 128, 0, 0},
        {"19, 50 rows, width 24, no row aligned", {19, 50}, 3, 3, 24, 3, 1},
        {"19, 50 rows, width 64, no row aligned", {19, 50}, 2, 2, 64, 3, 1},
        {"1, 63, 0, 64, 65 rows, width 64, groups of 3", {1, 63, 0, 64, 65}, 3, 1, 64, 8, 8},
        {"200, 129 rows, width 64", {200, 129}, 2, 2, 64, 0, 0},
        {"0, 65, 128, 1 rows, width 128", {0, 65, 128, 1}, 2, 2, 128, 8, 0},
        {"200, 31 rows, width 128, groups of 2", {200, 31}, 4, 2, 128, 0, 16},
        {"520 rows, width 64", {520}, 1, 1, 64, 0, 0},
        {"2, 400 rows, width 128", {2, 400}, 1, 1, 128, 0, 0},
        {"70, 9 rows, width 16, window 5", {70, 9}, 2, 1, 16, 0, 0, 5},
        {"150, 64 rows, width 32, window 64", {150, 64}, 2, 2, 32, 3, 1, 64},
        {"140 rows, width 96, window 33", {140}, 1, 1, 96, 0, 0, 33},
        {"1, 130 rows, width 64, window 1", {1, 130}, 2, 1, 64, 0, 0, 1},
        {"330, 0, 100 rows, width 64, window 65, groups of 3", {330, 0, 100}, 3, 1, 64, 8, 0, 65},
        {"200, 31 rows, width 64, window 128, no row aligned", {200, 31}, 2, 2, 64, 3, 1, 128},
        {"199 rows, width 64, window 70, nine heads on one", {199}, 9, 1, 64, 0, 0, 70},
        {"390, 20 rows, width 128, window 150", {390, 20}, 2, 1, 128, 0, 0, 150},
        {"130 rows, width 128, window longer than it", {130}, 1, 1, 128, 0, 0, 131},
    };
    return all;
}

}  // namespace

namespace {

void judge_forward(const std::string& name, const Case& c) {
    const Problem p(c);
    const Problem::Result exact = p.solve(false), plain = p.solve(true);
    Tensor<candor_bf16> o(p.n, c.h * c.d, c.h * c.d + c.gap, c.offset);
    Tensor<float> lse(p.n, c.h, c.h + c.gap);
    Check(name + c.name).output("o", o, {exact.o, plain.o}).output("lse", lse, {exact.lse, plain.lse}).run([&] {
        return candor_attention(o.m(), lse.m(), p.qkv->m(), &p.heads, &p.sequences, stream());
    });
}

void judge_backward(const std::string& name, const Case& c) {
    const Problem p(c);
    const Problem::Result exact = p.solve(false), plain = p.solve(true);
    Tensor<candor_bf16> o(p.n, c.h * c.d, c.h * c.d + c.gap, c.offset), dqkv(p.n, p.qkv->cols, p.qkv->stride, c.offset);
    Tensor<float> lse(p.n, c.h, c.h + c.gap);
    o.set(exact.o);
    lse.set(exact.lse);
    Check(name + c.name).output("dqkv", dqkv, {exact.dqkv, plain.dqkv}).run([&] {
        return candor_attention_backward(
            dqkv.m(), p.dout->m(), p.qkv->m(), o.m(), lse.m(), &p.heads, &p.sequences, stream());
    });
}

}  // namespace

SUITE(attention) {
    for (const Case& c : cases()) judge_forward("attention ", c);
}

SUITE(attention_backward) {
    for (const Case& c : cases()) judge_backward("attention backward ", c);
}

namespace {

// The bytes of a sequence's results, forward and backward, and whether nothing else was written.
struct Bytes {
    std::vector<candor_bf16> o, dqkv;
    std::vector<float> lse;
    bool clean;
    bool operator==(const Bytes& other) const {
        return clean && other.clean && o == other.o && dqkv == other.dqkv && lse == other.lse;
    }
};

// Of rows [first, first + count), from a launch over sequences between `starts`, which are relative to row `from`. Results'
// rows lie with such gaps, from `offset` on. `graph`: by a graph, after a plain launch.
Bytes rows_of_launch(
    const Problem& p, const std::vector<int>& starts, int from, int first, int count, int gap = 0, int offset = 0,
    bool graph = false) {
    const Case& c = p.c;
    const int n = starts.back(), width = c.h * c.d;
    Tensor<candor_bf16> o(n, width, width + gap, offset), dqkv(n, p.qkv->cols, p.qkv->cols + gap, offset);
    Tensor<float> lse(n, c.h, c.h + gap, offset);
    Tensor<int32_t> device_starts(1, (int)starts.size());
    device_starts.set(std::vector<double>(starts.begin(), starts.end()));
    const candor_matrix qkv = p.qkv->rows_from(from, n), dout = p.dout->rows_from(from, n);
    const candor_sequences sequences = {device_starts.p(), (int)starts.size() - 1, p.longest};
    const auto ask = [&] {
        must(candor_attention(o.m(), lse.m(), &qkv, &p.heads, &sequences, stream()));
        must(candor_attention_backward(dqkv.m(), &dout, &qkv, o.m(), lse.m(), &p.heads, &sequences, stream()));
    };
    o.poison(), dqkv.poison(), lse.poison();
    ask();
    if (graph) {
        o.poison(), dqkv.poison(), lse.poison();
        candor_graph* captured = nullptr;
        must(candor_graph_begin(stream()));
        ask();
        must(candor_graph_end(&captured, stream()));
        must(candor_graph_launch(captured));
        must(candor_stream_synchronise(stream()));
        must(candor_graph_destroy(captured));
    }
    const auto part = [&](const auto& all, int cols) {
        return std::decay_t<decltype(all)>(all.begin() + (first - from) * cols, all.begin() + (first - from + count) * cols);
    };
    return {part(o.bits(), width), part(dqkv.bits(), p.qkv->cols), part(lse.bits(), c.h),
        o.sentinels_untouched() && dqkv.sentinels_untouched() && lse.sentinels_untouched()};
}

// NaN in all rows but [first, first + count).
void poison_others(Tensor<candor_bf16>& t, int first, int count) {
    std::vector<double> values = t.values;
    for (int r = 0; r < t.rows; r++) {
        if (r < first || r >= first + count) std::fill_n(values.begin() + (size_t)r * t.cols, t.cols, NAN);
    }
    t.set(values);
}

}  // namespace

// A sequence's bytes are the same whatever lies beside it in the batch, NaN included, and without any neighbour.
SUITE(attention_sequences_alone) {
    for (const Case& c : {Case{"width 64", {30, 100, 90}, 4, 2, 64, 8, 0}, Case{"width 128", {70, 65, 31}, 2, 1, 128, 0, 0},
             Case{"width 96", {70, 40, 31}, 2, 1, 96, 0, 0}, Case{"width 64, window 50", {30, 200, 90}, 4, 2, 64, 8, 0, 50},
             Case{"width 32, window 20", {70, 90, 31}, 2, 1, 32, 0, 0, 20}}) {
        Problem p(c);
        const int first = p.starts[1], count = c.lengths[1];
        const Bytes packed = rows_of_launch(p, p.starts, 0, first, count);
        const bool alone = rows_of_launch(p, {0, count}, first, first, count) == packed;
        expect(std::string("sequences alone: ") + c.name, alone, "other bytes");
        poison_others(*p.qkv, first, count);
        poison_others(*p.dout, first, count);
        const bool beside_nan = rows_of_launch(p, p.starts, 0, first, count) == packed;
        expect(std::string("sequences beside NaN: ") + c.name, beside_nan, "other bytes");
    }
}

// A window that holds all of a sequence changes no byte of it.
SUITE(attention_windows) {
    for (const Case& c : {Case{"width 64", {30, 200, 7}, 4, 2, 64, 0, 0}, Case{"width 128", {140, 60}, 2, 1, 128, 0, 0},
             Case{"width 32", {100, 64}, 2, 1, 32, 0, 0}}) {
        Case wide = c, narrow = c;
        wide.window = 200, narrow.window = 64;
        const Problem p(c), q(wide), r(narrow);
        const std::string name = std::string("windows, ") + c.name + ": ";
        expect(name + "as long as the longest", rows_of_launch(p, p.starts, 0, 0, p.n) == rows_of_launch(q, q.starts, 0, 0, q.n),
            "other bytes than without a window");
        const int last = (int)c.lengths.size() - 1, first = p.starts[last], count = c.lengths[last];
        expect(name + "as long as one of the sequences",
            rows_of_launch(p, p.starts, 0, first, count) == rows_of_launch(r, r.starts, 0, first, count),
            "other bytes than without a window");
    }
}

// Bytes are the same wherever rows lie: inputs, results or both with odd gaps, or one element further on.
SUITE(attention_views) {
    for (const Case& dense : {Case{"width 64, key gradients in parts", {30, 130, 1}, 4, 2, 64, 0, 0},
             Case{"width 128, key gradients as a whole", {65, 140}, 2, 2, 128, 0, 0}, Case{"width 32", {65, 40}, 2, 1, 32, 0, 0}}) {
        const Problem p(dense);
        const Bytes expected = rows_of_launch(p, p.starts, 0, 0, p.n);
        for (const auto& [gap, offset] : {std::pair(3, 1), std::pair(0, 1), std::pair(2, 4)}) {
            Case views = dense;
            views.gap = gap, views.offset = offset;
            const Problem q(views);
            const std::string name = std::string("views, ") + dense.name + ", " + std::to_string(gap) + " between rows, from "
                + std::to_string(offset) + " on: ";
            expect(name + "inputs", rows_of_launch(q, p.starts, 0, 0, p.n) == expected, "other bytes");
            expect(name + "results", rows_of_launch(p, p.starts, 0, 0, p.n, gap, offset) == expected, "other bytes");
            expect(name + "both, by a graph", rows_of_launch(q, p.starts, 0, 0, p.n, gap, offset, true) == expected, "other bytes");
        }
    }
}

// Every form of sm_90a, asked for by its number.
SUITE(attention_forms) {
    candor_device_properties properties;
    must(candor_device_describe(&properties, device()));
    if (properties.major != 9) return;
    for (const Case& c : {Case{"width 64", {260, 0, 193, 70}, 5, 1, 64, 8, 0}, Case{"width 128", {1, 300, 129}, 4, 2, 128, 0, 8},
             Case{"width 64, window 100", {300, 70}, 2, 1, 64, 0, 0, 100}}) {
        for (int form = 0; form < candor_attention_form_count(); form++) {
            candor_attention_use(form);
            judge_forward(std::string(candor_attention_form_name(form)) + ", attention ", c);
            judge_backward(std::string(candor_attention_form_name(form)) + ", attention backward ", c);
        }
        candor_attention_use(-1);
    }
}

// A list of tiles in place of a grid of the longest sequence's changes no byte, whichever sequences have rows.
SUITE(attention_lists) {
    for (const Case& c : {Case{"width 64", {3, 130, 0, 5, 65, 1}, 2, 1, 64, 8, 0}, Case{"width 128", {1, 2, 130, 129}, 1, 1, 128, 0, 0},
             Case{"width 16, window 50", {70, 7, 65, 0}, 1, 1, 16, 0, 0, 50}}) {
        const Problem p(c);
        candor_attention_list_use(0);
        const Bytes grid = rows_of_launch(p, p.starts, 0, 0, p.n);
        candor_attention_list_use(1);
        expect(std::string("lists, by a graph: ") + c.name, rows_of_launch(p, p.starts, 0, 0, p.n, 0, 0, true) == grid, "other bytes");
        candor_attention_list_use(-1);
    }
    // What the lengths suggest: three tiles or more, and eleven rows.
    const Case varied = {"", {1, 1, 1, 300, 1, 1, 1, 1, 1, 1, 1, 1}, 1, 1, 64, 0, 0};
    judge_forward("lists, chosen, attention", varied);
    judge_backward("lists, chosen, attention backward", varied);
}
