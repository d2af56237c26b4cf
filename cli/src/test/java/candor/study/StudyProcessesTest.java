package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.ThreadCommunicator;
import candor.evaluate.ask.Subject;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.engine.EngineRespondent.NamedAdapter;
import candor.ops.BackendDescriptor;
import candor.ops.Room;
import candor.ops.weight.PackedForm;
import candor.probe.Steering;
import candor.study.protocol.Protocols;
import candor.tensor.DType;
import candor.text.TemplateChoice;
import candor.train.config.Settings;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study that several processes share: the results of one. Threads of this JVM are the processes. */
class StudyProcessesTest {
    private static final Function<BackendDescriptor, Room> MEMORY = _ -> Room.of(4L << 30, 4L << 30);

    @TempDir
    private static Path shared;

    /** Of one process. */
    private static Map<String, String> expected;

    @TempDir
    private Path folder;

    @BeforeAll
    static void alone() throws Exception {
        Path whole = shared.resolve("whole");
        run(1, Protocols.MIXTURE, mixture(shared), whole);
        expected = StudyFixture.results(whole);
        assertThat(processes(whole.resolve("training/mixture-25/seed-3"))).isOne();
    }

    /** What each process does: the first walks through a study. */
    private static <T> T together(int size, Function<Communicator, T> lead, Function<Communicator, HelpingProcess> help)
            throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Future<T>> running = new ArrayList<>();
            for (Communicator comm : ThreadCommunicator.group(size, Duration.ofMinutes(5))) {
                running.add(threads.submit(() -> {
                    try {
                        if (comm.leads()) {
                            return lead.apply(comm);
                        }
                        try (HelpingProcess helping = help.apply(comm)) {
                            helping.serve();
                            return null;
                        }
                    } catch (RuntimeException e) {
                        comm.fail(e.getMessage(), e instanceof BadInput);
                        throw e;
                    }
                }));
            }
            for (Future<T> each : running) {
                each.get();
            }
            return running.getFirst().get();
        }
    }

    private static HelpingProcess helping(Communicator comm, BooleanSupplier stop) {
        return new HelpingProcess(comm, Map.of("candor", "test"), MEMORY, stop);
    }

    private static StudyRun.Ended lead(
            Communicator comm, Protocols protocol, Path file, Path output, Function<StudyRun, StudyRun.Ended> how) {
        Helpers helpers = new Helpers(comm);
        StudyRun.Ended ended =
                how.apply(StudyFixture.open(protocol, file, output, StudyProgress.NONE, helpers, comm::stopAsked));
        helpers.end();
        return ended;
    }

    private static StudyRun.Ended run(int size, Protocols protocol, Path file, Path output) throws Exception {
        return together(
                size,
                comm -> lead(comm, protocol, file, output, StudyRun::run),
                comm -> helping(comm, comm::stopAsked));
    }

    /** Several micro-batches a step, so that there is something to share. */
    private static Path mixture(Path folder) throws IOException {
        Path file = StudyFixture.mixture(folder);
        Files.writeString(
                file,
                Files.readString(file)
                        .replace(
                                "per_device_train_batch_size: 4",
                                "per_device_train_batch_size: 1\n"
                                        + "  gradient_accumulation_steps: 5\n"
                                        + "  num_train_epochs: 1")
                        .replace("batch_size: 8", "batch_size: 1"));
        return file;
    }

    private static int processes(Path run) throws IOException {
        return new ObjectMapper()
                .readTree(run.resolve("run.json").toFile())
                .get("processes")
                .asInt();
    }

    @Test
    void anyNumberOfProcessesGivesTheSameResults() throws Exception {
        Path file = mixture(folder);
        for (int size : new int[] {2, 3}) {
            Path output = folder.resolve("of-" + size);
            assertThat(run(size, Protocols.MIXTURE, file, output)).isEqualTo(StudyRun.Ended.DONE);
            assertThat(StudyFixture.results(output)).isEqualTo(expected);
            assertThat(processes(output.resolve("training/mixture-25/seed-3"))).isEqualTo(size);
        }
    }

    @Test
    void conversationsAreHeldTogether() throws Exception {
        Path file = StudyFixture.loop(folder);
        Path whole = folder.resolve("whole");
        run(1, Protocols.LOOP, file, whole);
        Path output = folder.resolve("of-3");
        assertThat(run(3, Protocols.LOOP, file, output)).isEqualTo(StudyRun.Ended.DONE);
        assertThat(StudyFixture.results(output)).isEqualTo(StudyFixture.results(whole));
    }

    /** Groups in several processes each, one of which is asked to stop now and then; another number of them goes on. */
    @Test
    void oneThatIsAskedToStopStopsAllAndAnyNumberGoesOn() throws Exception {
        Path file = mixture(folder);
        Path output = folder.resolve("often");
        int stops = 0;
        for (int more = 3, group = 1; group <= 2; more += 17) {
            int most = more;
            int number = group;
            AtomicInteger asked = new AtomicInteger();
            StudyRun.Ended ended = together(
                    2 + stops % 2,
                    comm -> lead(comm, Protocols.MIXTURE, file, output, run -> run.runGroup(number)),
                    comm -> helping(
                            comm, () -> comm.rank() == 1 && asked.getAndIncrement() >= most || comm.stopAsked()));
            if (ended == StudyRun.Ended.DONE) {
                group++;
            } else {
                assertThat(ended).isEqualTo(StudyRun.Ended.INTERRUPTED);
                stops++;
            }
        }
        assertThat(stops).isGreaterThan(2);
        run(2, Protocols.MIXTURE, file, output);
        assertThat(StudyFixture.results(output)).isEqualTo(expected);
    }

    @Test
    void anotherProgramEndsAll() {
        assertThatThrownBy(() -> together(
                        2,
                        comm -> lead(
                                comm,
                                Protocols.MIXTURE,
                                StudyFixture.mixture(folder),
                                folder.resolve("out"),
                                StudyRun::run),
                        comm -> new HelpingProcess(comm, Map.of("candor", "older"), MEMORY, () -> false)))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of candor process 1 has older, process 0 test");
    }

    private static EngineRespondent.Settings settings() {
        return new EngineRespondent.Settings(
                StudyFixture.MODEL,
                null,
                null,
                List.of(),
                true,
                BackendDescriptor.CPU,
                1,
                LocalDateTime.of(2024, 7, 26, 0, 0),
                TemplateChoice.DEFAULT,
                Decoding.PLAIN,
                64,
                2,
                1 << 20,
                false);
    }

    /** What a process finds that gets an order by hand. */
    private static void give(List<Subject> subjects, String arithmetic) throws Exception {
        together(
                2,
                comm -> comm.broadcast(
                        Order.bytes(new Order.Answer(settings(), subjects, arithmetic, List.of(settings()))), 0),
                comm -> helping(comm, () -> false));
    }

    @Test
    void otherFilesAndMachinesAreRefused() {
        assertThatThrownBy(() -> give(List.of(new Subject("base", "0123456789")), ""))
                .cause()
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("process 1 has other files of base than process 0")
                .hasMessageContaining(" here, 01234567 there");
        List<Subject> subjects;
        try (EngineRespondent model = EngineRespondent.open(settings())) {
            subjects = model.subjects();
        }
        assertThatThrownBy(() -> give(subjects, "a slide rule"))
                .cause()
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("process 1 computes with CPU")
                .hasMessageContaining("process 0 with a slide rule");
    }

    @Test
    void ordersArriveAsTheyWereGiven() {
        EngineRespondent.Settings model = new EngineRespondent.Settings(
                Path.of("models", "ä b"),
                PackedForm.NF4,
                new Steering(Path.of("honest.safetensors"), -0.75),
                List.of(new NamedAdapter("one", Path.of("a")), new NamedAdapter("two", Path.of("b c"))),
                false,
                BackendDescriptor.CPU.withProducts(DType.BF16),
                3,
                LocalDateTime.of(2024, 7, 26, 12, 30, 1),
                new TemplateChoice("qwen", "{\"enable_thinking\": false}"),
                new Decoding(0.9, 40, 1.1),
                8192,
                32,
                1L << 40,
                true);
        Order answer = new Order.Answer(model, List.of(new Subject("one", "f00d")), "CPU", List.of(model, settings()));
        assertThat(Order.read(Order.bytes(answer))).isEqualTo(answer);
        assertThat(Order.read(Order.bytes(new Order.End()))).isEqualTo(new Order.End());
        Settings given = Settings.NONE
                .with(TrainSettings.MODEL, "m")
                .with("data", List.of("a.jsonl", "b,c.jsonl"), "study.yaml, line 3")
                .with("lora_rank", List.of("many"), "study.yaml, line 7");
        Order.Train train =
                (Order.Train) Order.read(Order.bytes(new Order.Train(List.of(new Order.Train.Run(Method.KTO, given)))));
        Order.Train.Run run = train.runs().getFirst();
        assertThat(run.method()).isEqualTo(Method.KTO);
        assertThat(run.settings().get(TrainSettings.DATA)).containsExactly("a.jsonl", "b,c.jsonl");
        assertThatThrownBy(() -> run.settings().get(TrainSettings.LORA_RANK))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("study.yaml, line 7: lora_rank: must be");
    }
}
