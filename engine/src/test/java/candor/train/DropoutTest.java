package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.golden;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.numbers;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.ops.Room;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A run with LoRA dropout is the same run however it is computed, and drops while it learns only. */
class DropoutTest {
    @TempDir
    Path temp;

    private Settings dropping(String model, Method method, String name) {
        return settings(model, method, temp.resolve(name)).with(TrainSettings.LORA_DROPOUT, "0.3");
    }

    private void assertSame(String run, String other) throws IOException {
        assertThat(adapter(temp.resolve(run))).isEqualTo(adapter(temp.resolve(other)));
        assertThat(metrics(temp.resolve(run))).isEqualTo(metrics(temp.resolve(other)));
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void itChangesTheAdapterAndSaysSo(Method method) throws IOException {
        train(method, dropping("qwen3", method, "with"));
        train(method, settings("qwen3", method, temp.resolve("without")));
        assertThat(GoldenRuns.distance(numbers(temp.resolve("with")), numbers(temp.resolve("without"))))
                .isGreaterThan(0.01);
        JsonNode config = new ObjectMapper()
                .readTree(temp.resolve("with/adapter/adapter_config.json").toFile());
        assertThat(config.get("lora_dropout").asDouble()).isEqualTo(0.3);
        JsonNode record =
                new ObjectMapper().readTree(temp.resolve("with/run.json").toFile());
        assertThat(record.get("config").get("lora_dropout").asDouble()).isEqualTo(0.3);
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void threadsRecomputingAndResumingLeaveNoTrace(Method method) throws IOException {
        train(method, dropping("qwen3", method, "whole"));
        train(method, dropping("qwen3", method, "threads").with(TrainSettings.THREADS, "2"));
        assertSame("threads", "whole");
        for (String choice : List.of("selective", "full")) {
            train(method, dropping("qwen3", method, choice).with(TrainSettings.RECOMPUTE, choice));
            assertSame(choice, "whole");
        }
        Settings stopped = dropping("qwen3", method, "stopped");
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 3, TrainConfig.of(method, stopped));
        train(method, stopped.with(TrainSettings.RESUME, "true"));
        assertSame("stopped", "whole");
    }

    /** Whichever way eight rows are cut, each meets its own mask; sums then differ in their order alone. */
    @ParameterizedTest
    @CsvSource({"SFT,llama3", "KTO,qwen2"})
    void eightRowsAtOnceOrInParts(Method method, String model) throws IOException {
        for (int rows : new int[] {8, 2, 1}) {
            train(
                    method,
                    dropping(model, method, "rows-" + rows)
                            .with(TrainSettings.MAX_LENGTH, "90")
                            .with(TrainSettings.MAX_STEPS, "3")
                            .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, Integer.toString(rows))
                            .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, Integer.toString(8 / rows)));
        }
        for (String run : List.of("rows-2", "rows-1")) {
            List<JsonNode> expected = metrics(temp.resolve("rows-8"));
            List<JsonNode> got = metrics(temp.resolve(run));
            for (int i = 0; i < got.size(); i++) {
                assertThat(got.get(i).get("loss").asDouble())
                        .isCloseTo(expected.get(i).get("loss").asDouble(), within(1e-6));
            }
            assertThat(GoldenRuns.distance(numbers(temp.resolve(run)), numbers(temp.resolve("rows-8"))))
                    .isLessThan(1e-5);
        }
    }

    /** Another rate, none, another rank: each is what it would be alone. */
    @Test
    void theRunsOfASweepDropEachForItself() throws IOException {
        for (String place : List.of("together", "alone")) {
            Settings one = dropping("llama3", Method.SFT, place + "/one");
            Settings none = settings("llama3", Method.SFT, temp.resolve(place + "/none"))
                    .with(TrainSettings.LORA_RANK, "20")
                    .with(TrainSettings.MAX_STEPS, "4");
            Settings kto = dropping("llama3", Method.KTO, place + "/kto")
                    .with(TrainSettings.LORA_DROPOUT, "0.05")
                    .with(TrainSettings.LORA_TARGET_MODULES, "q_proj", "down_proj")
                    .with(TrainSettings.MAX_STEPS, "3");
            List<TrainConfig> configs = List.of(
                    TrainConfig.of(Method.SFT, one), TrainConfig.of(Method.SFT, none), TrainConfig.of(Method.KTO, kto));
            if (place.equals("together")) {
                train(TrainListener.NONE, GoldenRuns.NEVER, configs.toArray(TrainConfig[]::new));
            } else {
                configs.forEach(config -> train(TrainListener.NONE, GoldenRuns.NEVER, config));
            }
        }
        for (String run : List.of("one", "none", "kto")) {
            assertSame("together/" + run, "alone/" + run);
        }
    }

    /** At a rate of nothing the adapter stays as it is; the loss of held-out rows then, too, whatever is dropped. */
    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void evaluationAndReferenceDropNothing(Method method) throws IOException {
        for (String run : List.of("with", "without")) {
            // An adapter that is there already, so that it makes a difference what is dropped.
            Settings settings = Settings.NONE
                    .with(TrainSettings.MODEL, golden("llama3").resolve("model").toString())
                    .with(
                            TrainSettings.DATA,
                            golden("llama3").resolve("kto/train.jsonl").toString())
                    .with(
                            TrainSettings.INIT_ADAPTER,
                            golden("llama3").resolve("adapter").toString())
                    .with(TrainSettings.OUTPUT, temp.resolve(run).toString())
                    .with(TrainSettings.LORA_DROPOUT, run.equals("with") ? "0.5" : "0")
                    .with(TrainSettings.LEARNING_RATE, "0")
                    .with(TrainSettings.MAX_STEPS, "2")
                    .with(TrainSettings.EVAL_SPLIT, "0.3")
                    .with(TrainSettings.EVAL_STEPS, "1")
                    .with(TrainSettings.THREADS, "1");
            train(method, settings);
        }
        Set<String> differing = new HashSet<>();
        for (int step = 0; step < 2; step++) {
            JsonNode with = metrics(temp.resolve("with")).get(step);
            JsonNode without = metrics(temp.resolve("without")).get(step);
            with.properties().forEach(entry -> {
                if (!entry.getValue().equals(without.get(entry.getKey()))) {
                    differing.add(entry.getKey());
                }
            });
        }
        assertThat(differing).contains("loss", "grad_norm").noneMatch(name -> name.startsWith("eval_"));
        double first = metrics(temp.resolve("with")).get(0).get("eval_loss").asDouble();
        assertThat(metrics(temp.resolve("with")).get(1).get("eval_loss").asDouble())
                .isEqualTo(first);
    }

    @Test
    void aPlanCountsWhatIsDropped() {
        assertThat(activations(dropping("llama3", Method.SFT, "with")))
                .isGreaterThan(activations(settings("llama3", Method.SFT, temp.resolve("without"))));
    }

    private static long activations(Settings settings) {
        Prepared prepared = Prepared.toPlan(List.of(TrainConfig.of(Method.SFT, settings)));
        return Plan.of(prepared, Room.of(64L << 30, 64L << 30)).host().bytes().get("activations");
    }
}
