package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** Whole runs in bf16 beside the CPU's in float32. */
final class Bf16Runs {
    private static final int STEPS = 30;

    /**
     * The largest difference of a loss in as many steps, over that which PyTorch's own bf16 shows beside its float32 on the
     * same model and rows (bf16.json, "runs"): each is the largest of thirty, from another start, so the one may be twice
     * the other.
     */
    private static final double FACTOR = 2;

    private Bf16Runs() {}

    /**
     * Thirty steps: the loss curve is that of the CPU in float32, and a run that stopped ends as the one that did not.
     *
     * @param seed of the rows' order and the adapter
     * @param inBf16 what makes a run's settings those of a backend in bf16
     */
    static void followTheCpu(Method method, int seed, Path temp, UnaryOperator<Settings> inBf16) throws IOException {
        Path cpu = temp.resolve("cpu");
        Path whole = temp.resolve("whole");
        train(method, settings(method, seed, cpu).with(TrainSettings.BACKEND, "cpu"));
        train(method, inBf16.apply(settings(method, seed, whole)));
        List<JsonNode> expected = metrics(cpu);
        List<JsonNode> got = metrics(whole);
        assertThat(got).hasSize(STEPS);
        double bound = FACTOR
                * new ObjectMapper()
                        .readTree(
                                GoldenRuns.golden("qwen2").resolve("bf16.json").toFile())
                        .at("/runs/" + method.name().toLowerCase(Locale.ROOT))
                        .asDouble();
        double largest = 0;
        for (int step = 0; step < STEPS; step++) {
            double loss = expected.get(step).get("loss").asDouble();
            assertThat(got.get(step).get("loss").asDouble())
                    .as("step " + (step + 1))
                    .isCloseTo(loss, within(bound));
            largest = Math.max(largest, Math.abs(got.get(step).get("loss").asDouble() - loss));
        }
        System.out.printf("%s: largest difference of a loss %.1e of at most %.1e%n", method, largest, bound);

        Path run = temp.resolve("run");
        Settings settings = inBf16.apply(settings(method, seed, run));
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 13, TrainConfig.of(method, settings));
        assertThat(train(method, settings.with(TrainSettings.RESUME, "true"))).isEqualTo(new Outcome.Done(STEPS));
        assertThat(adapter(run)).isEqualTo(adapter(whole));
        assertThat(metrics(run)).isEqualTo(metrics(whole));
    }

    /** A rate at which the loss falls and rounding does not lead two runs far apart. */
    private static Settings settings(Method method, int seed, Path output) {
        return GoldenRuns.settings("qwen2", method, output)
                .with(TrainSettings.SEED, String.valueOf(seed))
                .with(TrainSettings.LEARNING_RATE, "0.002")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1")
                .with(TrainSettings.MAX_STEPS, String.valueOf(STEPS));
    }
}
