package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.golden;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.PeerFailed;
import candor.comm.ThreadCommunicator;
import candor.ops.Room;
import candor.train.config.KtoTask;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One run in any number of processes: the same bytes. Threads of this JVM are the processes. */
class ProcessesTest {
    private static final Room ROOM = Room.of(64L << 30, 64L << 30);

    @TempDir
    Path temp;

    /** What one process does, once it has everything. */
    private static List<Outcome> train(Communicator comm, BooleanSupplier stop, TrainConfig... configs) {
        try {
            Prepared prepared = Prepared.of(List.of(configs));
            try (Session session = Session.open(prepared, Plan.of(prepared, ROOM), Map.of("candor", "test"), comm)) {
                return session.train(TrainListener.NONE, stop);
            }
        } catch (RuntimeException e) {
            comm.fail(e.getMessage(), false);
            throw e;
        }
    }

    private static <T> List<T> together(int size, Function<Communicator, T> work) throws Exception {
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Future<T>> running = new ArrayList<>();
            for (Communicator each : ThreadCommunicator.group(size, Duration.ofMinutes(10))) {
                running.add(threads.submit(() -> work.apply(each)));
            }
            for (Future<T> each : running) {
                results.add(each.get());
            }
        }
        return results;
    }

    private static void train(int size, TrainConfig... configs) throws Exception {
        together(size, comm -> train(comm, GoldenRuns.NEVER, configs));
    }

    private void assertSame(Path run, Path whole) throws IOException {
        assertThat(adapter(run)).as(run.toString()).isEqualTo(adapter(whole));
        assertThat(metrics(run)).as(run.toString()).isEqualTo(metrics(whole));
    }

    /** Five micro-batches a step: of one row, so that none has the size of another's share. */
    private static Settings five(String model, Method method, Path output) {
        return settings(model, method, output)
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "5")
                .with(TrainSettings.MAX_STEPS, "3")
                .with(TrainSettings.SAVE_STEPS, "2");
    }

    @ParameterizedTest
    @CsvSource({
        "SFT,llama3,adamw_torch",
        "SFT,gemma3,adamw_8bit",
        "KTO,qwen2,adamw_torch",
        "DPO,mistral,adamw_torch",
        "FULL,qwen3,adamw_torch",
        "FULL,qwen3,adamw_8bit"
    })
    void anyNumberGivesTheSameBytes(Method method, String model, String optim) throws Exception {
        Path whole = temp.resolve("whole");
        Function<Path, TrainConfig> config =
                output -> TrainConfig.of(method, five(model, method, output).with(TrainSettings.OPTIM, optim));
        train(1, config.apply(whole));
        for (int size : new int[] {2, 3, 4, 8}) {
            Path run = temp.resolve("of-" + size);
            train(size, config.apply(run));
            assertSame(run, whole);
            for (String file : List.of("parameters", "first_moment", "second_moment")) {
                String name = file + (optim.equals("adamw_8bit") && !file.equals("parameters") ? ".u8" : ".f32");
                Path of = Path.of("checkpoints", "step-2", name);
                assertThat(run.resolve(of)).hasSameBinaryContentAs(whole.resolve(of));
            }
            assertThat(new ObjectMapper()
                            .readTree(run.resolve("run.json").toFile())
                            .get("processes")
                            .asInt())
                    .isEqualTo(size);
        }
    }

    @Test
    void dropoutEvaluationAndTheBestCheckpointAreTheSame() throws Exception {
        Path whole = temp.resolve("whole");
        Function<Path, TrainConfig> config = output -> TrainConfig.of(
                Method.KTO,
                five("llama3", Method.KTO, output)
                        .with(TrainSettings.LORA_DROPOUT, "0.1")
                        .with(KtoTask.KL_PAIRING, "trl")
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "2")
                        .with(TrainSettings.EVAL_SPLIT, "0.2")
                        .with(TrainSettings.EVAL_STEPS, "1")
                        .with(TrainSettings.LOAD_BEST_MODEL_AT_END, "true"));
        train(1, config.apply(whole));
        Path run = temp.resolve("run");
        train(3, config.apply(run));
        assertSame(run, whole);
        assertThat(run.resolve("reference.cache")).exists();
    }

    @Test
    void runsThatShareTheirPassesMayHaveMicroBatchesOfTheirOwn() throws Exception {
        Function<Path, TrainConfig[]> configs = folder -> new TrainConfig[] {
            TrainConfig.of(Method.SFT, five("llama3", Method.SFT, folder.resolve("sft"))),
            TrainConfig.of(
                    Method.KTO,
                    settings("llama3", Method.KTO, folder.resolve("kto")).with(TrainSettings.LORA_RANK, "3")),
            TrainConfig.of(
                    Method.SFT,
                    settings("llama3", Method.SFT, folder.resolve("one"))
                            .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1")
                            .with(
                                    TrainSettings.DATA,
                                    golden("llama3").resolve("kto/train.jsonl").toString()))
        };
        train(1, configs.apply(temp.resolve("whole")));
        train(3, configs.apply(temp.resolve("run")));
        for (String each : List.of("sft", "kto", "one")) {
            assertSame(temp.resolve("run").resolve(each), temp.resolve("whole").resolve(each));
        }
    }

    /** Stopped in one number of processes, gone on with in another; one of them alone was asked to stop. */
    @ParameterizedTest
    @EnumSource
    void anotherNumberGoesOn(Method method) throws Exception {
        Path whole = temp.resolve("whole");
        train(1, TrainConfig.of(method, five("qwen2", method, whole)));
        Path run = temp.resolve("run");
        Settings settings = five("qwen2", method, run);
        List<List<Outcome>> stopped = together(3, comm -> {
            AtomicInteger asked = new AtomicInteger();
            return train(
                    comm, () -> comm.rank() == 2 && asked.getAndIncrement() == 1, TrainConfig.of(method, settings));
        });
        assertThat(stopped).allSatisfy(each -> assertThat(each).containsExactly(new Outcome.Interrupted(1)));
        train(2, TrainConfig.of(method, settings.with(TrainSettings.RESUME, "true")));
        assertSame(run, whole);
    }

    @Test
    void otherFilesOrSettingsAreFoundAtTheStart() throws Exception {
        Path data = temp.resolve("data.jsonl");
        Files.copy(golden("llama3").resolve("sft/train.jsonl"), data);
        Path other = Files.createDirectories(temp.resolve("elsewhere")).resolve("data.jsonl");
        List<String> lines = Files.readAllLines(data);
        Files.write(other, lines.subList(1, lines.size()));
        assertThatThrownBy(() -> together(2, comm -> {
                    Settings settings = settings("llama3", Method.SFT, temp.resolve("run"));
                    return train(
                            comm,
                            GoldenRuns.NEVER,
                            TrainConfig.of(
                                    Method.SFT,
                                    comm.rank() == 0 ? settings : settings.with(TrainSettings.LEARNING_RATE, "0.02")));
                }))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of learning_rate process 1 has 0.02, process 0 0.01");
        assertThat(temp.resolve("run").resolve("run.json")).doesNotExist();
        assertThatThrownBy(() -> together(
                        2,
                        comm -> train(
                                comm,
                                GoldenRuns.NEVER,
                                TrainConfig.of(
                                        Method.SFT,
                                        settings("llama3", Method.SFT, temp.resolve("run"))
                                                .with(
                                                        TrainSettings.DATA,
                                                        (comm.rank() == 0 ? data : other).toString())))))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of data process 1 has [" + other);
    }

    @Test
    void oneThatFailsEndsAll() {
        Path run = temp.resolve("run");
        assertThatThrownBy(() -> together(
                        2,
                        comm -> train(
                                comm,
                                () -> {
                                    if (comm.rank() == 1) {
                                        throw new BadInput("the disk is full");
                                    }
                                    return false;
                                },
                                TrainConfig.of(Method.SFT, five("llama3", Method.SFT, run)))))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(PeerFailed.class)
                .hasMessage("process 1: the disk is full");
    }
}
