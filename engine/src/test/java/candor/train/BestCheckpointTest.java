package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.golden;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What held-out rows decide: when a run ends, and with which weights; and what a run may become when it is resumed. */
class BestCheckpointTest {
    private static final String MODEL = "qwen2";

    @TempDir
    Path temp;

    /** A constant rate, so that a run's length changes none of its steps; half the rows are held out. */
    private Settings constant(Method method, String name) {
        return settings(MODEL, method, temp.resolve(name))
                .with(TrainSettings.LR_SCHEDULER_TYPE, "constant")
                .with(TrainSettings.EVAL_SPLIT, "0.5")
                .with(TrainSettings.EVAL_STEPS, "2");
    }

    private static Settings stopping(Settings settings) {
        return settings.with(TrainSettings.EARLY_STOPPING_PATIENCE, "1")
                // Nothing is better by so much: the second evaluation ends the run.
                .with(TrainSettings.EARLY_STOPPING_THRESHOLD, "1e9");
    }

    /** The first evaluation has the greatest loss, or one of the next: never the last, where the loss falls. */
    private static Settings worst(Settings settings) {
        return settings.with(TrainSettings.LOAD_BEST_MODEL_AT_END, "true")
                .with(TrainSettings.GREATER_IS_BETTER, "true")
                .with(TrainSettings.SAVE_TOTAL_LIMIT, "1")
                .with(TrainSettings.SAVE_STEPS, "3");
    }

    private JsonNode record(String run) throws IOException {
        return new ObjectMapper().readTree(temp.resolve(run).resolve("run.json").toFile());
    }

    private List<String> checkpoints(String run) throws IOException {
        try (Stream<Path> all = Files.list(temp.resolve(run).resolve("checkpoints"))) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static Settings resumed(Settings settings) {
        return settings.with(TrainSettings.RESUME, "true");
    }

    /** Stops a run after each of its sessions has done a step. */
    private static Outcome inSteps(Method method, Settings settings) {
        Outcome outcome = null;
        for (int session = 0; !(outcome instanceof Outcome.Done); session++) {
            AtomicInteger asked = new AtomicInteger();
            Settings next = session == 0 ? settings : resumed(settings);
            outcome = train(TrainListener.NONE, () -> asked.getAndIncrement() == 1, TrainConfig.of(method, next))
                    .getFirst();
        }
        return outcome;
    }

    @ParameterizedTest
    @EnumSource
    void aRunThatGetsNoBetterStopsAndIsTheRunOfSoManySteps(Method method) throws IOException {
        Settings settings = stopping(constant(method, "stopped"))
                .with(TrainSettings.EVAL_STEPS, "1")
                .with(TrainSettings.SAVE_STEPS, "5");
        assertThat(train(method, settings)).isEqualTo(new Outcome.Done(2, 2, true));
        train(
                method,
                constant(method, "short").with(TrainSettings.EVAL_STEPS, "1").with(TrainSettings.MAX_STEPS, "2"));
        assertThat(adapter(temp.resolve("stopped"))).isEqualTo(adapter(temp.resolve("short")));
        assertThat(metrics(temp.resolve("stopped"))).hasSize(2);
        assertThat(metrics(temp.resolve("stopped"))
                        .getLast()
                        .get("evals_without_gain")
                        .asInt())
                .isEqualTo(1);
        JsonNode record = record("stopped");
        assertThat(record.get("status").asText()).isEqualTo("done");
        assertThat(record.get("stopped_early").asBoolean()).isTrue();
        assertThat(record.get("steps_done").asInt()).isEqualTo(2);
        assertThat(record.get("best").get("metric").asText()).isEqualTo("eval_loss");
        assertThat(train(method, resumed(settings))).isEqualTo(new Outcome.Done(2, 2, true));
        assertThat(train(method, resumed(settings).with(TrainSettings.MAX_STEPS, "9")))
                .as("more steps do not bring back a run that stopped by itself")
                .isEqualTo(train(method, resumed(settings)));
    }

    @ParameterizedTest
    @EnumSource
    void theBestCheckpointIsWhatTheRunEndsWith(Method method) throws IOException {
        // Of DPO's few pairs the held-out loss rises, and the first evaluation has the least.
        boolean greatest = method != Method.DPO;
        Settings settings =
                worst(constant(method, "best")).with(TrainSettings.GREATER_IS_BETTER, Boolean.toString(greatest));
        Outcome.Done done = (Outcome.Done) train(method, settings);
        List<JsonNode> lines = metrics(temp.resolve("best"));
        long best = 0;
        double value = 0;
        for (JsonNode line : lines) {
            if (!line.has("eval_loss")) {
                continue;
            }
            double loss = line.get("eval_loss").asDouble();
            if (best == 0 || (greatest ? loss > value : loss < value)) {
                best = line.get("step").asLong();
                value = loss;
            }
        }
        assertThat(done).isEqualTo(new Outcome.Done(7, best, false));
        assertThat(best).isLessThan(7);
        assertThat(lines.getLast().get("best_step").asLong()).isEqualTo(best);
        assertThat(record("best").get("best").get("step").asLong()).isEqualTo(best);
        assertThat(record("best").get("best").get("value").asDouble()).isEqualTo(value);
        assertThat(record("best").get("written_step").asLong()).isEqualTo(best);
        assertThat(checkpoints("best"))
                .as("a limit of one keeps the best and the last")
                .containsExactly("step-" + best, "step-7");
        train(method, constant(method, "short").with(TrainSettings.MAX_STEPS, Long.toString(best)));
        assertThat(adapter(temp.resolve("best"))).isEqualTo(adapter(temp.resolve("short")));
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void stopsAndResumesLeaveNoTrace(Method method) throws IOException {
        assertThat(train(method, worst(constant(method, "whole"))))
                .isEqualTo(inSteps(method, worst(constant(method, "steps"))));
        assertThat(adapter(temp.resolve("steps"))).isEqualTo(adapter(temp.resolve("whole")));
        assertThat(metrics(temp.resolve("steps"))).isEqualTo(metrics(temp.resolve("whole")));
        assertThat(checkpoints("steps")).isEqualTo(checkpoints("whole"));
        assertThat(train(method, stopping(constant(method, "stop"))))
                .isEqualTo(inSteps(method, stopping(constant(method, "stop-steps"))));
        assertThat(adapter(temp.resolve("stop-steps"))).isEqualTo(adapter(temp.resolve("stop")));
    }

    @Test
    void aRunKilledBetweenItsLastCheckpointAndItsEndIsEnded() throws IOException {
        Settings settings = worst(constant(Method.SFT, "run"));
        Outcome done = train(Method.SFT, settings);
        byte[] adapter = adapter(temp.resolve("run"));
        Path file = temp.resolve("run/run.json");
        Files.writeString(file, Files.readString(file).replace("\"done\"", "\"running\""));
        Files.delete(temp.resolve("run/adapter/adapter_model.safetensors"));
        assertThat(train(Method.SFT, resumed(settings))).isEqualTo(done);
        assertThat(adapter(temp.resolve("run"))).isEqualTo(adapter);
        assertThat(metrics(temp.resolve("run"))).hasSize(7);
    }

    @Test
    void theRunsOfASweepStopEachForItself() throws IOException {
        Settings one = stopping(constant(Method.SFT, "together/one"));
        Settings two = worst(constant(Method.KTO, "together/two"));
        List<Outcome> outcomes = train(
                TrainListener.NONE, GoldenRuns.NEVER, TrainConfig.of(Method.SFT, one), TrainConfig.of(Method.KTO, two));
        assertThat(outcomes).extracting(Outcome::step).containsExactly(4L, 7L);
        train(Method.SFT, stopping(constant(Method.SFT, "alone/one")));
        train(Method.KTO, worst(constant(Method.KTO, "alone/two")));
        for (String run : List.of("one", "two")) {
            assertThat(adapter(temp.resolve("together").resolve(run)))
                    .isEqualTo(adapter(temp.resolve("alone").resolve(run)));
            assertThat(metrics(temp.resolve("together").resolve(run)))
                    .isEqualTo(metrics(temp.resolve("alone").resolve(run)));
        }
    }

    /** With an evaluation at its first end that the longer run does not have, and checkpoints that a limit lets go. */
    @ParameterizedTest
    @CsvSource({"SFT,4", "KTO,4", "DPO,4", "FULL,5", "SFT,5"})
    void aRunMadeLongerIsTheLongRun(Method method, int first) throws IOException {
        train(method, worst(constant(method, "long")));
        Settings settings = worst(constant(method, "run")).with(TrainSettings.MAX_STEPS, Integer.toString(first));
        assertThat(train(method, settings).step()).isEqualTo(first);
        assertThat(train(method, resumed(settings).with(TrainSettings.MAX_STEPS, "7"))
                        .step())
                .isEqualTo(7);
        assertThat(adapter(temp.resolve("run"))).isEqualTo(adapter(temp.resolve("long")));
        assertThat(record("run").get("best")).isEqualTo(record("long").get("best"));
        assertThat(record("run").get("config").get("max_steps").asInt()).isEqualTo(7);
    }

    @Test
    void moreEpochsAreMoreSteps() throws IOException {
        Settings epochs = constant(Method.SFT, "run").with(TrainSettings.MAX_STEPS, "0");
        long one =
                train(Method.SFT, epochs.with(TrainSettings.SAVE_STEPS, "100")).step();
        Settings two = epochs.with(TrainSettings.NUM_TRAIN_EPOCHS, "2");
        assertThat(train(Method.SFT, resumed(two)).step()).isEqualTo(2 * one);
        train(Method.SFT, two.with(TrainSettings.OUTPUT, temp.resolve("two").toString()));
        assertThat(adapter(temp.resolve("run"))).isEqualTo(adapter(temp.resolve("two")));
    }

    @Test
    void ratesThatHangOnTheLengthForbidIt() throws IOException {
        Settings cosine = constant(Method.SFT, "run")
                .with(TrainSettings.LR_SCHEDULER_TYPE, "cosine")
                .with(TrainSettings.SAVE_STEPS, "3");
        train(Method.SFT, cosine);
        byte[] adapter = adapter(temp.resolve("run"));
        assertThatThrownBy(() -> train(Method.SFT, resumed(cosine).with(TrainSettings.MAX_STEPS, "9")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("cannot become 9 steps long instead of 7")
                .hasMessageContaining("lr_scheduler_type cosine")
                .hasMessageContaining("step 2 was done at 0.00950")
                .hasMessageContaining("init_adapter " + temp.resolve("run/adapter"));
        assertThatThrownBy(() -> train(Method.SFT, resumed(cosine).with(TrainSettings.MAX_STEPS, "5")))
                .hasMessageContaining("the run has done 7 steps, and is to have 5");
        assertThat(adapter(temp.resolve("run"))).isEqualTo(adapter);
    }

    /** The warm-up is the same for both lengths, and the run has done no step behind it. */
    @Test
    void whileTheRatesAreTheSameTheLengthMayChange() throws IOException {
        Settings settings = constant(Method.SFT, "run")
                .with(TrainSettings.LR_SCHEDULER_TYPE, "cosine")
                .with(TrainSettings.WARMUP_STEPS, "3");
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 3, TrainConfig.of(Method.SFT, settings));
        Settings longer = settings.with(TrainSettings.MAX_STEPS, "9");
        assertThat(train(Method.SFT, resumed(longer)).step()).isEqualTo(9);
        train(Method.SFT, longer.with(TrainSettings.OUTPUT, temp.resolve("long").toString()));
        assertThat(adapter(temp.resolve("run"))).isEqualTo(adapter(temp.resolve("long")));
    }

    @Test
    void aRunThatLeftNoCheckpointIsNotTrainedAnew() {
        Settings settings = constant(Method.SFT, "run");
        train(Method.SFT, settings);
        assertThatThrownBy(() -> train(Method.SFT, resumed(settings).with(TrainSettings.MAX_STEPS, "9")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("left no checkpoint to make it longer from");
    }

    /** Where evaluations decide, their rows and their rhythm are a part of the run; otherwise they are not. */
    @Test
    void heldOutRowsThatDecideAreComparedOnResume() throws IOException {
        Path held = Files.copy(golden(MODEL).resolve("sft/train.jsonl"), temp.resolve("held.jsonl"));
        Settings settings = worst(constant(Method.SFT, "run"))
                .with(TrainSettings.EVAL_SPLIT, "0")
                .with(TrainSettings.EVAL_DATA, held.toString());
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 4, TrainConfig.of(Method.SFT, settings));
        assertThatThrownBy(() -> train(Method.SFT, resumed(settings).with(TrainSettings.EVAL_STEPS, "3")))
                .hasMessageContaining("started with eval_steps 2, not 3");
        Files.writeString(held, "\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> train(Method.SFT, resumed(settings)))
                .hasMessageContaining("held.jsonl: has changed since the run began");
    }

    @Test
    void aShareOfTheDataIsHeldOut() throws IOException {
        Settings settings = constant(Method.SFT, "run");
        train(Method.SFT, settings);
        Settings whole = constant(Method.SFT, "whole").with(TrainSettings.EVAL_SPLIT, "0");
        int rows = Prepared.toPlan(List.of(TrainConfig.of(Method.SFT, whole)))
                .runs()
                .getFirst()
                .data()
                .size();
        assertThat(record("run").get("rows").asInt()
                        + record("run").get("eval_rows").asInt())
                .isEqualTo(rows);
        assertThat(record("run").get("eval_rows").asInt()).isEqualTo(Math.round(rows * 0.5));
        assertThatThrownBy(() -> train(Method.SFT, resumed(settings).with(TrainSettings.EVAL_SPLIT, "0.25")))
                .hasMessageContaining("started with eval_split 0.5, not 0.25");
        assertThatThrownBy(
                        () -> train(Method.SFT, constant(Method.SFT, "none").with(TrainSettings.EVAL_SPLIT, "0.0001")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("eval_split 1.0E-4: a share of 1.0E-4 of " + rows + " rows is less than half");
    }

    @Test
    void aBestThatIsDamagedIsNamedAndTheLastStepsStay() throws IOException {
        Settings settings = worst(constant(Method.SFT, "run"));
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 6, TrainConfig.of(Method.SFT, settings));
        long best = metrics(temp.resolve("run")).getLast().get("best_step").asLong();
        Files.delete(temp.resolve("run/checkpoints/step-" + best + "/parameters.f32"));
        assertThatThrownBy(() -> train(Method.SFT, resumed(settings)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("step-" + best + "/parameters.f32 is missing");
        assertThat(checkpoints("run")).contains("step-7");
    }
}
