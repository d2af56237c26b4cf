// AdamW with moments in eight bits.
#include <algorithm>
#include <cmath>
#include <memory>

#include "op_check.h"

using namespace op_check;

namespace {

// The nearest of all values, of two the smaller.
int nearest(const std::vector<double>& map, double value) {
    int best = 0;
    for (int i = 1; i < (int)map.size(); i++) {
        if (std::fabs(map[i] - value) < std::fabs(map[best] - value)) best = i;
    }
    return best;
}

struct Part {
    Tensor<float> w, g, m_largest, v_largest;
    Tensor<uint8_t> m, v;
    explicit Part(int n) : w(1, n), g(1, n), m_largest(1, (n + 255) / 256), v_largest(1, (n + 255) / 256), m(1, n), v(1, n) {}
};

}  // namespace

SUITE(adamw8) {
    constexpr int kParts = 18;  // more than one launch takes
    Random r(1);
    Tensor<float> m_map(1, 256), v_map(1, 256), numbers(kParts, sizeof(candor_adamw_numbers) / sizeof(float));
    std::vector<double> signed_map, unsigned_map, folded;
    for (int i = 0; i < 256; i++) {
        signed_map.push_back(std::pow((i - 127) / 128.0, 3));
        unsigned_map.push_back(std::pow(i / 255.0, 3));
    }
    m_map.set(signed_map), v_map.set(unsigned_map);
    std::vector<std::unique_ptr<Part>> parts;
    std::vector<candor_adamw8_part> entries;
    Check check("adamw8, 18 parts");
    for (int i = 0; i < kParts; i++) {
        const int n = 1 + 151 * i % 700, step = 1 + i;
        parts.push_back(std::make_unique<Part>(n));
        Part& p = *parts.back();
        p.w.fill(r, -1, 1), p.g.fill(r, -1, 1), p.m_largest.fill(r, 0, 1), p.v_largest.fill(r, 0, 1);
        std::vector<double> m_codes, v_codes;
        for (int k = 0; k < n; k++) m_codes.push_back((k * 37 + i) % 256), v_codes.push_back((k * 91 + i) % 256);
        p.m.set(m_codes), p.v.set(v_codes);
        const double rate = 1e-2 / step, beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8, decay = i % 2 * 0.1, scale = i % 3 ? 1 : 0.5;
        const candor_adamw_step terms = {step, rate, beta1, beta2, epsilon, decay, scale};
        candor_adamw_numbers folding;
        must(candor_adamw_fold(&folding, &terms));
        folded.insert(folded.end(), (float*)&folding, (float*)(&folding + 1));
        const auto* there = reinterpret_cast<const candor_adamw_numbers*>(numbers.p()) + i;
        entries.push_back(
            {p.w.p(), p.g.p(), p.m.p(), p.m_largest.p(), p.v.p(), p.v_largest.p(), m_map.p(), v_map.p(), there, n});
        Expected w, m, v, m_largest, v_largest;
        for (int from = 0; from < n; from += 256) {
            const int to = std::min(n, from + 256), block = from / 256;
            std::vector<double> m1, v1;
            for (int k = from; k < to; k++) {
                const double g = p.g.values[k] * scale;
                m1.push_back(beta1 * signed_map[(int)m_codes[k]] * p.m_largest.values[block] + (1 - beta1) * g);
                v1.push_back(beta2 * unsigned_map[(int)v_codes[k]] * p.v_largest.values[block] + (1 - beta2) * g * g);
                const double root = std::sqrt(v1.back() / (1 - std::pow(beta2, step))) + epsilon;
                const double update = m1.back() / (1 - std::pow(beta1, step)) / root;
                w.exact.push_back(p.w.values[k] * (1 - rate * decay) - rate * update);
            }
            double m_most = 0, v_most = 0;
            for (double x : m1) m_most = std::max(m_most, std::fabs(x));
            for (double x : v1) v_most = std::max(v_most, x);
            m_largest.exact.push_back(m_most), v_largest.exact.push_back(v_most);
            for (double x : m1) m.exact.push_back(nearest(signed_map, x / m_most));
            for (double x : v1) v.exact.push_back(nearest(unsigned_map, x / v_most));
        }
        // The plain form: float32, whose rounding of each of a few steps adds up; codes are those of float64.
        for (auto* e : {&w, &m_largest, &v_largest}) {
            for (double x : e->exact) e->plain.push_back(x * (1 + 1.2e-7));
        }
        m.plain = m.exact, v.plain = v.exact;
        check.output_from("w", p.w, p.w.values, w).output_from("m", p.m, m_codes, m).output_from("v", p.v, v_codes, v);
        check.output_from("m_largest", p.m_largest, p.m_largest.values, m_largest);
        check.output_from("v_largest", p.v_largest, p.v_largest.values, v_largest);
    }
    numbers.set(folded);
    check.run([&] { return candor_adamw8(entries.data(), (int)entries.size(), stream()); });
}
