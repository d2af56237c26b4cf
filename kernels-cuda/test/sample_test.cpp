// Sampling: the token that a plain host sampler draws, which sorts everything and adds up in float64.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "op_check.h"

using namespace op_check;

namespace {

struct Draw {
    double temperature = 0;  // below 0: none is wanted
    int top_k = 0;
    double top_p = 1, uniform = 0;
    float penalty = 1;
    std::vector<int> seen = {};
};

// As a host does it: exponentials, a sort, sums from one end to the other.
int plain(const std::vector<float>& given, const Draw& draw) {
    if (draw.temperature < 0) return -1;
    std::vector<float> logits = given;
    if (draw.penalty != 1) {
        for (int token : draw.seen) {
            const float logit = given[token];
            logits[token] = logit > 0 ? logit / draw.penalty : logit * draw.penalty;
        }
    }
    float largest = -INFINITY;
    for (float logit : logits) {
        if (std::isnan(logit)) return -1;
        largest = std::max(largest, logit);
    }
    if (!std::isfinite(largest)) return -1;
    if (draw.temperature == 0 || draw.top_k == 1) {
        return (int)(std::find(logits.begin(), logits.end(), largest) - logits.begin());
    }
    std::vector<int> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    if (draw.top_k > 0 || draw.top_p < 1) {
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
        if (draw.top_k > 0 && draw.top_k < (int)order.size()) order.resize(draw.top_k);
    }
    std::vector<double> weights;
    for (int token : order) weights.push_back(std::exp(((double)logits[token] - largest) / draw.temperature));
    double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (draw.top_p < 1) {
        double reached = 0;
        size_t kept = 0;
        while (kept < weights.size() && (kept == 0 || reached < sum * draw.top_p)) reached += weights[kept++];
        weights.resize(kept), sum = reached;
    }
    double left = draw.uniform * sum;
    int last = order[0];
    for (size_t i = 0; i < weights.size(); i++) {
        if (weights[i] == 0) continue;
        last = order[i];
        left -= weights[i];
        if (left < 0) break;
    }
    return last;
}

// Draws as they go over, with the tokens that they have seen.
struct Draws {
    std::vector<candor_draw> all;
    std::vector<double> seen;

    explicit Draws(const std::vector<Draw>& draws) {
        for (const Draw& d : draws) {
            const double scale = d.temperature > 0 ? 1 / std::log(2.0) / d.temperature : d.temperature;
            all.push_back({scale, d.top_p, d.uniform, d.penalty, d.top_k, (int)seen.size(), (int)d.seen.size()});
            seen.insert(seen.end(), d.seen.begin(), d.seen.end());
        }
        seen.push_back(0);
    }

    std::vector<double> words() const {
        const int32_t* from = reinterpret_cast<const int32_t*>(all.data());
        return {from, from + all.size() * sizeof(candor_draw) / sizeof(int32_t)};
    }
};

constexpr int kWords = sizeof(candor_draw) / sizeof(int32_t);

void sample(const std::string& name, const std::vector<std::vector<float>>& rows, const std::vector<Draw>& draws, int gap = 0) {
    const int t = (int)rows.size(), v = (int)rows[0].size();
    Tensor<float> logits(t, v, v + gap), chosen(t, 2, 2 + gap);
    std::vector<double> values, expected;
    for (int i = 0; i < t; i++) {
        values.insert(values.end(), rows[i].begin(), rows[i].end());
        const int token = plain(rows[i], draws[i]);
        expected.push_back(token);
        expected.push_back(token < 0 ? 0 : rows[i][token]);
    }
    logits.set(values);
    const Draws given(draws);
    Tensor<int32_t> numbers(t, kWords), seen(1, (int)given.seen.size());
    numbers.set(given.words()), seen.set(given.seen);
    Check(name).output("chosen", chosen, {expected, expected}).run([&] {
        return candor_sample_tokens(
            chosen.m(), logits.m(), reinterpret_cast<const candor_draw*>(numbers.p()), seen.p(), stream());
    });
    const std::vector<double> got = chosen.get();
    std::string wrong;
    for (int i = 0; i < t; i++) {
        if (got[2 * i] != expected[2 * i] || got[2 * i + 1] != expected[2 * i + 1]) {
            wrong += " row " + std::to_string(i) + ": " + std::to_string((int)got[2 * i]) + " instead of " +
                std::to_string((int)expected[2 * i]);
        }
    }
    expect(name + ", token by token", wrong.empty(), wrong);
}

float normal(Random& r) {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += r.uniform(0, 1);
    return (float)sum;
}

std::vector<Draw> rules(Random& r, int v) {
    const auto u = [&] { return r.uniform(0, 1); };
    std::vector<int> seen;
    for (int i = 0; i < 40; i++) seen.push_back(r.below(v));
    seen.push_back(v - 1), seen.push_back(v - 1);
    return {
        {}, {-1}, {0, 0, 1, 0, 1.5f, seen}, {1, 0, 1, u()}, {0.7, 0, 1, u()}, {100, 0, 1, u()}, {1e-9, 0, 1, u()},
        {1, 1, 0.5, u()}, {1, 2, 1, u()}, {0.8, 20, 0.8, u(), 1.05f, seen}, {1, 50, 1, u()}, {1, 0, 0.9, u()},
        {1, 0, 0.999999, u()}, {1.3, 0, 1e-9, u()}, {2, v, 1, u()}, {1, v + 7, 0.95, u()}, {100, v / 2, 0.5, u()},
        {0.01, 0, 0.9, u()}, {1, 0, 1, 1e-9}, {1, 0, 1, 1 - 1e-9}, {1, 40, 0.99, 0}, {1, 40, 0.99, 1 - 0x1p-53},
        {1, 0, 1, u(), 0.5f, seen}, {1, 0, 0.7, u(), 3, seen},
    };
}

}  // namespace

SUITE(sample) {
    Random r(1);
    for (int v : {1, 2, 7, 31, 33, 515, 1031, 4099, 40009}) {
        const std::vector<Draw> draws = rules(r, v);
        std::vector<std::vector<float>> flat, steep, tied, same, cut;
        for (size_t i = 0; i < draws.size(); i++) {
            std::vector<float> row(v);
            for (float& logit : row) logit = 2.5f * normal(r);
            flat.push_back(row);
            for (float& logit : row) logit = 12 * normal(r) + 30;
            steep.push_back(row);
            for (float& logit : row) logit = (float)r.below(5) - 2;
            tied.push_back(row);
            for (float& logit : row) logit = -3.5f;
            same.push_back(row);
            // A token far above, one next to it, and most of them impossible.
            for (float& logit : row) logit = r.below(3) ? -INFINITY : normal(r) * 1e-6f;
            row[r.below(v)] = 1000, row[r.below(v)] = 1000.0001f, row[0] = -0.0f;
            cut.push_back(row);
        }
        const std::string size = " V=" + std::to_string(v);
        sample("normal" + size, flat, draws);
        sample("steep" + size, steep, draws, 3);
        sample("ties" + size, tied, draws);
        sample("all equal" + size, same, draws);
        sample("one above all" + size, cut, draws, 1);
    }
}

SUITE(sample_large) {
    Random r(2);
    const int v = 151936;
    std::vector<std::vector<float>> rows;
    std::vector<Draw> draws = {{}, {1, 0, 1, 0.37}, {0.7, 20, 0.8, 0.9, 1.1f, {5, 150000, 151935}}, {1, 0, 0.95, 0.999}};
    for (size_t i = 0; i < draws.size(); i++) {
        std::vector<float> row(v);
        for (float& logit : row) logit = 2.5f * normal(r);
        row[v - 1] = i == 0 ? 40.0f : 14.0f;
        rows.push_back(row);
    }
    sample("V=151936", rows, draws);
}

SUITE(sample_not_finite) {
    const Draw greedy, all{1, 0, 1, 0.5}, some{1, 3, 0.9, 0.5, 1.2f, {1}};
    for (const Draw& draw : {greedy, all, some}) {
        std::vector<std::vector<float>> rows(5, std::vector<float>(1031, 1.0f));
        rows[0][1030] = NAN, rows[0][3] = 5;
        rows[1][700] = INFINITY;
        rows[2].assign(1031, -INFINITY);
        rows[3].assign(1031, -INFINITY), rows[3][1000] = -3e38f;
        rows[4][0] = NAN, rows[4][1] = NAN;
        sample("numbers that are none", rows, std::vector<Draw>(5, draw));
    }
    // Logits as far from each other as float32 has them.
    std::vector<float> wide(77, -3e38f);
    wide[13] = 3e38f, wide[5] = 1e-45f, wide[6] = -1e-45f, wide[7] = 0;
    std::vector<float> close(77, 0);
    close[13] = 1e-45f, close[5] = -1e-45f;
    std::vector<float> zeros(77, -0.0f), other_zeros(77, 0.0f);
    zeros[50] = 0, other_zeros[0] = -0.0f;
    for (double temperature : {100.0, 1.0, 1e-300}) {
        for (int top_k : {0, 5}) {
            const Draw draw{temperature, top_k, 1, 0.7};
            sample("extremes", {wide, close, zeros, other_zeros}, {draw, draw, draw, draw});
        }
    }
}

// A row's token with others around it and alone; what changes between launches of a graph is in device memory.
SUITE(sample_graph) {
    Random r(3);
    const int t = 5, v = 2050;
    std::vector<std::vector<float>> rows(t, std::vector<float>(v));
    Tensor<float> logits(t, v), chosen(t, 2);
    Tensor<int32_t> numbers(t, kWords), seen(1, t);
    std::vector<double> values;
    for (auto& row : rows) {
        for (float& logit : row) logit = 3 * normal(r);
        values.insert(values.end(), row.begin(), row.end());
    }
    logits.set(values);
    candor_graph* graph = nullptr;
    const auto ask = [&] {
        return candor_sample_tokens(
            chosen.m(), logits.m(), reinterpret_cast<const candor_draw*>(numbers.p()), seen.p(), stream());
    };
    chosen.poison();
    for (int round = 0; round < 4; round++) {
        std::vector<Draw> draws;
        for (int i = 0; i < t; i++) {
            const int best = (int)(std::max_element(rows[i].begin(), rows[i].end()) - rows[i].begin());
            draws.push_back({i == 0 ? 0 : 0.5 + round, i == 3 ? 9 : 0, i == 2 ? 0.9 : 1, r.uniform(0, 1), i == 4 ? 2.0f : 1.0f, {best}});
        }
        const Draws given(draws);
        numbers.set(given.words()), seen.set({given.seen.begin(), given.seen.begin() + t});
        if (graph == nullptr) {
            must(ask());
            must(candor_stream_synchronise(stream()));
            must(candor_graph_begin(stream()));
            must(ask());
            must(candor_graph_end(&graph, stream()));
        }
        must(candor_graph_launch(graph));
        must(candor_stream_synchronise(stream()));
        const std::vector<double> got = chosen.get();
        for (int i = 0; i < t; i++) {
            expect("replayed, round " + std::to_string(round) + ", row " + std::to_string(i), got[2 * i] == plain(rows[i], draws[i]),
                std::to_string((int)got[2 * i]));
            sample("row alone", {rows[i]}, {draws[i]});
        }
    }
    must(candor_graph_destroy(graph));
}

SUITE(sample_arguments) {
    Tensor<float> logits(3, 5), chosen(3, 2), narrow(3, 1);
    Tensor<int32_t> numbers(3, kWords), seen(1, 1);
    const auto* draws = reinterpret_cast<const candor_draw*>(numbers.p());
    expect("refused: no room for the logit", candor_sample_tokens(narrow.m(), logits.m(), draws, seen.p(), stream()) == CANDOR_BAD_ARGUMENT,
        candor_last_error());
    candor_matrix wide = *logits.m();
    wide.cols = 400000, wide.stride = 400000;
    expect("refused: a vocabulary that is too large", candor_sample_tokens(chosen.m(), &wide, draws, seen.p(), stream()) == CANDOR_UNSUPPORTED,
        candor_last_error());
    expect("refused: no vocabulary", [&] {
        candor_matrix none = *logits.m();
        none.cols = 0;
        return candor_sample_tokens(chosen.m(), &none, draws, seen.p(), stream()) == CANDOR_BAD_ARGUMENT;
    }(), candor_last_error());
}
