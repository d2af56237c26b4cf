package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.Room;
import candor.ops.cuda.EmulatedDevice;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole runs that differ in what is computed again, and in nothing else: adapter, metrics and reference are the same bytes. */
class RecomputeRunTest {
    @TempDir
    Path temp;

    private static Settings choice(Settings settings, String recompute, boolean away) {
        return settings.with(TrainSettings.RECOMPUTE, recompute)
                .with(TrainSettings.ACTIVATION_OFFLOADING, String.valueOf(away));
    }

    /** Three layers, and a share of every adapter's input is dropped. */
    private Settings run(Method method, String name, String backend, int steps) {
        Settings settings = settings("mistral", method, temp.resolve(name))
                .with(TrainSettings.BACKEND, backend)
                .with(TrainSettings.MAX_STEPS, String.valueOf(steps));
        return method == Method.FULL ? settings : settings.with(TrainSettings.LORA_DROPOUT, "0.1");
    }

    private void assertTheSame(String one, String other) throws IOException {
        assertThat(adapter(temp.resolve(other))).as(other).isEqualTo(adapter(temp.resolve(one)));
        assertThat(metrics(temp.resolve(other))).isEqualTo(metrics(temp.resolve(one)));
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void onTheProcessor(Method method) throws IOException {
        train(method, choice(run(method, "none", "cpu", 4), "none", false));
        for (String recompute : List.of("selective", "full=1,selective=1", "full=2", "full")) {
            train(method, choice(run(method, recompute, "cpu", 4), recompute, false));
            assertTheSame("none", recompute);
        }
        train(method, choice(run(method, "away", "cpu", 4), "full", true));
        assertTheSame("none", "away");
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO", "DPO"})
    void onADevice(Method method) throws IOException {
        EmulatedDevice.assumeThere();
        train(method, choice(run(method, "none", "cuda-emulated", 2), "none", false));
        train(method, choice(run(method, "mixed", "cuda-emulated", 2), "full=1,selective=1", false));
        assertTheSame("none", "mixed");
        train(method, choice(run(method, "away", "cuda-emulated", 2), "full", true));
        assertTheSame("none", "away");
    }

    @Test
    void ofASweep() throws IOException {
        for (String recompute : List.of("none", "full=2,selective=1")) {
            train(
                    TrainListener.NONE,
                    GoldenRuns.NEVER,
                    TrainConfig.of(Method.SFT, choice(run(Method.SFT, recompute + "-a", "cpu", 3), recompute, false)),
                    TrainConfig.of(
                            Method.KTO,
                            choice(run(Method.KTO, recompute + "-b", "cpu", 4), recompute, false)
                                    .with(TrainSettings.LORA_RANK, "20")));
        }
        assertTheSame("none-a", "full=2,selective=1-a");
        assertTheSame("none-b", "full=2,selective=1-b");
    }

    /** As memory shrinks, layer after layer is computed again; the record says how many. */
    @Test
    void autoTakesWhatFits() throws IOException {
        Settings asked = run(Method.SFT, "auto", "cpu", 2).with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "7");
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(Method.SFT, asked)));
        Plan most = Plan.of(prepared, Room.of(1L << 40, 0));
        assertThat(most.recomputation().text()).isEqualTo("none");
        Plan least = plan("full");
        Plan mixed = plan("full=2,selective=1");
        assertThat(least.host().total()).isLessThan(mixed.host().total());
        assertThat(mixed.host().total()).isLessThan(most.host().total());
        Plan fitting = Plan.of(prepared, Room.of(mixed.host().total(), 0));
        assertThat(fitting.recomputation().text()).contains("=");
        assertThat(fitting.host().total()).isLessThanOrEqualTo(mixed.host().total());
        try (Session session = Session.open(prepared, fitting, Map.of())) {
            session.train(TrainListener.NONE, GoldenRuns.NEVER);
        }
        assertThat(new ObjectMapper()
                        .readTree(temp.resolve("auto/run.json").toFile())
                        .path("recompute")
                        .asText())
                .isEqualTo(fitting.recomputation().text());
        assertThatThrownBy(() -> Plan.of(prepared, Room.of(least.host().total() - 1, 0)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("with recompute full");
    }

    private Plan plan(String recompute) {
        Settings asked = choice(run(Method.SFT, "planned", "cpu", 2), recompute, false)
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "7");
        return Plan.of(Prepared.toPlanWithoutFolders(List.of(TrainConfig.of(Method.SFT, asked))), Room.of(1L << 40, 0));
    }

    @Test
    void moreLayersThanThereAreAreRefused() {
        assertThatThrownBy(() -> plan("full=3,selective=1"))
                .isInstanceOf(BadInput.class)
                .hasMessage("recompute full=3,selective=1: the model has 3 layers; lower the numbers of recompute");
    }
}
