package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.golden;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.Room;
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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a user, a disk or a file can do to a run: one clear line, and nothing lost. */
class FaultTest {
    @TempDir
    Path temp;

    private Path run;
    private Path model;
    private Path data;
    private Settings settings;

    /** A run with its own copy of model and data, stopped after four of seven steps with checkpoints at 2 and 4. */
    @BeforeEach
    void stoppedRun() throws IOException {
        run = temp.resolve("run");
        model = temp.resolve("model");
        data = temp.resolve("train.jsonl");
        Files.createDirectories(model);
        try (Stream<Path> files = Files.list(golden("qwen3").resolve("model"))) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        Files.copy(golden("qwen3").resolve("sft/train.jsonl"), data);
        settings = settings("qwen3", Method.SFT, run)
                .with(TrainSettings.MODEL, model.toString())
                .with(TrainSettings.DATA, data.toString())
                .with(TrainSettings.SAVE_STEPS, "2");
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 4, TrainConfig.of(Method.SFT, settings));
        settings = settings.with(TrainSettings.RESUME, "true");
    }

    private void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(BadInput.class).hasMessageContainingAll(parts);
        assertThat(run.resolve("checkpoints/step-2")).isDirectory();
        assertThat(run.resolve("checkpoints/step-4")).isDirectory();
    }

    private Outcome resume() {
        return train(Method.SFT, settings);
    }

    private static void flip(Path file, long at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) at] ^= 16;
        Files.write(file, bytes);
    }

    @Test
    void aDamagedCheckpointIsNamedAndTheOlderOneStands() throws IOException {
        flip(run.resolve("checkpoints/step-4/second_moment.f32"), 1000);
        refused(this::resume, "step-4/second_moment.f32 is damaged", "continue from it with resume step-2");
        Path whole = temp.resolve("whole");
        train(Method.SFT, settings.with(TrainSettings.OUTPUT, whole.toString()));
        settings = settings.with(TrainSettings.RESUME, "step-2");
        assertThat(resume()).isEqualTo(new Outcome.Done(7));
        assertThat(adapter(run)).isEqualTo(adapter(whole));
    }

    @Test
    void aChangedWeightIsNoticed() throws IOException {
        flip(model.resolve("model.safetensors"), Files.size(model.resolve("model.safetensors")) - 2);
        refused(
                this::resume,
                "model.safetensors: has changed since the run began",
                "start a new run in another folder");
    }

    @Test
    void changedDataIsNoticed() throws IOException {
        Files.writeString(data, "\n", StandardOpenOption.APPEND);
        refused(this::resume, "train.jsonl: has changed since the run began");
    }

    @Test
    void anotherRateIsNoticed() {
        refused(
                () -> train(Method.SFT, settings.with(TrainSettings.LEARNING_RATE, "0.02")),
                "started with learning_rate 0.01, not 0.02");
    }

    @Test
    void aFolderThatHoldsARunIsNotOverwritten() {
        refused(
                () -> train(Method.SFT, settings.with(TrainSettings.RESUME, "false")),
                "holds a run already",
                "continue with resume");
    }

    @Test
    void aCheckpointThatIsNotThereIsNamed() {
        refused(
                () -> train(Method.SFT, settings.with(TrainSettings.RESUME, "step-3")),
                "step-3: there is no such checkpoint; there are [2, 4]");
    }

    @Test
    void aLogThatLostLinesIsNoticed() throws IOException {
        Files.writeString(run.resolve("metrics.jsonl"), "");
        refused(this::resume, "metrics.jsonl: has 0 bytes");
    }

    @Test
    void aFullDiskUnderTheLogIsOneLine() throws IOException {
        Path full = Path.of("/dev/full");
        if (!Files.exists(full)) {
            return; // Linux has it
        }
        Path fresh = temp.resolve("fresh");
        Files.createDirectories(fresh);
        Files.createSymbolicLink(fresh.resolve("metrics.jsonl"), full);
        assertThatThrownBy(() -> train(Method.SFT, settings.with(TrainSettings.OUTPUT, fresh.toString())))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("metrics.jsonl: cannot be written");
    }

    @Test
    void whereNoFolderCanBeThatIsSaid() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "");
        assertThatThrownBy(() -> train(
                        Method.SFT,
                        settings.with(TrainSettings.OUTPUT, file.resolve("run").toString())))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("run: cannot be created as a run's folder (")
                .hasMessageContaining("choose another output");
    }

    @Test
    void anotherAdapterInTheFolderIsNotOverwritten() throws IOException {
        Path other = temp.resolve("other");
        Path adapter = Files.createDirectories(other.resolve("adapter"));
        Path file = Files.writeString(adapter.resolve("adapter_config.json"), "somebody's");
        assertThatThrownBy(() -> train(
                        Method.SFT,
                        settings.with(TrainSettings.RESUME, "false").with(TrainSettings.OUTPUT, other.toString())))
                .isInstanceOf(BadInput.class)
                .hasMessage(adapter + ": exists already, without the run.json of a run; choose another output");
        assertThat(file).hasContent("somebody's");
        assertThat(other.resolve("metrics.jsonl")).doesNotExist();
    }

    @Test
    void aRunThatLostItsRecordIsNotGuessedAt() throws IOException {
        Files.delete(run.resolve("run.json"));
        refused(this::resume, "checkpoints: exists already, without the run.json of a run");
    }

    private Outcome wild(String steps, String save) {
        return train(
                Method.SFT,
                settings.with(TrainSettings.OUTPUT, temp.resolve("wild").toString())
                        .with(TrainSettings.LEARNING_RATE, "1e30")
                        .with(TrainSettings.SAVE_STEPS, save)
                        .with(TrainSettings.MAX_STEPS, steps)
                        .with(TrainSettings.LR_SCHEDULER_TYPE, "constant"));
    }

    private static String reason(Outcome outcome) {
        return ((Outcome.Diverged) outcome).reason().getMessage();
    }

    /** The first step is finite; a rate like this leaves parameters with which the second is not. */
    @Test
    void aDivergedRunSaysStepAndRowAndKeepsItsCheckpoint() throws IOException {
        Path wild = temp.resolve("wild");
        Outcome outcome = wild("7", "1");
        assertThat(outcome).isInstanceOf(Outcome.Diverged.class);
        assertThat(reason(outcome))
                .contains("step " + (outcome.step() + 1) + ": the loss is not finite at ")
                .contains("train.jsonl, line ")
                .contains("checkpoint step-" + outcome.step() + " stays");
        assertThat(wild.resolve("checkpoints/step-" + outcome.step())).isDirectory();
        assertThat(wild.resolve("adapter")).doesNotExist();
        JsonNode record = new ObjectMapper().readTree(wild.resolve("run.json").toFile());
        assertThat(record.get("status").asText()).isEqualTo("diverged");
    }

    @Test
    void aHeldOutLossThatIsNotFiniteSaysAfterWhichStep() {
        settings = settings.with(TrainSettings.EVAL_DATA, data.toString()).with(TrainSettings.EVAL_STEPS, "1");
        Outcome outcome = wild("7", "0");
        assertThat(outcome).isInstanceOf(Outcome.Diverged.class);
        assertThat(reason(outcome))
                .contains("wild: after step " + outcome.step() + " the loss on " + data + " is not finite")
                .contains("there is no checkpoint before it; start a new run with a lower learning_rate");
    }

    @Test
    void aLossOnRowsOfASplitThatIsNotFiniteSaysSo() {
        settings = settings.with(TrainSettings.EVAL_SPLIT, "0.5").with(TrainSettings.EVAL_STEPS, "1");
        Outcome outcome = wild("7", "0");
        assertThat(outcome).isInstanceOf(Outcome.Diverged.class);
        assertThat(reason(outcome)).contains("the loss on the held-out rows is not finite");
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void aBatchLargerThanTheDataIsPlanned(Method method) {
        Settings large = GoldenRuns.settings("qwen3", method, temp.resolve("large"))
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1048576")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1048576")
                .with(TrainSettings.MAX_LENGTH, "2048");
        Prepared prepared = Prepared.toPlan(List.of(TrainConfig.of(method, large)));
        assertThat(Plan.of(prepared, room(Long.MAX_VALUE)).passTokens())
                .isEqualTo(Arrays.stream(prepared.runs().getFirst().data().lengths())
                        .sum());
    }

    @Test
    void parametersThatAreNotFiniteAreNeverWritten() {
        settings = settings.with(TrainSettings.WEIGHT_DECAY, "1e30");
        Outcome outcome = wild("1", "0");
        assertThat(outcome).isInstanceOf(Outcome.Diverged.class);
        assertThat(reason(outcome)).contains("the parameters are not finite after step 1");
        assertThat(temp.resolve("wild/adapter")).doesNotExist();
    }

    @Test
    void aRunThatDoesNotFitSaysWhatWould() {
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(
                Method.SFT,
                settings.with(TrainSettings.OUTPUT, temp.resolve("big").toString())
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "12"))));
        Plan whole = Plan.of(prepared, room(Long.MAX_VALUE));
        assertThat(whole.recomputation().text()).isEqualTo("none");
        Plan less = Plan.of(prepared, room(whole.host().total() - 1));
        assertThat(less.recomputation().text()).isNotEqualTo("none");
        assertThat(less.host().total()).isLessThan(whole.host().total());
        long block = blockTotal(prepared);
        assertThatThrownBy(() -> Plan.of(prepared, room(block - 1)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("recompute full")
                .hasMessageContaining("it fits (")
                .hasMessageContaining("per_device_train_batch_size 6 gradient_accumulation_steps 4");
        assertThatThrownBy(() -> Plan.of(prepared, room(1 << 20))).hasMessageContaining("not even single rows fit");
    }

    private static Room room(long host) {
        return Room.of(host, 0);
    }

    private static long blockTotal(Prepared prepared) {
        long low = 0;
        long high = Plan.of(prepared, room(Long.MAX_VALUE)).host().total();
        while (low < high) {
            long middle = (low + high) / 2;
            try {
                high = Math.min(middle, Plan.of(prepared, room(middle)).host().total());
            } catch (BadInput e) {
                low = middle + 1;
            }
        }
        return low;
    }
}
