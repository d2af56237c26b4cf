// The head: logits, log-probabilities and their gradient; and what the optimiser asks for.
#include <algorithm>
#include <cmath>

#include "candor_tuning.h"
#include "op_check.h"

using namespace op_check;

namespace {

struct Head {
    int t, c, v;
    Tensor<candor_bf16> x, head;
    Tensor<int32_t> targets;
    Tensor<float> dlogp;
    std::vector<double> logits[2], lse[2], logp[2];  // exact, plain

    Head(int t, int c, int v, int gap)
        : t(t), c(c), v(v), x(t, c, c + gap), head(v, c, c + gap), targets(1, t), dlogp(t, 1, 2) {
        Random r(t * 101 + v);
        x.fill(r, -1, 1);
        head.fill(r, -1, 1);
        dlogp.fill(r, -1, 1);
        std::vector<double> ids(t);
        for (double& id : ids) id = r.below(v);
        targets.set(ids);
        for (int plain = 0; plain < 2; plain++) {
            for (int i = 0; i < t; i++) solve(i, plain);
        }
    }

    void solve(int i, int plain) {
        const size_t first = logits[plain].size();
        for (int j = 0; j < v; j++) {
            double exact = 0;
            float rough = 0;
            for (int k = 0; k < c; k++) {
                exact += x.at(i, k) * head.at(j, k);
                rough += (float)(x.at(i, k) * head.at(j, k));
            }
            logits[plain].push_back(plain ? rough : exact);
        }
        const double most = *std::max_element(logits[plain].begin() + first, logits[plain].end());
        double sum = 0;
        float rough = 0;
        for (int j = 0; j < v; j++) {
            sum += std::exp(logits[plain][first + j] - most);
            rough += std::exp((float)(logits[plain][first + j] - most));
        }
        const double whole = plain ? (float)(most + std::log(rough)) : most + std::log(sum);
        lse[plain].push_back(whole);
        const double value = logits[plain][first + (int)targets.values[i]] - whole;
        logp[plain].push_back(plain ? (float)value : value);
    }

    Expected gradient() const {
        Expected e;
        for (int plain = 0; plain < 2; plain++) {
            for (int i = 0; i < t; i++) {
                for (int k = 0; k < c; k++) {
                    double sum = 0;
                    for (int j = 0; j < v; j++) {
                        const double p = std::exp(logits[plain][(size_t)i * v + j] - lse[plain][i]);
                        const double d = dlogp.at(i, 0) * ((int)targets.values[i] == j ? 1 - p : -p);
                        sum += (plain ? rounded((float)d) : d) * head.at(j, k);
                    }
                    (plain ? e.plain : e.exact).push_back(plain ? rounded((float)sum) : sum);
                }
            }
        }
        return e;
    }
};

void head_case(int t, int c, int v, int gap) {
    Head q(t, c, v, gap);
    Tensor<float> logits(t, v, v + gap), lse(t, 1, 3), logp(t, 1, 2);
    Tensor<candor_bf16> dx(t, c, c + gap);
    const std::string name = " " + std::to_string(t) + "x" + std::to_string(c) + "x" + std::to_string(v);
    const Expected all{q.logits[0], q.logits[1]};
    Check("logits" + name).output("logits", logits, all).run([&] {
        return candor_logits(logits.m(), q.x.m(), q.head.m(), stream());
    });
    for (bool kept : {false, true}) {
        Check forward("log prob" + name);
        forward.output("logp", logp, {q.logp[0], q.logp[1]}).output("lse", lse, {q.lse[0], q.lse[1]});
        if (kept) forward.output("logits", logits, all);
        forward.run([&] {
            return candor_log_prob(
                logp.m(), lse.m(), kept ? logits.m() : nullptr, q.x.m(), q.head.m(), q.targets.p(), stream());
        });
        lse.set(q.lse[0]);
        logits.set(q.logits[0]);
        Check("log prob backward" + name).output("dx", dx, q.gradient()).run([&] {
            return candor_log_prob_backward(
                dx.m(), q.dlogp.m(), lse.m(), kept ? logits.m() : nullptr, q.x.m(), q.head.m(), q.targets.p(), stream());
        });
    }
}

}  // namespace

SUITE(head) {
    head_case(3, 16, 40, 0);
    head_case(5, 24, 2100, 8);  // several segments
    head_case(2, 19, 67, 1);
}

// Several blocks of rows, the last one smaller, and two pieces of the vocabulary: judged, and the bytes are those of one block, and
// those where logits are kept.
SUITE(head_blocks) {
    constexpr int kRows = 5, kWidth = 16, kVocabulary = 8203;
    const Head q(kRows, kWidth, kVocabulary, 0);
    Tensor<float> lse(kRows, 1, 3), logp(kRows, 1, 2), logits(kRows, kVocabulary);
    Tensor<candor_bf16> dx(kRows, kWidth, kWidth + 8);
    const auto there = [&](bool kept) {
        return candor_log_prob(
            logp.m(), lse.m(), kept ? logits.m() : nullptr, q.x.m(), q.head.m(), q.targets.p(), stream());
    };
    const auto back = [&](bool kept) {
        return candor_log_prob_backward(
            dx.m(), q.dlogp.m(), lse.m(), kept ? logits.m() : nullptr, q.x.m(), q.head.m(), q.targets.p(), stream());
    };
    candor_head_block_use(2);
    Check("log prob, in blocks").output("logp", logp, {q.logp[0], q.logp[1]}).output("lse", lse, {q.lse[0], q.lse[1]}).run([&] {
        return there(false);
    });
    Check("log prob backward, in blocks").output("dx", dx, q.gradient()).run([&] { return back(false); });
    const auto numbers = logp.bits(), sums = lse.bits();
    const auto gradient = dx.bits();
    for (const bool kept : {false, true}) {
        candor_head_block_use(kept ? 4 : 0);
        const std::string name = kept ? "logits kept" : "one block";
        logp.poison(), lse.poison(), dx.poison();
        must(there(kept));
        expect("log prob alike: " + name, logp.bits() == numbers && lse.bits() == sums, "other bytes");
        must(back(kept));
        expect("log prob backward alike: " + name, dx.bits() == gradient, "other bytes");
    }
    candor_head_block_use(0);
}

SUITE(accumulate) {
    struct Shape {
        int n, c, gap, offset;
    };
    for (const Shape& s : {Shape{1, 1, 0, 0}, Shape{1, 4099, 0, 0}, Shape{7, 16, 4, 0}, Shape{5, 37, 3, 1}, Shape{3, 64, 1, 2}}) {
        Random r(s.c);
        Tensor<float> x(s.n, s.c, s.c + s.gap, s.offset), y(s.n, s.c, s.c + s.gap + 4, s.offset);
        x.fill(r, -1, 1);
        y.fill(r, -1, 1);
        const std::vector<double> start = y.values;
        std::vector<double> sums;
        for (size_t i = 0; i < start.size(); i++) sums.push_back((float)start[i] + (float)x.values[i]);
        Check("accumulate " + std::to_string(s.n) + " x " + std::to_string(s.c))
            .output_from("y", y, start, {sums, sums})
            .run([&] { return candor_accumulate(y.m(), x.m(), stream()); });
    }
}

SUITE(sum_of_squares) {
    for (const int cols : {1, 1000}) {
        Random r(cols);
        Tensor<float> x(7, cols, cols + 3);
        x.fill(r, -1, 1);
        double exact = 0, got = 0;
        double* sum = nullptr;
        must(candor_memory_allocate((void**)&sum, sizeof got, device()));
        for (double v : x.values) exact += v * v;
        Tensor<float> relative(1, 1);
        Check("sum of squares " + std::to_string(cols)).output_from("relative", relative, {1.0}, {{1.0}, {1.0}}).run([&] {
            const int status = candor_sum_of_squares(sum, x.m(), stream());
            must(candor_copy_to_host(&got, sizeof got, sum, sizeof got, sizeof got, 1, stream()));
            must(candor_stream_synchronise(stream()));
            relative.set({got / exact});
            return status;
        });
        must(candor_memory_release(sum, device()));
    }
}

SUITE(adamw) {
    constexpr int kParts = 34;  // more than one launch takes
    struct Part {
        Tensor<float> w, g, m, v;
        explicit Part(int n) : w(1, n), g(1, n), m(1, n), v(1, n) {}
    };
    Random r(1);
    std::vector<std::unique_ptr<Part>> parts;
    std::vector<candor_adamw_part> entries;
    std::vector<double> folded;
    Tensor<float> numbers(kParts, sizeof(candor_adamw_numbers) / sizeof(float));
    Check check("adamw, 34 parts");
    for (int i = 0; i < kParts; i++) {
        parts.push_back(std::make_unique<Part>(1 + 37 * i % 300));
        Part& p = *parts.back();
        p.g.fill(r, -1, 1);
        p.w.fill(r, -1, 1), p.m.fill(r, -1, 1), p.v.fill(r, 0, 1);
        const double rate = 1e-2 / (i + 1), beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8, decay = i % 2 * 0.1, scale = i % 3 ? 1 : 0.5;
        const int step = 1 + i;
        const candor_adamw_step terms = {step, rate, beta1, beta2, epsilon, decay, scale};
        candor_adamw_numbers n;
        must(candor_adamw_fold(&n, &terms));
        folded.insert(folded.end(), (float*)&n, (float*)(&n + 1));
        const auto* there = reinterpret_cast<const candor_adamw_numbers*>(numbers.p()) + i;
        entries.push_back({p.w.p(), p.g.p(), p.m.p(), p.v.p(), there, p.w.cols});
        Expected w, m, v;
        for (int k = 0; k < p.w.cols; k++) {
            const double g = p.g.values[k] * scale, m1 = beta1 * p.m.values[k] + (1 - beta1) * g,
                         v1 = beta2 * p.v.values[k] + (1 - beta2) * g * g;
            const double update = m1 / (1 - std::pow(beta1, step)) / (std::sqrt(v1 / (1 - std::pow(beta2, step))) + epsilon);
            w.exact.push_back(p.w.values[k] * (1 - rate * decay) - rate * update);
            m.exact.push_back(m1), v.exact.push_back(v1);
        }
        // The plain form: float32, whose rounding of each of a few steps adds up.
        for (auto* e : {&w, &m, &v}) {
            for (double x : e->exact) e->plain.push_back(x * (1 + 1.2e-7));
        }
        check.output_from("w", p.w, p.w.values, w).output_from("m", p.m, p.m.values, m).output_from("v", p.v, p.v.values, v);
    }
    numbers.set(folded);
    check.run([&] { return candor_adamw(entries.data(), (int)entries.size(), stream()); });
}
