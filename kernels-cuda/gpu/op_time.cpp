// The time of every operation at a model's shapes, by the C API's own events:
//   op_time [--shape llama-3.1-8b|qwen2.5-0.5b|tiny] [--tokens N] [--length N] [--only TEXT] [--once]
//   op_time --tiles            every tile of matrix products on sm_90a instead: see tiles.h
// A Markdown table: time, TFLOP/s, GB/s, the share of the ceiling (what the device needs at least, for the arithmetic or for
// the bytes, at the rates that this run measured on cuBLAS's largest product and on a copy), and for products cuBLAS's time
// over ours. Operands are random and rotate over more memory than the caches hold; medians of nine samples. Products are
// compared with cuBLAS's, and attention on sm_90a with mma.sync's, which is timed too. --once, for profilers, runs each operation
// once and nothing else; so does an emulated device. Exit 1 where an operation fails or a result differs.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "candor_kernels.h"
#include "candor_tuning.h"
#include "driver.h"
#include "measure.h"
#include "tiles.h"

namespace op_time {
namespace {

struct Shape {
    const char* name;
    int width, hidden, heads, key_heads, head_width, vocabulary;
};

constexpr Shape kShapes[] = {
    {"llama-3.1-8b", 4096, 14336, 32, 8, 128, 128256},
    {"qwen2.5-0.5b", 896, 4864, 14, 2, 64, 151936},
    {"tiny", 64, 160, 4, 2, 16, 300},
};

void row(const std::string& what, double time, double flops, double bytes, double cublas) {
    if (time < 0) {
        failed = true;
        printf("| %s | failed | | | | |\n", what.c_str());
        return;
    }
    const double least = std::max(
        flops_per_second > 0 ? flops / flops_per_second : 0, bytes_per_second > 0 ? bytes / bytes_per_second : 0);
    const auto percent = [](double share) {
        char text[32];
        snprintf(text, sizeof text, "%.0f %%", 100 * share);
        return std::string(share > 0 ? text : "");
    };
    printf("| %s | %.1f | %.1f | %.0f | %s | %s |\n", what.c_str(), time * 1e6, flops / time / 1e12, bytes / time / 1e9,
        percent(least / time).c_str(), percent(cublas > 0 ? cublas / time : 0).c_str());
    fflush(stdout);
}

class Table {
public:
    Table(const Shape& shape, int tokens, int length, std::string only)
        : shape_(shape), n_(tokens), length_(length), only_(std::move(only)), cublas_(driver_) {}

    void run() {
        ceilings();
        printf("\n%s, %d tokens in sequences of %d:\n\n", shape_.name, n_, length_);
        printf("| operation | µs | TFLOP/s | GB/s | share of the ceiling | of cuBLAS |\n|---|---|---|---|---|---|\n");
        const int c = shape_.width, f = shape_.hidden, d = shape_.head_width;
        const int q = shape_.heads * d, qkv = q + 2 * shape_.key_heads * d;
        linear("linear, q k v", c, qkv, 0);
        linear("linear, q k v, LoRA", c, qkv, 16);
        rotated(c, {q, (qkv - q) / 2, (qkv - q) / 2});
        siblings("siblings, q k v, LoRA", c, {q, (qkv - q) / 2, (qkv - q) / 2});
        linear("linear, o, LoRA", q, c, 16);
        linear("linear, gate up, LoRA", c, 2 * f, 16);
        gated(c, f);
        siblings("siblings, gate up, LoRA", c, {f, f});
        linear("linear, down, LoRA", f, c, 16);
        attention();
        cached(1, length_, 1);
        cached(1, 8 * length_, 1);
        cached(32, length_, 1);
        cached(1, length_, length_);
        rows();
        packed_weights();
        head();
        sampling();
        optimiser();
        if (!once) {
            for (int side : {4096, 8192}) square(side);
        }
    }

private:
    bool wanted(const std::string& what) const { return what.find(only_) != std::string::npos; }

    void ceilings() {
        if (once) return;
        if (!driver_.there()) {
            printf("No ceilings: there is no driver.\n");
            return;
        }
        const int64_t bytes = 1ll << 30;
        Memory from = std::make_shared<Buffer>(bytes), to = std::make_shared<Buffer>(bytes);
        from->put(uniform(bytes / 4, 1));
        const double copied = theirs(driver_, [&](int) { return driver_.copy(to->as<void>(), from->as<void>(), bytes); });
        if (copied > 0) bytes_per_second = 2 * bytes / copied;
        printf("Ceilings in this run: %.0f GB/s copied (read and written)", bytes_per_second / 1e9);
        if (cublas_.there()) {
            const int side = 8192;
            const Operand x = bf16(side, side), w = bf16(side, side), y = bf16(side, side);
            const double time = theirs(driver_,
                [&](int) { return cublas_.linear(y.data(), x.data(), w.data(), side, side, side); });
            if (time > 0) flops_per_second = 2.0 * side * side * side / time;
            printf(", %.0f TFLOP/s by cuBLAS at 8192 cubed", flops_per_second / 1e12);
        } else {
            printf("; there is no cuBLAS, so shares are of the copy alone");
        }
        printf(".\n");
    }

    // ‖a − b‖ / ‖b‖ of two bf16 results on the device.
    static double distance(const Operand& a, const Operand& b) {
        const auto get = [](const Operand& m) {
            const int64_t bytes = m.memory->bytes;
            std::vector<candor_bf16> v(bytes / 2);
            must(candor_copy_to_host(v.data(), bytes, m.data(), bytes, bytes, 1, stream));
            must(candor_stream_synchronise(stream));
            return v;
        };
        const std::vector<candor_bf16> va = get(a), vb = get(b);
        double difference = 0, norm = 0;
        for (size_t i = 0; i < va.size(); i++) {
            float x, y;
            const uint32_t bx = (uint32_t)va[i] << 16, by = (uint32_t)vb[i] << 16;
            memcpy(&x, &bx, 4);
            memcpy(&y, &by, 4);
            difference += ((double)x - y) * ((double)x - y);
            norm += (double)y * y;
        }
        return std::sqrt(difference / norm);
    }

    void same(const std::string& what, const Operand& ours, const Operand& theirs, const char* whose = "cuBLAS's") {
        const double apart = distance(ours, theirs);
        if (apart <= 0.01) return;
        failed = true;
        printf("| %s | its result is %.3g of its size from %s | | | | |\n", what.c_str(), apart, whose);
    }

    // Forward and backward of a layer, with an adapter of this rank over all rows, or without.
    void linear(const std::string& what, int i, int o, int rank) {
        product(what, n_, i, o, rank);
        product_backward(what + ", backward", n_, i, o, rank);
    }

    void square(int side) {
        product("matmul, " + std::to_string(side) + " cubed", side, side, side, 0);
        product_backward("matmul, " + std::to_string(side) + " cubed, dx", side, side, side, 0);
    }

    struct Lora {
        Operand a, b, da, db;
        candor_lora entry;
        Lora(int n, int i, int o, int rank, bool trained, int column = 0, int output = 0)
            : a(floats(rank, i)), b(floats(o, rank)), da(floats(rank, i, 0)), db(floats(o, rank, 0)),
              entry{a.matrix, b.matrix, trained ? da.matrix : candor_matrix{}, trained ? db.matrix : candor_matrix{}, 2.0f, 0, n,
                  column, output, 0, {}} {}
    };

    // The factors of entries for the same rows as a step keeps them, packed.
    struct Image {
        Memory memory;
        Image(std::vector<candor_lora>& entries, int columns, int i, int o) {
            candor_lora_image image = {nullptr, 1, columns, i, o};
            int64_t bytes = 0;
            must(candor_lora_image_bytes(&bytes, &image));
            memory = std::make_shared<Buffer>(bytes);
            image.memory = memory->as<void>();
            must(candor_zero(image.memory, bytes, bytes, 1, stream));
            for (candor_lora& entry : entries) entry.image = image;
            must(candor_lora_pack(entries.data(), (int)entries.size(), stream));
        }
    };

    void product(const std::string& what, int n, int i, int o, int rank) {
        if (!wanted(what)) return;
        const double bytes = 2.0 * ((double)n * i + (double)o * i + (double)n * o);
        std::vector<Operand> x, w, y;
        for (int s = 0; s < sets((int64_t)bytes); s++) {
            x.push_back(bf16(n, i));
            w.push_back(bf16(o, i, 0.05f));
            y.push_back(bf16(n, o));
        }
        const Operand t = bf16(n, std::max(rank, 16));
        std::unique_ptr<Lora> lora(rank ? new Lora(n, i, o, rank, false) : nullptr);
        std::vector<candor_lora> entries;
        if (rank) entries.push_back(lora->entry);
        const Image image(entries, std::max(rank, 16), i, o);
        const auto run = [&](int call, bool adapted) {
            const size_t s = call % x.size();
            return candor_linear(y[s].m(), adapted ? t.m() : nullptr, x[s].m(), w[s].m(), nullptr, nullptr, entries.data(), adapted,
                nullptr, stream);
        };
        double peer = 0;
        if (cublas_.there() && !once) {
            const Operand z = bf16(n, o);
            peer = theirs(driver_, [&](int call) {
                const size_t s = call % x.size();
                return cublas_.linear(z.data(), x[s].data(), w[s].data(), n, i, o);
            });
            must(run(0, false));
            must(candor_stream_synchronise(stream));
            driver_.start();
            cublas_.linear(z.data(), x[0].data(), w[0].data(), n, i, o);
            driver_.end();
            same(what, y[0], z);
        }
        const double flops = 2.0 * n * i * o + 2.0 * n * rank * ((double)i + o);
        row(what, ours([&](int call) { return run(call, rank > 0); }), flops, bytes, peer);
    }

    void product_backward(const std::string& what, int n, int i, int o, int rank) {
        if (!wanted(what)) return;
        const double bytes = 2.0 * ((double)n * i + (double)o * i + (double)n * o) + (rank ? 2.0 * n * i : 0);
        std::vector<Operand> dx, w, dy;
        for (int s = 0; s < sets((int64_t)bytes); s++) {
            dx.push_back(bf16(n, i));
            w.push_back(bf16(o, i, 0.05f));
            dy.push_back(bf16(n, o));
        }
        const Operand x = bf16(n, i), t = bf16(n, std::max(rank, 16)), dt = bf16(n, std::max(rank, 16));
        std::unique_ptr<Lora> lora(rank ? new Lora(n, i, o, rank, true) : nullptr);
        std::vector<candor_lora> entries;
        if (rank) entries.push_back(lora->entry);
        const Image image(entries, std::max(rank, 16), i, o);
        const auto run = [&](int call, bool adapted) {
            const size_t s = call % w.size();
            return candor_linear_backward(dx[s].m(), adapted ? dt.m() : nullptr, dy[s].m(), x.m(), adapted ? t.m() : nullptr,
                w[s].m(), 1, entries.data(), adapted, 0, stream);
        };
        double peer = 0;
        if (cublas_.there() && !once) {
            const Operand z = bf16(n, i);
            peer = theirs(driver_, [&](int call) {
                const size_t s = call % w.size();
                return cublas_.linear_backward(z.data(), dy[s].data(), w[s].data(), n, i, o);
            });
            must(run(0, false));
            must(candor_stream_synchronise(stream));
            driver_.start();
            cublas_.linear_backward(z.data(), dy[0].data(), w[0].data(), n, i, o);
            driver_.end();
            same(what, dx[0], z);
        }
        const double flops = 2.0 * n * i * o + 4.0 * n * rank * ((double)i + o);
        row(what, ours([&](int call) { return run(call, rank > 0); }), flops, bytes, peer);
    }

    // What stacked layers end with: in their call, and as a call behind it.
    struct Ending {
        const char* name;
        candor_epilogue then;
        std::function<int(const Operand& y)> apart;
        double bytes;  // beside those of the layers
    };

    void rotated(int i, const std::vector<int>& outputs) {
        const int d = shape_.head_width, turning = outputs[0] + outputs[1];
        const Operand angles = floats(length_, d);
        const Memory positions = integers(n_, [&](int64_t row) { return (int32_t)(row % length_); });
        const auto* at = positions->as<int32_t>();
        const Ending ending = {"rope", {CANDOR_ROPE, turning / d, angles.matrix, at, {}, 1}, [&](const Operand& y) {
            candor_matrix heads = *y.m();
            heads.cols = turning;
            return candor_rope(&heads, angles.m(), at, 1, stream);
        }, 4.0 * length_ * d};
        stacked("stacked, q k v, LoRA", i, outputs, ending);
    }

    void gated(int i, int f) {
        const Operand out = bf16(n_, f);
        const Ending ending = {"swiglu", {CANDOR_SWIGLU, 0, {}, nullptr, out.matrix, 1},
            [&](const Operand& y) { return candor_swiglu(out.m(), y.m(), stream); }, 2.0 * n_ * f};
        stacked("stacked, gate up, LoRA", i, {f, f}, ending);
    }

    // Layers of one input as a step runs them: stacked in one weight, each with an adapter of its own.
    void stacked(const std::string& what, int i, const std::vector<int>& outputs, const Ending& ending) {
        if (!wanted(what)) return;
        constexpr int kRank = 16;
        int wide = 0, columns = 0;
        std::vector<std::unique_ptr<Lora>> lora;
        std::vector<candor_lora> entries;
        for (const int o : outputs) {
            lora.push_back(std::make_unique<Lora>(n_, i, o, kRank, true, columns, wide));
            entries.push_back(lora.back()->entry);
            wide += o, columns += kRank;
        }
        const int count = (int)entries.size();
        const Image image(entries, columns, i, wide);
        const double bytes = 2.0 * ((double)n_ * i + (double)wide * i + (double)n_ * wide);
        const double flops = 2.0 * n_ * i * wide, lora_flops = 2.0 * n_ * kRank * ((double)i * count + wide);
        const Operand x = bf16(n_, i), dx = bf16(n_, i), y = bf16(n_, wide), t = bf16(n_, columns), dt = bf16(n_, columns);
        std::vector<Operand> w;
        for (int s = 0; s < sets((int64_t)bytes); s++) w.push_back(bf16(wide, i, 0.05f));
        const auto forward = [&](int call, const candor_epilogue* then) {
            return candor_linear(
                y.m(), t.m(), x.m(), w[call % w.size()].m(), nullptr, nullptr, entries.data(), count, then, stream);
        };
        row(what, ours([&](int call) { return forward(call, nullptr); }), flops + lora_flops, bytes, 0);
        const std::string ended = what + ", " + ending.name;
        row(ended, ours([&](int call) { return forward(call, &ending.then); }), flops + lora_flops, bytes + ending.bytes, 0);
        row(ended + " apart", ours([&](int call) {
            const int status = forward(call, nullptr);
            return status ? status : ending.apart(y);
        }), flops + lora_flops, bytes + ending.bytes, 0);
        row(what + ", backward", ours([&](int call) {
            return candor_linear_backward(
                dx.m(), dt.m(), y.m(), x.m(), t.m(), w[call % w.size()].m(), 1, entries.data(), count, 0, stream);
        }), flops + 2 * lora_flops, bytes + 2.0 * n_ * i, 0);
        // Factors are read as float32, and written as bf16 with the zeros beside them.
        const double packed = 4.0 * kRank * ((double)count * i + wide) + 2.0 * columns * ((double)i + wide);
        row(what + ", adapters packed", ours([&](int) { return candor_lora_pack(entries.data(), count, stream); }), 0, packed, 0);
    }

    // The same one after the other, as where weights are packed; their results are columns of one matrix. The way back adds up from
    // the last to the first.
    void siblings(const std::string& what, int i, const std::vector<int>& outputs) {
        if (!wanted(what)) return;
        constexpr int kRank = 16;
        int wide = 0;
        for (const int o : outputs) wide += o;
        const double bytes = 2.0 * ((double)n_ * i + (double)wide * i + (double)n_ * wide);
        const double once_flops = 2.0 * n_ * i * wide;
        const Operand x = bf16(n_, i), dx = bf16(n_, i), y = bf16(n_, wide), t = bf16(n_, kRank), dt = bf16(n_, kRank);
        std::vector<std::vector<Operand>> w(sets((int64_t)bytes));
        for (auto& set : w) {
            for (const int o : outputs) set.push_back(bf16(o, i, 0.05f));
        }
        std::vector<std::unique_ptr<Lora>> lora;
        std::vector<std::vector<candor_lora>> entries;
        std::vector<Image> images;
        for (const int o : outputs) {
            lora.push_back(std::make_unique<Lora>(n_, i, o, kRank, true));
            entries.push_back({lora.back()->entry});
            images.emplace_back(entries.back(), kRank, i, o);
        }
        const auto part = [&](size_t which) {
            candor_matrix m = *y.m();
            for (size_t before = 0; before < which; before++) m.data = static_cast<candor_bf16*>(m.data) + outputs[before];
            m.cols = outputs[which];
            return m;
        };
        double lora_flops = 0;
        for (const int o : outputs) lora_flops += 2.0 * n_ * kRank * ((double)i + o);
        row(what, ours([&](int call) {
            int status = 0;
            for (size_t s = 0; s < outputs.size() && !status; s++) {
                const candor_matrix to = part(s);
                status = candor_linear(
                    &to, t.m(), x.m(), w[call % w.size()][s].m(), nullptr, nullptr, entries[s].data(), 1, nullptr, stream);
            }
            return status;
        }), once_flops + lora_flops, bytes, 0);
        row(what + ", backward", ours([&](int call) {
            int status = 0;
            for (size_t s = outputs.size(); s-- > 0 && !status;) {
                const candor_matrix dy = part(s);
                status = candor_linear_backward(dx.m(), dt.m(), &dy, x.m(), t.m(), w[call % w.size()][s].m(), 1, entries[s].data(), 1,
                    s + 1 < outputs.size(), stream);
            }
            return status;
        }), once_flops + 2 * lora_flops, bytes + 2.0 * n_ * i, 0);
    }

    // Rows as chats have them: few long ones and many short ones; by the list of tiles that is chosen for them, and by a grid.
    void varied(const candor_heads& heads, const Operand& qkv, const Operand& o, const Operand& lse, const Operand& dout,
        const Operand& dqkv) {
        constexpr int kPercent[] = {100, 3, 12, 5, 40, 2, 8, 3, 20, 4, 6, 2};  // of the longest
        std::vector<int32_t> starts{0};
        double pairs = 0;
        for (size_t s = 0; starts.back() < n_; s++) {
            const int length = std::min(n_ - starts.back(), std::max(1, length_ * kPercent[s % std::size(kPercent)] / 100));
            pairs += length / 2.0 * length;
            starts.push_back(starts.back() + length);
        }
        const Memory there = integers((int64_t)starts.size(), [&](int64_t s) { return starts[s]; });
        const candor_sequences sequences = {there->as<int32_t>(), (int32_t)starts.size() - 1, std::min(n_, length_)};
        const double product = 2.0 * pairs * heads.query * heads.width;
        const double bytes = 2.0 * n_ * (qkv.matrix.cols + o.matrix.cols);
        for (const bool listed : {true, false}) {
            candor_attention_list_use(listed ? -1 : 0);
            const std::string which = std::string(", varied rows") + (listed ? "" : ", by a grid");
            row("attention" + which, ours([&](int) {
                return candor_attention(o.m(), lse.m(), qkv.m(), &heads, &sequences, stream);
            }), 2 * product, bytes, 0);
            row("attention, backward" + which, ours([&](int) {
                return candor_attention_backward(dqkv.m(), dout.m(), qkv.m(), o.m(), lse.m(), &heads, &sequences, stream);
            }), 5 * product, 2 * bytes, 0);
        }
        candor_attention_list_use(-1);
    }

    void attention() {
        if (!wanted("attention")) return;
        const int h = shape_.heads, k = shape_.key_heads, d = shape_.head_width, wide = (h + 2 * k) * d, count = n_ / length_;
        const Operand qkv = bf16(n_, wide), o = bf16(n_, h * d), lse = floats(n_, h), dout = bf16(n_, h * d),
                      dqkv = bf16(n_, wide);
        const Memory starts = integers(count + 1, [&](int64_t s) { return (int32_t)(s * length_); });
        const candor_heads heads = {h, k, d, 0};
        const candor_sequences sequences = {starts->as<int32_t>(), count, length_};
        // Causal: half of the square; two products forward, five backward.
        const double product = 2.0 * n_ * (length_ / 2.0) * h * d;
        const auto forward = [&](const Operand& to) {
            return candor_attention(to.m(), lse.m(), qkv.m(), &heads, &sequences, stream);
        };
        const auto backward = [&](const Operand& to) {
            return candor_attention_backward(to.m(), dout.m(), qkv.m(), o.m(), lse.m(), &heads, &sequences, stream);
        };
        const auto both = [&](const std::string& which, const Operand& to, const Operand& gradients) {
            row("attention" + which, ours([&](int) { return forward(to); }), 2 * product, 2.0 * n_ * (wide + h * d), 0);
            row("attention, backward" + which, ours([&](int) { return backward(gradients); }), 5 * product,
                2.0 * n_ * (2 * wide + 2 * h * d), 0);
        };
        both("", o, dqkv);
        varied(heads, qkv, o, lse, dout, dqkv);
        // As wide as half of a sequence: three quarters of the pairs are left.
        const candor_heads near = {h, k, d, std::max(1, length_ / 2)};
        row("attention, in a window of " + std::to_string(near.window), ours([&](int) {
            return candor_attention(o.m(), lse.m(), qkv.m(), &near, &sequences, stream);
        }), 1.5 * product, 2.0 * n_ * (wide + h * d), 0);
        row("attention, backward, in a window of " + std::to_string(near.window), ours([&](int) {
            return candor_attention_backward(dqkv.m(), dout.m(), qkv.m(), o.m(), lse.m(), &near, &sequences, stream);
        }), 3.75 * product, 2.0 * n_ * (2 * wide + 2 * h * d), 0);
        must(forward(o));  // the results of all tokens again
        must(backward(dqkv));
        candor_device_properties properties;
        must(candor_device_describe(&properties, device));
        if (properties.major != 9) return;
        // The kernels of other devices too, with which results are compared.
        const Operand other = bf16(n_, h * d), other_gradients = bf16(n_, wide);
        candor_attention_use(0);
        both(std::string(", by ") + candor_attention_form_name(0), other, other_gradients);
        candor_attention_use(-1);
        same("attention", o, other, "mma.sync's");
        same("attention, backward", dqkv, other_gradients, "mma.sync's");
    }

    // A step of decoding, one token of each sequence, or a prompt: the last `rows` of the tokens that each has in the cache with them.
    // Few tokens stay in the second-level cache from call to call, as they would not between the layers of a model: read the large ones.
    void cached(int count, int tokens, int rows) {
        constexpr int kPage = 32;
        const int h = shape_.heads, k = shape_.key_heads, d = shape_.head_width, each = (tokens + kPage - 1) / kPage;
        const std::string what = rows > 1 ? "attention to a cache, a prompt of " + std::to_string(tokens) + " tokens"
                                          : "attention to a cache, " + std::to_string(count) + " of " + std::to_string(tokens) + " tokens";
        if (!wanted(what)) return;
        const Operand qkv = bf16(count * rows, (h + 2 * k) * d), o = bf16(count * rows, h * d), slab = bf16(count * each, 2 * kPage * k * d);
        const uint64_t address = (uint64_t)slab.data();
        const Memory slabs = integers(2, [&](int64_t i) { return (int32_t)(address >> 32 * i); });  // little-endian halves
        const Memory pages = integers((int64_t)count * each, [](int64_t i) { return (int32_t)i; });
        const Memory first_page = integers(count, [&](int64_t s) { return (int32_t)s * each; });
        const Memory positions = integers((int64_t)count * rows, [&](int64_t row) { return tokens - rows + (int32_t)(row % rows); });
        const Memory starts = integers(count + 1, [&](int64_t s) { return (int32_t)s * rows; });
        const candor_cache cache = {slabs->as<candor_bf16*>(), slab.matrix.stride, count * each, each, pages->as<int32_t>(),
            first_page->as<int32_t>()};
        const candor_heads heads = {h, k, d, 0};
        const candor_sequences sequences = {starts->as<int32_t>(), count, rows};
        const double pairs = (double)count * rows * (tokens - (rows - 1) / 2.0);
        for (const bool split : {true, false}) {
            if (!split && rows > 1) break;  // prompts know no other way
            candor_attention_split_use(split ? -1 : 0);
            row(what + (split ? "" : ", by as many blocks as rows want"), ours([&](int) {
                return candor_attention_cached(
                    o.m(), qkv.m(), &cache, &heads, positions->as<int32_t>(), &sequences, stream);
            }), 4.0 * pairs * h * d, 4.0 * count * tokens * k * d + 4.0 * count * rows * h * d, 0);
        }
        candor_attention_split_use(-1);
    }

    // What moves bytes and computes little.
    void rows() {
        const int c = shape_.width, f = shape_.hidden, h = shape_.heads, d = shape_.head_width, v = shape_.vocabulary;
        const double wide = 2.0 * n_ * c;
        const int count = sets((int64_t)wide);
        std::vector<Operand> x, y;
        for (int s = 0; s < count; s++) x.push_back(bf16(n_, c)), y.push_back(bf16(n_, c));
        const Operand w = floats(1, c), rstd = floats(n_, 1), table = bf16(v, c), angles = floats(length_, d);
        const Memory positions = integers(n_, [&](int64_t i) { return (int32_t)(i % length_); });
        const Memory tokens = integers(n_, [&](int64_t i) { return (int32_t)(random_bits(i) % v); });
        const auto in = [&](int call) { return x[call % count].m(); };
        const auto out = [&](int call) { return y[call % count].m(); };
        if (wanted("embed")) {
            row("embed", ours([&](int call) {
                return candor_embed(out(call), table.m(), tokens->as<int32_t>(), stream);
            }), 0, 2 * wide, 0);
        }
        if (wanted("rms norm")) {
            row("rms norm", ours([&](int call) {
                return candor_rms_norm(out(call), rstd.m(), in(call), w.m(), 1e-5f, stream);
            }), 0, 2 * wide, 0);
            row("rms norm, backward, added", ours([&](int call) {
                return candor_rms_norm_backward(out(call), in(call), in(call + 1), w.m(), rstd.m(), 1, stream);
            }), 0, 4 * wide, 0);
        }
        if (wanted("rope")) {
            const int columns = std::min(h, c / d) * d;
            row("rope", ours([&](int call) {
                candor_matrix heads = *out(call);
                heads.cols = columns;
                return candor_rope(&heads, angles.m(), positions->as<int32_t>(), 1, stream);
            }), 0, 4.0 * n_ * columns, 0);
        }
        if (wanted("geglu")) {
            const Operand gate = bf16(n_, 2 * f), dy = bf16(n_, f), d_gate = bf16(n_, 2 * f);
            row("geglu", ours([&](int) { return candor_geglu(dy.m(), gate.m(), stream); }), 0, 6.0 * n_ * f, 0);
            row("geglu, backward", ours([&](int) { return candor_geglu_backward(d_gate.m(), dy.m(), gate.m(), stream); }), 0,
                10.0 * n_ * f, 0);
        }
        if (wanted("swiglu")) {
            const Operand gate = bf16(n_, 2 * f), dy = bf16(n_, f), d_gate = bf16(n_, 2 * f);
            row("swiglu", ours([&](int) { return candor_swiglu(dy.m(), gate.m(), stream); }), 0, 6.0 * n_ * f, 0);
            row("swiglu, backward", ours([&](int) { return candor_swiglu_backward(d_gate.m(), dy.m(), gate.m(), stream); }), 0,
                10.0 * n_ * f, 0);
        }
    }

    // The down projection from packed weights: unpacked alone, for all rows, and for one, beside bf16.
    void packed_weights() {
        const int i = shape_.hidden, o = shape_.width;
        product("linear, down, 1 row", 1, i, o, 0);
        for (const auto& [form, name] : {std::pair<int, const char*>{CANDOR_INT8, "int8"}, {CANDOR_FP8, "fp8"}, {CANDOR_NF4, "nf4"},
                 {CANDOR_NF4_NESTED, "nested nf4"}}) {
            const std::string text = name;
            unpacked("unpack, down, " + text, form, i, o);
            packed_product("linear, down, " + text, form, n_, i, o);
            packed_product("linear, down, 1 row, " + text, form, 1, i, o);
        }
    }

    void unpacked(const std::string& what, int form, int i, int o) {
        if (!wanted(what)) return;
        const Operand y = bf16(o, i);
        std::vector<PackedOperand> w;
        for (int s = 0; s < sets((int64_t)i * o); s++) w.push_back(packed(form, o, i));
        const auto run = [&](int call) { return candor_unpack(y.m(), w[call % w.size()].m(), stream); };
        row(what, ours(run), 0, w[0].bytes() + 2.0 * i * o, 0);
    }

    void packed_product(const std::string& what, int form, int n, int i, int o) {
        if (!wanted(what)) return;
        const Operand x = bf16(n, i), y = bf16(n, o), plain = bf16(o, i), z = bf16(n, o);
        std::vector<PackedOperand> w;
        for (int s = 0; s < sets((int64_t)i * o); s++) w.push_back(packed(form, o, i));
        const auto linear = [&](const Operand& to, const candor_matrix* weight) {
            return candor_linear(to.m(), nullptr, x.m(), weight, nullptr, nullptr, nullptr, 0, nullptr, stream);
        };
        must(linear(y, w[0].m()));
        must(candor_unpack(plain.m(), w[0].m(), stream));
        must(linear(z, plain.m()));
        same(what, y, z, "that of its numbers in bf16");
        const auto run = [&](int call) { return linear(y, w[call % w.size()].m()); };
        row(what, ours(run), 2.0 * n * i * o, w[0].bytes() + 2.0 * ((double)n * i + (double)n * o), 0);
    }

    // Log-probabilities of a quarter of the tokens, as when the loss is on replies alone; and of all but each sequence's last.
    void head() {
        head("log-prob", std::max(1, n_ / 4), false);
        const int all = std::max(1, n_ - n_ / length_);
        head("log-prob, all rows", all, false);
        head("log-prob, all rows, logits kept", all, true);
    }

    void head(const std::string& what, int t, bool kept) {
        if (!wanted(what)) return;
        const int c = shape_.width, v = shape_.vocabulary;
        const Operand x = bf16(t, c), dx = bf16(t, c), w = bf16(v, c, 0.02f);
        const Operand logp = floats(t, 1), lse = floats(t, 1), dlogp = floats(t, 1);
        const Memory targets = integers(t, [&](int64_t i) { return (int32_t)(random_bits(i) % v); });
        const Memory logits = std::make_shared<Buffer>(kept ? 4ll * t * v : 4);
        const candor_matrix matrix = {logits->as<void>(), v, t, v, CANDOR_F32, nullptr};
        const candor_matrix* all = kept ? &matrix : nullptr;  // written by the first row, read by the second
        const double flops = 2.0 * t * c * v, bytes = 2.0 * ((double)t * c + (double)v * c) + (kept ? 4.0 * t * v : 0);
        row(what, ours([&](int) {
            return candor_log_prob(logp.m(), lse.m(), all, x.m(), w.m(), targets->as<int32_t>(), stream);
        }), flops, bytes, 0);
        row(what + ", backward", ours([&](int) {
            return candor_log_prob_backward(dx.m(), dlogp.m(), lse.m(), all, x.m(), w.m(), targets->as<int32_t>(), stream);
        }), (kept ? 1 : 2) * flops, (kept ? 1 : 2) * bytes, 0);
    }

    // The next token of 32 rows of logits.
    void sampling() {
        if (!wanted("sample tokens")) return;
        constexpr int kRows = 32;
        const int v = shape_.vocabulary;
        const Operand logits = floats(kRows, v, 8), chosen = floats(kRows, 2);
        const struct {
            const char* name;
            candor_draw draw;
        } ways[] = {{"the likeliest", {0, 1, 0, 1, 0, 0, 0}}, {"all by their weight", {1.44, 1, 0.5, 1, 0, 0, 0}},
            {"top-k 20, top-p 0.8", {2.06, 0.8, 0.5, 1, 20, 0, 0}}, {"top-p 0.95", {1.44, 0.95, 0.5, 1, 0, 0, 0}}};
        const Memory seen = integers(1, [](int64_t) { return 0; });
        for (const auto& way : ways) {
            constexpr int kWords = sizeof(candor_draw) / sizeof(int32_t);
            const auto* words = reinterpret_cast<const int32_t*>(&way.draw);
            const Memory draws = integers((int64_t)kRows * kWords, [&](int64_t i) { return words[i % kWords]; });
            row(std::string("sample tokens, 32 rows, ") + way.name, ours([&](int) {
                return candor_sample_tokens(chosen.m(), logits.m(), draws->as<candor_draw>(), seen->as<int32_t>(), stream);
            }), 0, 4.0 * kRows * v, 0);
        }
    }

    // A step over as many parameters as adapters of rank 16 on all layers of the larger model have.
    void optimiser() {
        const int rows = once ? 3 : 40, cols = once ? 1000 : 1 << 20;
        const double count = (double)rows * cols;
        const Operand w = floats(rows, cols), g = floats(rows, cols), m = floats(rows, cols, 0), v = floats(rows, cols, 0);
        if (wanted("adamw")) {
            const candor_adamw_step terms = {1, 1e-4, 0.9, 0.999, 1e-8, 0.01, 1};
            candor_adamw_numbers folded;
            must(candor_adamw_fold(&folded, &terms));
            const auto* words = reinterpret_cast<const int32_t*>(&folded);
            const Memory numbers = integers(sizeof folded / sizeof *words, [&](int64_t i) { return words[i]; });
            const auto data = [](const Operand& of) { return static_cast<float*>(of.matrix.data); };
            const candor_adamw_part part = {
                data(w), data(g), data(m), data(v), numbers->as<candor_adamw_numbers>(), rows * (int64_t)cols};
            row("adamw", ours([&](int) { return candor_adamw(&part, 1, stream); }), 0, 28 * count, 0);
        }
        if (wanted("sum of squares")) {
            const Operand sum = floats(1, 2);
            row("sum of squares", ours([&](int) {
                return candor_sum_of_squares(static_cast<double*>(sum.matrix.data), g.m(), stream);
            }), 0, 4 * count, 0);
        }
    }

    const Shape& shape_;
    const int n_, length_;
    const std::string only_;
    const Driver driver_;
    const Cublas cublas_;
};

int main_of(int count, char** arguments) {
    std::string shape = "llama-3.1-8b", only;
    int tokens = 8192, length = 2048;
    bool tiles = false;
    for (int i = 1; i < count; i += 2) {
        const std::string flag = arguments[i], value = i + 1 < count ? arguments[i + 1] : "";
        if (flag == "--once") once = true, i--;
        else if (flag == "--tiles") tiles = true, i--;
        else if (flag == "--shape") shape = value;
        else if (flag == "--tokens") tokens = atoi(value.c_str());
        else if (flag == "--length") length = atoi(value.c_str());
        else if (flag == "--only") only = value;
        else return fprintf(stderr, "op_time: no flag %s\n", flag.c_str()), 2;
    }
    const Shape* found = nullptr;
    for (const Shape& s : kShapes) {
        if (shape == s.name) found = &s;
    }
    if (!found || length < 1 || tokens < length || tokens % length != 0) {
        fprintf(stderr, "op_time: no such shape, or tokens that are no multiple of the length\n");
        return 2;
    }
    must(candor_device_open(&device, 0));
    must(candor_stream_create(&stream, device));
    must(candor_event_create(&first, device));
    must(candor_event_create(&last, device));
    once |= candor_is_emulated() == 1;
    if (tiles) {
        Tiles().run();
    } else {
        Table table(*found, tokens, length, only);
        table.run();
    }
    candor_device_close(device);
    return failed;
}

}  // namespace
}  // namespace op_time

int main(int count, char** arguments) {
    return op_time::main_of(count, arguments);
}
