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
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs whose frozen layers are on the device only while they are computed with: the same bytes as without. */
class OffloadRunTest {
    @TempDir
    Path temp;

    /** Three layers, which is one more than there are places on the device. */
    private Settings run(Method method, String name, String backend, boolean offload) {
        Settings settings = settings("mistral", method, temp.resolve(name))
                .with(TrainSettings.BACKEND, backend)
                .with(TrainSettings.MAX_STEPS, "2");
        return offload ? settings.with(TrainSettings.OFFLOAD_WEIGHTS, "true") : settings;
    }

    private void assertTheSame(String one, String other) throws IOException {
        assertThat(adapter(temp.resolve(other))).as(other).isEqualTo(adapter(temp.resolve(one)));
        assertThat(metrics(temp.resolve(other))).isEqualTo(metrics(temp.resolve(one)));
    }

    /** With passes without gradients before each step. */
    @Test
    void onADevice() throws IOException {
        EmulatedDevice.assumeThere();
        train(Method.KTO, run(Method.KTO, "stay", "cuda-emulated", false));
        train(Method.KTO, run(Method.KTO, "travel", "cuda-emulated", true));
        assertTheSame("stay", "travel");
    }

    /** A run that was stopped may go on with its layers elsewhere. */
    @Test
    void onResume() throws IOException {
        EmulatedDevice.assumeThere();
        train(Method.SFT, run(Method.SFT, "stay", "cuda-emulated", false));
        AtomicBoolean stop = new AtomicBoolean();
        TrainListener stopping = new TrainListener() {
            @Override
            public void step(Run run, Map<String, Number> metrics) {
                stop.set(true);
            }
        };
        train(stopping, stop::get, TrainConfig.of(Method.SFT, run(Method.SFT, "travel", "cuda-emulated", true)));
        train(Method.SFT, run(Method.SFT, "travel", "cuda-emulated", false).with(TrainSettings.RESUME, "true"));
        assertTheSame("stay", "travel");
    }

    @Test
    void onTheProcessorItChangesNothing() throws IOException {
        train(Method.SFT, run(Method.SFT, "stay", "cpu", false));
        train(Method.SFT, run(Method.SFT, "travel", "cpu", true));
        assertTheSame("stay", "travel");
    }

    /** What is trained is not frozen. */
    @Test
    void trainingAllWeightsDoesNotHaveIt() {
        assertThatThrownBy(() -> TrainConfig.of(Method.FULL, run(Method.FULL, "full", "cpu", true)))
                .isInstanceOf(BadInput.class)
                .hasMessage("--offload-weights: belongs to train sft and train kto and train dpo; remove it here");
    }
}
