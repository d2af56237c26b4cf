package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.cuda.EmulatedDevice;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs whose moments are kept in eight bits: checkpoints hold these, and a stop leaves no trace. */
class EightBitRunTest {
    private static final String OPTIM = "adamw_8bit";

    @TempDir
    Path temp;

    private Settings run(Method method, String name) {
        return settings("qwen3", method, temp.resolve(name))
                .with(TrainSettings.OPTIM, OPTIM)
                .with(TrainSettings.THREADS, "2");
    }

    private void stopAndResume(Method method, Settings whole, Settings run, int at) throws IOException {
        train(method, whole);
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == at, TrainConfig.of(method, run));
        train(method, run.with(TrainSettings.RESUME, "true").with(TrainSettings.THREADS, "1"));
        assertThat(adapter(temp.resolve("run"))).isEqualTo(adapter(temp.resolve("whole")));
        assertThat(metrics(temp.resolve("run"))).isEqualTo(metrics(temp.resolve("whole")));
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void aStopLeavesNoTrace(Method method) throws IOException {
        stopAndResume(method, run(method, "whole"), run(method, "run"), 3);
        Path checkpoint = temp.resolve("run/checkpoints/step-3");
        long parameters = Files.size(checkpoint.resolve("parameters.f32")) / Float.BYTES;
        assertThat(checkpoint.resolve("first_moment.u8")).hasSize(parameters);
        assertThat(checkpoint.resolve("second_moment.u8")).hasSize(parameters);
        assertThat(Files.size(checkpoint.resolve("second_moment_largest.f32")) / Float.BYTES)
                .isBetween(Math.ceilDiv(parameters, 256), Math.ceilDiv(parameters, 256) + 1);
        assertThat(checkpoint.resolve("first_moment.f32")).doesNotExist();
    }

    @Test
    void aStopLeavesNoTraceOnADevice() throws IOException {
        EmulatedDevice.assumeThere();
        Settings whole = run(Method.SFT, "whole").with(TrainSettings.BACKEND, "cuda-emulated");
        Settings run = run(Method.SFT, "run").with(TrainSettings.BACKEND, "cuda-emulated");
        stopAndResume(Method.SFT, whole, run, 4);
    }

    @Test
    void itIsAnotherRunThanInFloat32() throws IOException {
        train(Method.SFT, run(Method.SFT, "eight"));
        train(Method.SFT, run(Method.SFT, "wide").with(TrainSettings.OPTIM, "adamw_torch"));
        assertThat(GoldenRuns.distance(
                        GoldenRuns.numbers(temp.resolve("eight")), GoldenRuns.numbers(temp.resolve("wide"))))
                .isBetween(1e-4, 0.1);
        AtomicInteger asked = new AtomicInteger();
        Settings stopped = run(Method.SFT, "stopped");
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 2, TrainConfig.of(Method.SFT, stopped));
        Settings other = stopped.with(TrainSettings.RESUME, "true").with(TrainSettings.OPTIM, "adamw_torch");
        assertThatThrownBy(() -> train(Method.SFT, other))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("started with optim adamw-8bit, not adamw-torch");
    }
}
