// What the C API says of matrices that do not fit: a status and a sentence, and no kernel runs.
#include <cstring>

#include "op_check.h"

using namespace op_check;

namespace {

void refuses(const char* what, int status, const char* words) {
    expect(std::string("refused: ") + what, status == CANDOR_BAD_ARGUMENT && strstr(candor_last_error(), words) != nullptr,
        std::to_string(status) + " " + candor_last_error());
}

}  // namespace

SUITE(arguments) {
    Tensor<candor_bf16> x(3, 8), w(5, 8), y(3, 5), t(3, 16);
    Tensor<float> a(2, 8), b(5, 2), logits(3, 5);
    Random random(1);
    x.fill(random, -1, 1), w.fill(random, -1, 1), a.fill(random, -1, 1), b.fill(random, -1, 1);
    const auto linear = [&](const candor_matrix* x, const candor_matrix* w, const candor_matrix* bias) {
        return candor_linear(y.m(), nullptr, x, w, bias, nullptr, nullptr, 0, nullptr, stream());
    };
    const auto changed = [](const candor_matrix* m, auto change) {
        candor_matrix other = *m;
        change(other);
        return other;
    };
    y.poison();
    const std::vector<candor_bf16> before = y.bits();
    refuses("a matrix that is missing", linear(nullptr, w.m(), nullptr), "linear: x is missing");
    refuses(
        "another type", linear(x.m(), logits.m(), nullptr), "linear: w is of float32, expected bf16 or packed");
    candor_matrix other = changed(x.m(), [](candor_matrix& m) { m.dtype = 0; });
    refuses("no type", linear(&other, w.m(), nullptr), "x is of no known type, expected bf16");
    other = changed(w.m(), [](candor_matrix& m) { m.cols = 7; });
    refuses("another shape", linear(x.m(), &other, nullptr), "w is (5,7), expected (5,8)");
    refuses("a bias that is no vector", linear(x.m(), w.m(), logits.m()), "bias is (3,5), expected (1,5)");
    other = changed(x.m(), [](candor_matrix& m) { m.stride = 7; });
    refuses("rows that overlap", linear(&other, w.m(), nullptr), "x has rows of 8 that begin 7 apart");
    other = changed(x.m(), [](candor_matrix& m) { m.data = nullptr; });
    refuses("no memory", linear(&other, w.m(), nullptr), "x has no memory");
    other = changed(w.m(), [](candor_matrix& m) { m.dtype = CANDOR_INT8; });
    refuses("a packed weight without scales", linear(x.m(), &other, nullptr), "w is of int8 and has no scales");
    other.dtype = CANDOR_NF4, other.stride = 12, other.scales = a.p();
    refuses("rows with gaps in a form without", linear(x.m(), &other, nullptr), "w is of nf4 and has rows of 8 that begin 12 apart, expected no gaps");
    other.dtype = CANDOR_FP8, other.scales = reinterpret_cast<const char*>(a.p()) + 2;
    refuses("scales at no float's address", linear(x.m(), &other, nullptr), "w is of fp8 and has scales that begin within a float");
    other = changed(x.m(), [](candor_matrix& m) { m.dtype = CANDOR_NF4; });
    refuses("packed activations", linear(&other, w.m(), nullptr), "x is of nf4, expected bf16");
    refuses("a weight that is not packed", candor_unpack(w.m(), w.m(), stream()), "unpack: w is of bf16, expected a packed form");
    candor_lora lora = {*a.m(), *b.m(), {}, {}, 1, 0, 3, 0, 0, 0, {}};
    lora.output = 1;
    refuses("a factor of another layer",
        candor_linear(y.m(), t.m(), x.m(), w.m(), nullptr, nullptr, &lora, 1, nullptr, stream()), "adapter 0 has outputs 1 to 6 of 5");
    lora.output = 0;
    lora.da = *a.m();
    refuses("a gradient of one factor alone",
        candor_linear(y.m(), t.m(), x.m(), w.m(), nullptr, nullptr, &lora, 1, nullptr, stream()), "db is missing");
    lora.da = {};
    refuses("adapters without room for what they share",
        candor_linear(y.m(), nullptr, x.m(), w.m(), nullptr, nullptr, &lora, 1, nullptr, stream()), "t is missing");
    const auto two = [&](int column, int output, int columns) {
        const candor_matrix part = changed(b.m(), [](candor_matrix& m) { m.rows = 2; });
        const candor_lora siblings[] = {{*a.m(), part, {}, {}, 1, 0, 3, 0, 0, 0, {}}, {*a.m(), part, {}, {}, 1, 0, 3, column, output, 0, {}}};
        const candor_matrix shared = changed(t.m(), [&](candor_matrix& m) { m.cols = columns, m.stride = columns; });
        return candor_linear(y.m(), &shared, x.m(), w.m(), nullptr, nullptr, siblings, 2, nullptr, stream());
    };
    refuses("a sibling beyond what they share", two(16, 2, 16), "adapter 1 has rank 2 of 16 columns, from column 16");
    refuses("a sibling at an odd column", two(8, 2, 16), "adapter 1 has rank 2 of 16 columns, from column 8");
    refuses("siblings whose outputs overlap", two(16, 1, 32), "adapter 1 has outputs 1 to 3 of 5");
    Tensor<float> table(4, 2);
    table.fill(random, -1, 1);
    candor_epilogue then = {CANDOR_ROPE, 2, *table.m(), nullptr, {}, 1};
    const auto ending = [&](const candor_matrix* residual) {
        return candor_linear(y.m(), nullptr, x.m(), w.m(), nullptr, residual, nullptr, 0, &then, stream());
    };
    refuses("rope behind a residual", ending(y.m()), "a residual, and operation 1 behind it");
    then.heads = 3;
    refuses("more heads than columns", ending(nullptr), "3 heads of 2 columns, of 5");
    then.heads = 2, then.table = *a.m(), then.table.cols = 3;
    refuses("heads without halves", ending(nullptr), "table is (2,3), expected (2,2)");
    then.operation = CANDOR_GEGLU, then.gated = *t.m();
    refuses("a gate without what goes through it", ending(nullptr), "a gate and what goes through it are of 5 columns");
    then.operation = 99;
    refuses("an operation that ends no layer", ending(nullptr), "no layer ends with operation 99");
    refuses("adapters to be packed nowhere", candor_lora_pack(&lora, 1, stream()), "adapter 0 has no image");
    const auto with = [&](int slot, int columns, int64_t offset) {
        candor_lora imaged = lora;
        imaged.slot = slot;
        imaged.image = {reinterpret_cast<char*>(t.p()) - reinterpret_cast<uintptr_t>(t.p()) % 256 + offset, 2, columns, x.cols, y.cols};
        return imaged;
    };
    const candor_lora unaligned = with(0, t.cols, 16), behind = with(2, t.cols, 0), wide = with(0, 2 * t.cols, 0), odd = with(0, 8, 0);
    refuses("an image that is not aligned", candor_lora_pack(&unaligned, 1, stream()), "is not aligned");
    refuses("a slot behind the image's", candor_lora_pack(&behind, 1, stream()), "adapter 0 is in slot 2 of 2");
    refuses("an image of odd columns", candor_lora_pack(&odd, 1, stream()), "an image of 2 slots, 8 columns");
    const auto product = [&](const candor_lora& entry) {
        return candor_linear(y.m(), t.m(), x.m(), w.m(), nullptr, nullptr, &entry, 1, nullptr, stream());
    };
    refuses("a slot behind the image's in a product", product(behind), "adapter 0 is in slot 2 of 2");
    refuses("an image of another layer", product(wide), "adapter 0 has an image of 32 columns");
    const candor_matrix parts[] = {*w.m(), changed(w.m(), [](candor_matrix& m) { m.rows = 1; })};
    refuses("parts of a weight that are too many",
        candor_linear_backward(x.m(), nullptr, y.m(), nullptr, nullptr, parts, 2, nullptr, 0, 0, stream()),
        "w has 6 rows in 2 parts, expected 5");
    expect("nothing was written", y.bits() == before);
    must(candor_linear(y.m(), t.m(), x.m(), w.m(), nullptr, nullptr, &lora, 1, nullptr, stream()));
    const candor_heads heads = {2, 1, 8, 0};
    const candor_sequences sequences = {nullptr, 0, 0};
    const candor_heads wide_heads = {1, 1, 136, 0};
    const candor_cache cache = {};
    const int status = candor_cache_write(&cache, x.m(), &wide_heads, nullptr, nullptr, stream());
    expect("refused: a cache of heads that are too wide", status == CANDOR_UNSUPPORTED
            && strstr(candor_last_error(), "cacheWrite: 1 query heads, 1 key heads, width 136") != nullptr,
        std::to_string(status) + " " + candor_last_error());
    refuses("queries, keys and values for other heads",
        candor_attention(x.m(), logits.m(), x.m(), &heads, &sequences, stream()), "o is (3,8), expected (3,16)");
}
