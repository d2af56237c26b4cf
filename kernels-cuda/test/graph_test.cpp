// Graphs through the C API: what is replayed gives the bytes of what is asked for plainly, also where memory has changed since
// the capture; what a capture refuses, and that it goes on.
#include <cstring>
#include <functional>

#include "emulator_control.h"
#include "op_check.h"

using namespace op_check;

namespace {

constexpr int kTokens = 7, kVocabulary = 11, kWidth = 48, kOutputs = 80, kRank = 4, kPadded = 16;

// The operations of a small training step, with scratch memory, adapters and an optimiser; state is what it moves on.
struct Step {
    Tensor<candor_bf16> table{kVocabulary, kWidth}, w{kOutputs, kWidth}, dy{kTokens, kOutputs}, x{kTokens, kWidth},
        normed{kTokens, kWidth}, y{kTokens, kOutputs}, dx{kTokens, kWidth}, t{kTokens, kPadded}, dt{kTokens, kPadded};
    Tensor<float> norm{1, kWidth}, rstd{kTokens, 1}, a{kRank, kWidth}, b{kOutputs, kRank}, da{kRank, kWidth},
        db{kOutputs, kRank}, m{kRank, kWidth}, v{kRank, kWidth}, numbers{1, 9}, sum{1, 2};
    Tensor<int32_t> tokens{1, kTokens};

    Step() {
        Random r(5);
        table.fill(r, -1, 1), w.fill(r, -1, 1), dy.fill(r, -1, 1), norm.fill(r, 0.5, 1.5);
        for (auto* scratch : {&x, &normed, &dx}) scratch->fill(r, 0, 1);
        y.fill(r, 0, 1), t.fill(r, 0, 1), dt.fill(r, 0, 1), rstd.fill(r, 0, 1), sum.fill(r, 0, 1);
    }

    void begin() {
        Random r(6);
        a.fill(r, -1, 1), b.fill(r, -1, 1);
        for (auto* zero : {&da, &m, &v}) zero->set(std::vector<double>(kRank * kWidth, 0));
        db.set(std::vector<double>(kOutputs * kRank, 0));
    }

    // What changes from step to step: tokens, and the numbers of AdamW.
    void next(int number) {
        Random r(number);
        std::vector<double> ids(kTokens);
        for (double& id : ids) id = r.below(kVocabulary);
        tokens.set(ids);
        const candor_adamw_step terms = {number, 1e-2 / number, 0.9, 0.99, 1e-8, 0.1, number % 2 ? 1.0 : 0.5};
        candor_adamw_numbers n;
        must(candor_adamw_fold(&n, &terms));
        numbers.set(std::vector<double>((float*)&n, (float*)(&n + 1)));
    }

    int ask() {
        const candor_lora lora = {*a.m(), *b.m(), *da.m(), *db.m(), 2, 1, kTokens, 0, 0, 0, {}};
        const candor_adamw_part part = {a.p(), da.p(), m.p(), v.p(),
            reinterpret_cast<const candor_adamw_numbers*>(numbers.p()), kRank * kWidth};
        int status = candor_embed(x.m(), table.m(), tokens.p(), stream());
        if (!status) status = candor_rms_norm(normed.m(), rstd.m(), x.m(), norm.m(), 1e-5f, stream());
        if (!status) status = candor_linear(y.m(), t.m(), normed.m(), w.m(), nullptr, nullptr, &lora, 1, nullptr, stream());
        if (!status) {
            status = candor_linear_backward(dx.m(), dt.m(), dy.m(), normed.m(), t.m(), w.m(), 1, &lora, 1, 0, stream());
        }
        if (!status) status = candor_sum_of_squares(reinterpret_cast<double*>(sum.p()), da.m(), stream());
        if (!status) status = candor_adamw(&part, 1, stream());
        if (!status) status = candor_zero(da.p(), 0, kRank * kWidth * sizeof(float), 1, stream());
        return status;
    }

    std::vector<double> state() const {
        std::vector<double> all;
        for (const auto* tensor : {&a, &m, &v, &db, &sum}) {
            const std::vector<double> values = tensor->get();
            all.insert(all.end(), values.begin(), values.end());
        }
        for (const std::vector<double>& values : {y.get(), dx.get()}) all.insert(all.end(), values.begin(), values.end());
        return all;
    }
};

bool same(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

candor_graph* captured(Step& step) {
    candor_graph* graph = nullptr;
    must(candor_graph_begin(stream()));
    must(step.ask());
    must(candor_graph_end(&graph, stream()));
    return graph;
}

void replayed() {
    constexpr int kSteps = 4;
    Step step;
    std::vector<std::vector<double>> plain;
    step.begin();
    for (int number = 1; number <= kSteps; number++) {
        step.next(number);
        must(step.ask());
        plain.push_back(step.state());
    }
    step.begin();
    const std::vector<double> before = step.state();
    candor_graph* graph = captured(step);
    expect("a capture runs nothing", same(step.state(), before));
    for (int number = 1; number <= kSteps; number++) {
        step.next(number);
        must(candor_graph_launch(graph));
        expect("a graph's step " + std::to_string(number) + " is the plain one", same(step.state(), plain[number - 1]));
    }
    must(candor_stream_synchronise(stream()));
    must(candor_graph_destroy(graph));
    expect("no findings", emulator_findings() == 0, emulator_report());
}

void refused() {
    Step step;
    step.begin();
    step.next(1);
    must(step.ask());
    const std::vector<double> once = step.state();
    void* memory = nullptr;
    void* pinned = nullptr;
    must(candor_pinned_allocate(&pinned, 16, device()));
    int host = 0;
    candor_graph* none = nullptr;
    candor_event* before = nullptr;
    must(candor_event_create(&before, device()));
    step.begin();
    must(candor_event_record(before, stream()));
    must(candor_graph_begin(stream()));
    const auto refuses = [&](const char* what, const std::function<int()>& call, const char* words) {
        const int status = call();
        expect(std::string("a capture refuses ") + what,
            status == CANDOR_IN_CAPTURE && strstr(candor_last_error(), words) != nullptr,
            std::to_string(status) + " " + candor_last_error());
    };
    refuses("to allocate", [&] { return candor_memory_allocate(&memory, 16, device()); }, "memoryAllocate: a capture is going");
    refuses("to trim", [&] { return candor_memory_trim(device()); }, "memoryTrim");
    refuses("to pin", [&] { return candor_pinned_allocate(&memory, 16, device()); }, "pinnedAllocate");
    refuses("to unpin", [&] { return candor_pinned_release(pinned, device()); }, "pinnedRelease");
    refuses("to wait", [&] { return candor_stream_synchronise(stream()); }, "streamSynchronise: the stream is in a capture");
    refuses("to wait for an event", [&] { return candor_event_synchronise(before); }, "eventSynchronise: a capture is going");
    refuses("to be destroyed", [&] { return candor_stream_destroy(stream()); }, "streamDestroy");
    refuses("to begin again", [&] { return candor_graph_begin(stream()); }, "graphBegin");
    refuses("a copy from pageable memory",
        [&] { return candor_copy_to_device(step.a.p(), 4, &host, 4, 4, 1, stream()); }, "pinned host memory only");
    refuses("a copy to pageable memory",
        [&] { return candor_copy_to_host(&host, 4, step.a.p(), 4, 4, 1, stream()); }, "pinned host memory only");
    refuses("more scratch memory",
        [&] {
            candor_matrix numbers = *step.rstd.m(), x = *step.x.m();
            numbers.rows = x.rows = 1 << 20;
            return candor_log_prob(&numbers, &numbers, nullptr, &x, step.table.m(), step.tokens.p(), stream());
        },
        "bytes of scratch memory");
    must(step.ask());
    candor_graph* graph = nullptr;
    must(candor_graph_end(&graph, stream()));
    must(candor_graph_launch(graph));
    expect("and goes on", same(step.state(), once));
    must(candor_stream_synchronise(stream()));
    must(candor_graph_destroy(graph));
    must(candor_event_synchronise(before));
    must(candor_event_destroy(before));
    must(candor_pinned_release(pinned, device()));
    expect("there is no end without a beginning",
        candor_graph_end(&none, stream()) == CANDOR_BAD_ARGUMENT && none == nullptr);
}

// What CUDA itself refuses: to wait for an event of another stream.
void broken() {
    Step step;
    step.begin();
    step.next(1);
    candor_graph* graph = captured(step);
    must(candor_graph_launch(graph));
    const std::vector<double> once = step.state();
    must(candor_graph_destroy(graph));
    candor_event* outside = nullptr;
    candor_stream* other = nullptr;
    must(candor_stream_create(&other, device()));
    must(candor_event_create(&outside, device()));
    must(candor_event_record(outside, other));
    step.begin();
    must(candor_graph_begin(stream()));
    expect("a capture does not wait for what is outside", candor_event_wait(stream(), outside) != 0);
    expect("a broken capture refuses the next operation", step.ask() != 0);
    expect("and gives no graph", candor_graph_end(&graph, stream()) != 0 && graph == nullptr
            && strstr(candor_last_error(), "graphEnd (the capture)") != nullptr,
        candor_last_error());
    must(step.ask());
    expect("the stream works on", same(step.state(), once));
    must(candor_event_destroy(outside));
    must(candor_stream_destroy(other));
}

void pinned_copies() {
    Tensor<float> x(1, 2), y(1, 2);
    float* pinned = nullptr;
    must(candor_pinned_allocate((void**)&pinned, 4 * sizeof(float), device()));
    must(candor_graph_begin(stream()));
    must(candor_copy_to_device(x.p(), 8, pinned, 8, 8, 1, stream()));
    must(candor_zero(y.p(), 8, 4, 1, stream()));
    must(candor_copy_to_host(pinned + 2, 8, x.p(), 8, 8, 1, stream()));
    candor_graph* graph = nullptr;
    must(candor_graph_end(&graph, stream()));
    for (const float value : {1.5f, -2.0f}) {
        pinned[0] = value, pinned[1] = 3 * value;
        y.set({7, 7});
        must(candor_graph_launch(graph));
        must(candor_stream_synchronise(stream()));
        expect("pinned memory is read, and written, at each launch",
            pinned[2] == value && pinned[3] == 3 * value && same(x.get(), {value, 3 * value}) && same(y.get(), {0, 7}));
    }
    must(candor_graph_destroy(graph));
    must(candor_pinned_release(pinned, device()));
}

void stale() {
    candor_stream* own = nullptr;
    must(candor_stream_create(&own, device()));
    Tensor<float> x(1, 3000), sum(1, 2);
    x.set(std::vector<double>(3000, 1));
    const auto ask = [&](int cols) {
        candor_matrix some = *x.m();
        some.cols = cols;
        return candor_sum_of_squares(reinterpret_cast<double*>(sum.p()), &some, own);
    };
    must(ask(1));
    candor_graph* graph = nullptr;
    must(candor_graph_begin(own));
    must(ask(1));
    must(candor_graph_end(&graph, own));
    must(ask(2));
    expect("a graph lives while scratch memory stays", candor_graph_launch(graph) == 0, candor_last_error());
    Tensor<float> large(1, 64 * 1024);
    large.set(std::vector<double>(64 * 1024, 1));
    must(candor_sum_of_squares(reinterpret_cast<double*>(sum.p()), large.m(), own));
    expect("and is stale when it has moved",
        candor_graph_launch(graph) == CANDOR_STALE_GRAPH && strstr(candor_last_error(), "scratch memory has moved"));
    must(candor_graph_destroy(graph));
    must(candor_stream_destroy(own));
}

}  // namespace

SUITE(graphs) {
    replayed();
    refused();
    broken();
    pinned_copies();
    stale();
}
