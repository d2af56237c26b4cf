package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.BadInput;
import candor.bindings.NativeLibrary;
import candor.model.Recompute;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Benchmarks run, once and small, and find their own results right. */
class BenchmarksTest {
    @Test
    void aPatternNamesBenchmarks() {
        Selection selection = Selection.of("StepBenchmark", "cuda-emulated");
        assertThat(selection.only(entry -> true))
                .containsExactlyInAnyOrder(
                        "^candor\\.bench\\.StepBenchmark\\.sft$",
                        "^candor\\.bench\\.StepBenchmark\\.kto$",
                        "^candor\\.bench\\.StepBenchmark\\.ktoWithoutCache$");
        assertThat(selection.skipped()).isEmpty();
        assertThatThrownBy(() -> Selection.of("NoBenchmark", "cuda-emulated"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("LaunchBenchmark")
                .hasMessageContaining("StartUp");
        assertThatThrownBy(() -> Selection.of("(", "cuda-emulated")).isInstanceOf(BadInput.class);
    }

    @Test
    void whatCannotRunHereIsSkippedByName() {
        assumeTrue(!NativeLibrary.CUDA.isThere(), "the kernels for a GPU are there");
        Selection selection = Selection.of("LaunchBenchmark", "cuda");
        assertThat(selection.found()).isEmpty();
        assertThat(selection.skipped()).containsOnlyKeys("LaunchBenchmark");
    }

    /** Its setup calls all of them, and fails where two do not give the same. */
    @Test
    void allWaysToCallLeadToTheSameFunction() throws Throwable {
        assumeTrue(NativeLibrary.EMULATED.isThere(), "there is no " + NativeLibrary.EMULATED.fileName());
        CallBenchmark calls = new CallBenchmark();
        calls.library = "cuda-emulated";
        calls.open();
        calls.close();
    }

    @Test
    void texts() {
        TextBenchmark texts = new TextBenchmark();
        texts.family = "qwen2";
        texts.load();
        TextBenchmark.Throughput throughput = new TextBenchmark.Throughput();
        texts.template(throughput);
        long tokens = throughput.tokens;
        texts.templateAndReplies(throughput);
        texts.tokenize(throughput);
        assertThat(texts.whole(throughput)).isEqualTo(tokens);
        assertThat(throughput.tokens).isEqualTo(4 * tokens);
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 20_000})
    void packing(int window) {
        PackingBenchmark packing = new PackingBenchmark();
        packing.window = window;
        packing.make();
        PackingBenchmark.Throughput throughput = new PackingBenchmark.Throughput();
        packing.plan(throughput);
        assertThat(2 * packing.write(throughput)).isEqualTo(throughput.tokens);
        packing.check();
    }

    @Test
    void steps() {
        StepBenchmark steps = new StepBenchmark();
        steps.model = "world";
        steps.adapters = 2;
        steps.batch = 2;
        steps.length = 6;
        steps.backend = "cpu";
        steps.threads = 2;
        steps.recompute = Recompute.NONE;
        steps.open();
        StepBenchmark.Throughput throughput = new StepBenchmark.Throughput();
        steps.sft(throughput);
        steps.ktoWithoutCache(throughput);
        assertThat(throughput.tokens).isEqualTo(2 * 24);
        steps.close();
    }
}
