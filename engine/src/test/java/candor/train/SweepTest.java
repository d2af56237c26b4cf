package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.golden;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.train.config.KtoTask;
import candor.train.config.Settings;
import candor.train.config.SftTask;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several adapters over one base, trained together: each is what it would be alone. */
class SweepTest {
    private static final String MODEL = "llama3";

    @TempDir
    Path temp;

    /** Own method, data, rank, rate, seed, targets, length and batch size; one goes on from an adapter. */
    private List<TrainConfig> configs(Path folder) {
        Settings sft = settings(MODEL, Method.SFT, folder.resolve("sft"));
        Settings other = settings(MODEL, Method.SFT, folder.resolve("other"))
                .with(
                        TrainSettings.DATA,
                        golden(MODEL).resolve("kto/train.jsonl").toString())
                .with(TrainSettings.LORA_RANK, "20")
                .with(TrainSettings.LORA_TARGET_MODULES, "q_proj", "down_proj")
                .with(TrainSettings.LEARNING_RATE, "0.002")
                .with(TrainSettings.SEED, "9")
                .with(TrainSettings.MAX_STEPS, "4")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "3")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1");
        Settings kto = settings(MODEL, Method.KTO, folder.resolve("kto")).with(TrainSettings.MAX_STEPS, "5");
        Settings further = Settings.NONE
                .with(TrainSettings.MODEL, golden(MODEL).resolve("model").toString())
                .with(
                        TrainSettings.DATA,
                        golden(MODEL).resolve("kto/train.jsonl").toString())
                .with(TrainSettings.OUTPUT, folder.resolve("further").toString())
                .with(
                        TrainSettings.INIT_ADAPTER,
                        golden(MODEL).resolve("adapter").toString())
                .with(TrainSettings.LEARNING_RATE, "0.005")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "3")
                .with(KtoTask.KL_PAIRING, "trl")
                .with(TrainSettings.THREADS, "1")
                .with(TrainSettings.MAX_STEPS, "3");
        return List.of(
                TrainConfig.of(Method.SFT, sft),
                TrainConfig.of(Method.SFT, other),
                TrainConfig.of(Method.KTO, kto),
                TrainConfig.of(Method.KTO, further));
    }

    private static TrainConfig[] array(List<TrainConfig> configs) {
        return configs.toArray(TrainConfig[]::new);
    }

    @Test
    void eachIsWhatItWouldBeAlone() throws IOException {
        List<TrainConfig> together = configs(temp.resolve("together"));
        List<TrainConfig> alone = configs(temp.resolve("alone"));
        List<Outcome> outcomes = train(TrainListener.NONE, GoldenRuns.NEVER, array(together));
        assertThat(outcomes).extracting(Outcome::step).containsExactly(7L, 4L, 5L, 3L);
        for (int i = 0; i < alone.size(); i++) {
            train(TrainListener.NONE, GoldenRuns.NEVER, alone.get(i));
            Path expected = alone.get(i).output();
            Path got = together.get(i).output();
            assertThat(adapter(got)).as(got.toString()).isEqualTo(adapter(expected));
            assertThat(metrics(got)).as(got.toString()).isEqualTo(metrics(expected));
        }
    }

    @Test
    void aSweepThatWasStoppedGoesOn() throws IOException {
        List<TrainConfig> together = configs(temp.resolve("together")).subList(1, 3);
        train(TrainListener.NONE, GoldenRuns.NEVER, array(together));
        List<TrainConfig> stopped = configs(temp.resolve("stopped")).subList(1, 3);
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 4, array(stopped));
        // By now the first is done, the second is not.
        List<TrainConfig> resumed = new ArrayList<>();
        Settings resume = Settings.NONE.with(TrainSettings.RESUME, "true");
        resumed.add(TrainConfig.of(Method.SFT, again(stopped.get(0)).overriddenBy(resume)));
        resumed.add(TrainConfig.of(Method.KTO, again(stopped.get(1)).overriddenBy(resume)));
        assertThat(train(TrainListener.NONE, GoldenRuns.NEVER, array(resumed))).containsExactly(new Outcome.Done(5));
        for (int i = 0; i < 2; i++) {
            assertThat(adapter(stopped.get(i).output()))
                    .isEqualTo(adapter(together.get(i).output()));
            assertThat(metrics(stopped.get(i).output()))
                    .isEqualTo(metrics(together.get(i).output()));
        }
        assertThat(train(TrainListener.NONE, GoldenRuns.NEVER, array(resumed)))
                .containsExactly(new Outcome.Done(4), new Outcome.Done(5));
    }

    /** The settings that a configuration came from, as its record has them. */
    private static Settings again(TrainConfig config) {
        Settings settings = Settings.NONE;
        for (var entry : config.resolved().entrySet()) {
            if (!entry.getKey().equals("method") && entry.getValue() != null) {
                List<String> texts = entry.getValue() instanceof List<?> list
                        ? list.stream().map(Object::toString).toList()
                        : List.of(entry.getValue().toString());
                settings = settings.with(entry.getKey(), texts, "--" + entry.getKey());
            }
        }
        return settings;
    }

    @Test
    void twoRunsInOneFolderAreRefused() {
        TrainConfig config = configs(temp).getFirst();
        assertThatThrownBy(() -> Prepared.of(List.of(config, config)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("two runs write to this folder");
    }

    @Test
    void runsOverDifferentBasesAreRefused() {
        TrainConfig one = configs(temp).getFirst();
        TrainConfig two = TrainConfig.of(Method.SFT, settings("qwen3", Method.SFT, temp.resolve("two")));
        assertThatThrownBy(() -> Prepared.of(List.of(one, two)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("share one model");
    }

    /** Rows are read once for all runs that read the same: a study's arm under several seeds. */
    @Test
    void runsOfOneDataSetShareItsRows() {
        Settings one = settings("llama3", Method.SFT, temp.resolve("one"));
        Settings other =
                one.with(TrainSettings.OUTPUT, temp.resolve("other").toString()).with(TrainSettings.SEED, "7");
        Settings shorter = one.with(
                        TrainSettings.OUTPUT, temp.resolve("shorter").toString())
                .with(TrainSettings.MAX_LENGTH, "30");
        Settings all =
                one.with(TrainSettings.OUTPUT, temp.resolve("all").toString()).with(SftTask.LOSS_ON, "all");
        List<Prepared.One> runs = Prepared.toPlan(Stream.of(one, other, shorter, all)
                        .map(settings -> TrainConfig.of(Method.SFT, settings))
                        .toList())
                .runs();
        assertThat(runs.get(1).data()).isSameAs(runs.get(0).data());
        assertThat(runs.get(2).data().lengths()).isNotEqualTo(runs.get(0).data().lengths());
        assertThat(runs.get(3).data().row(0).targets())
                .isGreaterThan(runs.get(0).data().row(0).targets());
    }
}
