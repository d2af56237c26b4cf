// Attention to a cache of pages: the result, and that its bytes depend neither on how a sequence is cut into batches nor on which blocks
// work on the pieces of its keys.
#include "attention_reference.h"
#include "candor_tuning.h"

using namespace op_check;

namespace {

constexpr int kPage = 32;

struct Case {
    const char* name;
    std::vector<int> before, rows;  // of each sequence: tokens in the cache already, and in this batch
    int h, k, d;
    int window = 0;
};

struct Cache {
    const int pages_per_slab = 3;
    std::vector<std::unique_ptr<Tensor<candor_bf16>>> slabs;
    std::unique_ptr<Tensor<int32_t>> pages, first_page;
    candor_bf16** addresses = nullptr;
    ~Cache() {
        must(candor_memory_release(addresses, device()));
    }
};

struct Problem {
    Case c;
    int sequences;
    std::vector<Rows> keys, values;  // [sequence * K + key head][position]

    explicit Problem(const Case& c) : c(c), sequences((int)c.rows.size()) {
        Random r(c.d * 131 + c.h);
        for (int s = 0; s < sequences; s++) {
            for (int i = 0; i < 2 * c.k; i++) {
                Rows all;
                for (int p = 0; p < c.before[s] + c.rows[s]; p++) {
                    std::vector<double> row(c.d);
                    for (double& v : row) v = rounded(r.uniform(-2, 2));
                    all.push_back(row);
                }
                (i % 2 ? values : keys).push_back(all);
            }
        }
    }

    int tokens(int s) const { return c.before[s] + c.rows[s]; }

    // Pages lie in a stirred order; what holds no token, or one that is before all windows, is NaN.
    void fill(Cache& cache) const {
        std::vector<double> numbers, first;
        int count = 0;
        for (int s = 0; s < sequences; s++) count += (tokens(s) + kPage - 1) / kPage;
        std::vector<int> order(count);
        Random r(5);
        for (int i = 0; i < count; i++) order[i] = i;
        for (int i = count; i > 1; i--) std::swap(order[i - 1], order[r.below(i)]);
        const int cols = 2 * kPage * c.k * c.d, slab_count = (count + cache.pages_per_slab - 1) / cache.pages_per_slab;
        std::vector<std::vector<double>> contents(slab_count, std::vector<double>((size_t)cache.pages_per_slab * cols, NAN));
        for (int s = 0; s < sequences; s++) {
            first.push_back((double)numbers.size());
            for (int p = 0; p < tokens(s); p++) {
                if (p % kPage == 0) numbers.push_back(order[numbers.size()]);
                if (p < first_seen(c.before[s] + 1, c.window)) continue;
                const int page = (int)numbers.back();
                double* row = &contents[page / cache.pages_per_slab][(size_t)(page % cache.pages_per_slab) * cols];
                for (int kh = 0; kh < c.k; kh++) {
                    for (int e = 0; e < c.d; e++) {
                        row[(kh * kPage + p % kPage) * c.d + e] = values[s * c.k + kh][p][e];
                        row[(c.k + kh) * kPage * c.d + e * kPage + p % kPage] = keys[s * c.k + kh][p][e];
                    }
                }
            }
        }
        std::vector<candor_bf16*> pointers;
        for (const auto& content : contents) {
            cache.slabs.push_back(std::make_unique<Tensor<candor_bf16>>(cache.pages_per_slab, cols, cols + 8));
            cache.slabs.back()->set(content);
            pointers.push_back(cache.slabs.back()->p());
        }
        cache.pages = std::make_unique<Tensor<int32_t>>(1, (int)numbers.size());
        cache.pages->set(numbers);
        cache.first_page = std::make_unique<Tensor<int32_t>>(1, sequences);
        cache.first_page->set(first);
        const int64_t bytes = (int64_t)pointers.size() * sizeof(pointers[0]);
        must(candor_memory_allocate((void**)&cache.addresses, bytes, device()));
        must(candor_copy_to_device(cache.addresses, bytes, pointers.data(), bytes, bytes, 1, stream()));
        must(candor_stream_synchronise(stream()));
    }
};

// A batch of the rows from `skip` on of each sequence, at most `most` of them.
struct Batch {
    std::vector<double> starts{0}, positions, sequences;
    std::vector<int> first_row;
    int longest = 0;
    Batch(const Problem& p, int skip, int most) {
        for (int s = 0; s < p.sequences; s++) {
            const int rows = std::max(0, std::min(most, p.c.rows[s] - skip));
            for (int i = 0; i < rows; i++) {
                positions.push_back(p.c.before[s] + skip + i);
                sequences.push_back(s);
            }
            starts.push_back((double)positions.size());
            longest = std::max(longest, rows);
        }
    }
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"decode, width 16", {0, 5, 31, 32, 140}, {1, 1, 1, 1, 1}, 4, 2, 16},
        {"decode, width 128, 7 heads share a key", {200}, {1}, 7, 1, 128},
        {"prefill of 50 behind 20, width 8", {20}, {50}, 6, 2, 8},
        {"prefill and decode, width 64", {0, 33}, {37, 1}, 2, 1, 64},
        {"width 96", {70}, {3}, 2, 2, 96},
        {"decode, width 16, window 40", {0, 5, 39, 40, 41, 300}, {1, 1, 1, 1, 1, 1}, 4, 2, 16, 40},
        {"prefill of 90 behind 20, width 64, window 33", {20}, {90}, 3, 1, 64, 33},
        {"prefill of 70, width 8, window 1", {0}, {70}, 2, 2, 8, 1},
        // Pieces are of 64 keys, and blocks of 16 rows have four of them at a time; sequences of more than 64 rows have blocks of 64.
        {"decode around the ends of pieces, width 16", {254, 255, 256, 511, 512}, {1, 1, 1, 1, 1}, 4, 2, 16},
        {"prefill of 30 across a piece's end, width 96, 3 heads share a key", {245}, {30}, 3, 1, 96},
        {"prefill of 20 in the third piece, width 128", {520}, {20}, 1, 1, 128},
        {"prefill and decode, pieces of one sequence only, width 32", {0, 600, 3}, {9, 2, 1}, 2, 1, 32},
        {"decode, windows that begin in later pieces, width 8", {300, 555, 767, 768, 800}, {1, 1, 1, 1, 1}, 2, 1, 8, 256},
        {"prefill of 40 behind 500, width 16, window 270", {500}, {40}, 2, 1, 16, 270},
        {"prefill of 40 behind 500, width 64, window 7", {500}, {40}, 2, 1, 64, 7},
        {"prefill of 150, width 128, 4 heads share a key", {0}, {150}, 4, 1, 128},
        {"prefill of 16 and of 17 beside a decode, width 32, 4 heads share a key", {70, 0, 300}, {16, 17, 1}, 4, 1, 32},
        {"prefill of 130 behind 60, width 96, window 70", {60}, {130}, 2, 2, 96, 70},
    };
    return all;
}

int run(const Problem& p, const Cache& cache, const Batch& b, Tensor<candor_bf16>& o, const Tensor<candor_bf16>& qkv) {
    Tensor<int32_t> starts(1, (int)b.starts.size()), positions(1, (int)b.positions.size());
    starts.set(b.starts);
    positions.set(b.positions);
    int most = 0;
    for (int s = 0; s < p.sequences; s++) most = std::max(most, (p.tokens(s) + kPage - 1) / kPage);
    if (most > 8) most += 9;  // more than there are: a piece that no sequence has
    const candor_cache pages = {
        cache.addresses, cache.slabs[0]->stride, cache.pages_per_slab, most, cache.pages->p(), cache.first_page->p()};
    const candor_heads heads = {p.c.h, p.c.k, p.c.d, p.c.window};
    const candor_sequences sequences = {starts.p(), p.sequences, b.longest};
    const int status = candor_attention_cached(o.m(), qkv.m(), &pages, &heads, positions.p(), &sequences, stream());
    return status ? status : candor_stream_synchronise(stream());
}

}  // namespace

SUITE(attention_cached) {
    for (const Case& c : cases()) {
        const Problem p(c);
        Cache cache;
        p.fill(cache);
        const Batch whole(p, 0, 1 << 20);
        const int n = (int)whole.positions.size(), width = c.h * c.d;
        Tensor<candor_bf16> qkv(n, (c.h + 2 * c.k) * c.d, (c.h + 2 * c.k) * c.d + 1), o(n, width, width + 4);
        Random r(3);
        qkv.fill(r, -2, 2);
        Expected expected;
        for (bool plain : {false, true}) {
            for (int i = 0; i < n; i++) {
                for (int head = 0; head < c.h; head++) {
                    const int kh = (int)whole.sequences[i] * c.k + head / (c.h / c.k);
                    const double* q = &qkv.values[(size_t)i * qkv.cols + head * c.d];
                    const AttendedRow row = attend(std::vector<double>(q, q + c.d), p.keys[kh], p.values[kh],
                        (int)whole.positions[i] + 1, c.window, plain);
                    auto& to = plain ? expected.plain : expected.exact;
                    to.insert(to.end(), row.o.begin(), row.o.end());
                }
            }
        }
        std::vector<double> together;
        for (int split : {0, 1}) {
            const std::string form = std::string(split ? "attention cached, split " : "attention cached ") + c.name;
            candor_attention_split_use(split);
            Check(form).output("o", o, expected).run([&] {
                return run(p, cache, whole, o, qkv);
            });
            if (split) {
                Tensor<candor_bf16> same(n, width);
                Check(form + ": as without").output_from("o", same, o.get(), {together, together}).run([] {
                    return 0;
                });
            }
            together = o.get();
            if (p.sequences > 1 || c.rows[0] == 1) continue;
            // The same rows one batch after another: what a whole gave has to come again, byte for byte.
            Tensor<candor_bf16> part(n, width);
            std::vector<double> apart;
            for (int skip = 0; skip < n; skip += 7) {
                const Batch b(p, skip, 7);
                const int rows = (int)b.positions.size();
                Tensor<candor_bf16> some(rows, qkv.cols), out(rows, width);
                some.set(
                    {qkv.values.begin() + (size_t)skip * qkv.cols, qkv.values.begin() + (size_t)(skip + rows) * qkv.cols});
                must(run(p, cache, b, out, some));
                for (double v : out.get()) apart.push_back(v);
            }
            Check(form + " in pieces").output_from("o", part, apart, {together, together}).run([] {
                return 0;
            });
        }
        candor_attention_split_use(-1);
    }
}
