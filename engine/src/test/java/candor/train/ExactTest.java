package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.numbers;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The same run, stopped and resumed, on other threads, cut otherwise, beside others: the same adapter. */
class ExactTest {
    @TempDir
    Path temp;

    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Ends the session as a crash would, in the middle of what follows a step: nothing more is written. */
    private static TrainListener killedAfter(int step) {
        return new TrainListener() {
            @Override
            public void step(Run run, Map<String, Number> metrics) {
                if (run.step() == step) {
                    throw new Killed();
                }
            }
        };
    }

    private void assertSame(Path run, Path whole) throws IOException {
        assertThat(adapter(run)).isEqualTo(adapter(whole));
        assertThat(metrics(run)).isEqualTo(metrics(whole));
    }

    @ParameterizedTest
    @EnumSource
    void killedAndResumed(Method method) throws IOException {
        Path whole = temp.resolve("whole");
        train(method, settings("qwen3", method, whole));
        // With a checkpoint at 3 and 6: before any, right behind one, between, and at the very end.
        for (int step : new int[] {2, 3, 5, 7}) {
            Path run = temp.resolve("killed-" + step);
            Settings settings = settings("qwen3", method, run).with(TrainSettings.SAVE_STEPS, "3");
            TrainListener killer = killedAfter(step);
            TrainConfig config = TrainConfig.of(method, settings);
            assertThatThrownBy(() -> train(killer, GoldenRuns.NEVER, config)).isInstanceOf(Killed.class);
            assertThat(run.resolve("adapter")).doesNotExist();
            assertThat(run.resolve("model")).doesNotExist();
            assertThat(train(method, settings.with(TrainSettings.RESUME, "true")))
                    .isEqualTo(new Outcome.Done(7));
            assertSame(run, whole);
        }
    }

    @ParameterizedTest
    @EnumSource
    void interruptedAfterEveryStepAndResumed(Method method) throws IOException {
        Path whole = temp.resolve("whole");
        train(method, settings("qwen2", method, whole));
        Path run = temp.resolve("run");
        Settings settings = settings("qwen2", method, run);
        Outcome outcome = null;
        for (int session = 0; !(outcome instanceof Outcome.Done); session++) {
            AtomicInteger asked = new AtomicInteger();
            Settings next = session == 0 ? settings : settings.with(TrainSettings.RESUME, "true");
            outcome = train(TrainListener.NONE, () -> asked.getAndIncrement() == 1, TrainConfig.of(method, next))
                    .getFirst();
            assertThat(outcome.step()).isEqualTo(session + 1);
        }
        assertSame(run, whole);
        try (Stream<Path> checkpoints = Files.list(run.resolve("checkpoints"))) {
            assertThat(checkpoints.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder("step-5", "step-6");
        }
    }

    /** The reference of a run that went on from an adapter is that adapter, also after a resume, also without its cache. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void theReferenceOfAResumedRunIsTheFirstAdapter(boolean cached) throws IOException {
        Path init = GoldenRuns.golden("llama3").resolve("adapter");
        Path whole = temp.resolve("whole");
        Settings common = Settings.NONE
                .with(
                        TrainSettings.MODEL,
                        GoldenRuns.golden("llama3").resolve("model").toString())
                .with(
                        TrainSettings.DATA,
                        GoldenRuns.golden("llama3").resolve("kto/train.jsonl").toString())
                .with(TrainSettings.INIT_ADAPTER, init.toString())
                .with(TrainSettings.LEARNING_RATE, "0.01")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "4")
                .with(TrainSettings.THREADS, "1")
                .with(TrainSettings.MAX_STEPS, "6");
        train(Method.KTO, common.with(TrainSettings.OUTPUT, whole.toString()));
        Path run = temp.resolve("run");
        Settings settings = common.with(TrainSettings.OUTPUT, run.toString());
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 5, TrainConfig.of(Method.KTO, settings));
        if (!cached) {
            Files.delete(run.resolve("reference.cache"));
        }
        train(Method.KTO, settings.with(TrainSettings.RESUME, "true"));
        assertSame(run, whole);
        JsonNode last = metrics(run).getLast();
        assertThat(Math.abs(last.get("rewards/chosen").asDouble())).isGreaterThan(0.01);
    }

    @ParameterizedTest
    @EnumSource
    void oneThreadAndTwo(Method method) throws IOException {
        Path one = temp.resolve("one");
        Path two = temp.resolve("two");
        train(method, settings("llama3", method, one).with(TrainSettings.THREADS, "1"));
        train(method, settings("llama3", method, two).with(TrainSettings.THREADS, "2"));
        assertSame(one, two);
    }

    @ParameterizedTest
    @EnumSource
    void recomputingChangesNothing(Method method) throws IOException {
        Path none = temp.resolve("none");
        train(method, settings("qwen3", method, none).with(TrainSettings.RECOMPUTE, "none"));
        for (String choice : List.of("selective", "full")) {
            Path run = temp.resolve(choice);
            train(method, settings("qwen3", method, run).with(TrainSettings.RECOMPUTE, choice));
            assertSame(run, none);
        }
    }

    @ParameterizedTest
    @CsvSource({"SFT,llama3", "KTO,qwen2", "FULL,qwen3"})
    void eightRowsAtOnceOrInParts(Method method, String model) throws IOException {
        Path whole = temp.resolve("whole");
        train(method, cut(model, method, whole, 8, 1));
        for (int rows : new int[] {4, 1}) {
            Path run = temp.resolve("rows-" + rows);
            train(method, cut(model, method, run, rows, 8 / rows));
            List<JsonNode> expected = metrics(whole);
            List<JsonNode> got = metrics(run);
            assertThat(got).hasSameSizeAs(expected);
            for (int i = 0; i < got.size(); i++) {
                assertThat(got.get(i).get("loss").asDouble())
                        .isCloseTo(expected.get(i).get("loss").asDouble(), within(1e-6));
            }
            assertThat(GoldenRuns.distance(numbers(run), numbers(whole))).isLessThan(1e-5);
        }
    }

    private static Settings cut(String model, Method method, Path output, int rows, int accumulation) {
        return settings(model, method, output)
                .with(TrainSettings.MAX_LENGTH, "90")
                .with(TrainSettings.MAX_STEPS, "3")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, Integer.toString(rows))
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, Integer.toString(accumulation));
    }
}
