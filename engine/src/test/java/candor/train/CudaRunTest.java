package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.ops.cuda.EmulatedDevice;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole runs on the emulated device: the loss curve is the CPU's, and a run that stopped ends as the one that did not. */
class CudaRunTest {
    private static final int STEPS = 30;

    /**
     * The largest difference of a loss in as many steps, over that which PyTorch's own bf16 shows beside its float32 on the
     * same model and rows (bf16.json, "runs"): each is the largest of thirty, from another start, so the one may be twice
     * the other.
     */
    private static final double FACTOR = 2;

    @TempDir
    Path temp;

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void thirtyStepsFollowTheCpuAndAResumeLeavesNoTrace(Method method) throws IOException {
        Path cpu = temp.resolve("cpu");
        Path whole = temp.resolve("whole");
        train(method, settings(method, cpu, "cpu"));
        train(method, settings(method, whole, "cuda-emulated"));
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
        Settings settings = settings(method, run, "cuda-emulated");
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 13, TrainConfig.of(method, settings));
        assertThat(train(method, settings.with(TrainSettings.RESUME, "true"))).isEqualTo(new Outcome.Done(STEPS));
        assertThat(adapter(run)).isEqualTo(adapter(whole));
        assertThat(metrics(run)).isEqualTo(metrics(whole));
    }

    /** A rate at which the loss falls and rounding does not lead two runs far apart. */
    private static Settings settings(Method method, Path output, String backend) {
        return GoldenRuns.settings("qwen2", method, output)
                .with(TrainSettings.BACKEND, backend)
                .with(TrainSettings.LEARNING_RATE, "0.002")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1")
                .with(TrainSettings.MAX_STEPS, String.valueOf(STEPS));
    }
}
