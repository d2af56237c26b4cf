// Attention of one head written out, exactly in float64 or as a plain bf16 form does it: float32 sums, and weights, their
// gradients and results rounded to bf16.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "op_check.h"

namespace op_check {

using Rows = std::vector<std::vector<double>>;  // one per token of a head

inline double sum_of_products(const std::vector<double>& a, const std::vector<double>& b, bool plain) {
    if (plain) {
        float sum = 0;
        for (size_t i = 0; i < a.size(); i++) sum += (float)a[i] * (float)b[i];
        return sum;
    }
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
    return sum;
}

// What one query makes of the keys that it sees.
struct AttendedRow {
    std::vector<double> weights, o;  // weights of all keys up to its own, 0 before the window
    double lse;
};

// The first key that the query before `end` sees; a window of 0 is none.
inline int first_seen(int end, int window) { return window > 0 ? std::max(0, end - window) : 0; }

// Of keys before `end`, the query's own last.
inline AttendedRow attend(const std::vector<double>& q, const Rows& k, const Rows& v, int end, int window, bool plain) {
    AttendedRow row;
    const int first = first_seen(end, window);
    const size_t d = q.size();
    const double scale = 1 / std::sqrt((double)d);
    double most = -INFINITY, sum = 0;
    for (int j = 0; j < end; j++) {
        row.weights.push_back(j < first ? -INFINITY : sum_of_products(q, k[j], plain) * scale);
        most = std::max(most, row.weights.back());
    }
    for (double s : row.weights) sum += std::exp(s - most);
    row.lse = most + std::log(sum);
    if (plain) row.lse = (float)row.lse;
    for (double& s : row.weights) s = plain ? (float)std::exp(s - row.lse) : std::exp(s - row.lse);
    row.o.assign(d, 0);
    for (size_t c = 0; c < d; c++) {
        float rough = 0;
        double exact = 0;
        for (int j = first; j < end; j++) {
            rough += (float)(rounded(row.weights[j]) * v[j][c]);
            exact += row.weights[j] * v[j][c];
        }
        row.o[c] = plain ? rounded(rough) : exact;
    }
    return row;
}

}  // namespace op_check
