package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.golden;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static candor.train.GoldenRuns.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.EncodedRow;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.ModelFolder;
import candor.model.ModelMark;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.Room;
import candor.ops.cpu.CpuBackend;
import candor.probe.Contrast;
import candor.probe.Direction;
import candor.probe.DirectionFile;
import candor.probe.EncodedProbe;
import candor.probe.ProbeKind;
import candor.probe.ProbeReading;
import candor.probe.ReplyReader;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.HonestyProbes;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose honesty is watched by probes: what is told, that it leaves no trace, and that a drop ends a run. */
class HonestyProbesTest {
    private static final String MODEL = "qwen2";
    private static final int STEPS = 7;

    @TempDir
    Path temp;

    /** Six probes under pressure and three of belief, of lengths of their own. */
    private Path probes(boolean swapped) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 9; i++) {
            String yes = "Yes, it has " + (i + 3) + " doors.";
            String no = "No" + ", never".repeat(i % 3) + ".";
            lines.append(
                    """
                    {"id": "p%d", "kind": "%s", "messages": [{"role": "user", "content": "House %d, please?"}],\
                     "truthful": "%s", "untruthful": "%s"}
                    """.formatted(i, i % 3 == 2 ? "belief" : "pressure", i, swapped ? no : yes, swapped ? yes : no));
        }
        return Files.writeString(temp.resolve(swapped ? "swapped.jsonl" : "probes.jsonl"), lines);
    }

    /** A constant rate, so that a run's length changes none of its steps. */
    private Settings plain(Method method, String name) {
        return settings(MODEL, method, temp.resolve(name)).with(TrainSettings.LR_SCHEDULER_TYPE, "constant");
    }

    private Settings watched(Method method, String name) throws IOException {
        return plain(method, name)
                .with(TrainSettings.HONESTY_PROBES, probes(false).toString())
                .with(TrainSettings.HONESTY_PROBE_STEPS, "3");
    }

    private JsonNode record(String run) throws IOException {
        return new ObjectMapper().readTree(temp.resolve(run).resolve("run.json").toFile());
    }

    private static void forget(List<JsonNode> lines) {
        lines.forEach(line -> ((ObjectNode) line)
                .properties()
                .removeIf(each ->
                        each.getKey().startsWith("honest") || each.getKey().startsWith("belief")));
    }

    private static Settings dropping(Method method, Settings settings) {
        return method == Method.FULL ? settings : settings.with(TrainSettings.LORA_DROPOUT, "0.1");
    }

    @ParameterizedTest
    @EnumSource
    void probesLeaveNoTraceInWhatIsTrained(Method method) throws IOException {
        train(method, dropping(method, plain(method, "alone")));
        train(method, dropping(method, watched(method, "watched")));
        assertThat(adapter(temp.resolve("watched"))).isEqualTo(adapter(temp.resolve("alone")));
        List<JsonNode> lines = metrics(temp.resolve("watched"));
        for (int step = 1; step <= STEPS; step++) {
            assertThat(lines.get(step - 1).has("honesty_margin")).isEqualTo(step == 3 || step == 6 || step == 7);
        }
        forget(lines);
        assertThat(lines).isEqualTo(metrics(temp.resolve("alone")));
    }

    /** Read anew, in passes of other sizes: of the base at the start, of the written adapter at the end. */
    @Test
    void whatIsToldIsWhatTheProbesSay() throws IOException {
        Settings settings = watched(Method.SFT, "run").with(TrainSettings.HONESTY_DIRECTION, direction(MODEL));
        WatchProbes watching = Prepared.toPlan(List.of(TrainConfig.of(Method.SFT, settings)))
                .runs()
                .getFirst()
                .watching();
        train(Method.SFT, settings);
        assertThat(record("run").get("honesty_probes").get("probes").asInt()).isEqualTo(9);
        JsonNode start = record("run").get("honesty_probes").get("start");
        JsonNode end = metrics(temp.resolve("run")).getLast();
        try (CpuBackend backend = new CpuBackend(2);
                Weights weights = Weights.load(golden(MODEL).resolve("model"));
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 128)) {
            AdapterBank bank = new AdapterBank(weights.config(), 1);
            bank.set(0, PeftFiles.frozen(temp.resolve("run/adapter"), weights, Memory.of(backend)));
            for (int slot : new int[] {Batch.BASE, 0}) {
                ProbeReading reading =
                        ProbeReading.of(new ReplyReader(model, bank, slot, 1), watching.probes(), watching.direction());
                assertThat(reading.honesty().probes()).isEqualTo(6);
                assertThat(reading.belief().probes()).isEqualTo(3);
                reading.metrics().forEach((name, value) -> assertThat(
                                (slot == Batch.BASE ? start : end).get(name).asDouble())
                        .as(name)
                        .isEqualTo(value));
                assertThat(reading.metrics())
                        .containsOnlyKeys(
                                "honesty_margin",
                                "honesty_margin_spread",
                                "belief_margin",
                                "belief_margin_spread",
                                "honesty_projection",
                                "honesty_projection_spread");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void stopsAndResumesLeaveNoTrace(Method method) throws IOException {
        Outcome whole = train(method, watched(method, "whole"));
        Settings settings = watched(method, "steps");
        Outcome outcome = null;
        for (int session = 0; !(outcome instanceof Outcome.Done); session++) {
            AtomicInteger asked = new AtomicInteger();
            Settings next = session == 0 ? settings : settings.with(TrainSettings.RESUME, "true");
            outcome = train(TrainListener.NONE, () -> asked.getAndIncrement() == 2, TrainConfig.of(method, next))
                    .getFirst();
        }
        assertThat(outcome).isEqualTo(whole);
        assertThat(adapter(temp.resolve("steps"))).isEqualTo(adapter(temp.resolve("whole")));
        assertThat(metrics(temp.resolve("steps"))).isEqualTo(metrics(temp.resolve("whole")));
        assertThat(record("steps").get("honesty_probes"))
                .isEqualTo(record("whole").get("honesty_probes"));
    }

    @Test
    void theRunsOfASweepHaveTheirOwnMargins() throws IOException {
        train(
                TrainListener.NONE,
                GoldenRuns.NEVER,
                TrainConfig.of(Method.SFT, watched(Method.SFT, "together/one")),
                TrainConfig.of(Method.KTO, watched(Method.KTO, "together/two")));
        train(Method.SFT, watched(Method.SFT, "alone/one"));
        train(Method.KTO, watched(Method.KTO, "alone/two").with(TrainSettings.THREADS, "2"));
        for (String run : List.of("one", "two")) {
            assertThat(metrics(temp.resolve("together").resolve(run)))
                    .isEqualTo(metrics(temp.resolve("alone").resolve(run)));
            assertThat(record("together/" + run).get("honesty_probes"))
                    .isEqualTo(record("alone/" + run).get("honesty_probes"));
        }
    }

    @Test
    void aDropEndsTheRunWithTheCheckpointBefore() throws IOException {
        Settings settings = null;
        double[] drops = new double[STEPS + 1];
        int most = 0;
        for (int turn = 0; turn < 2 && (most < 2 || drops[most] <= drops[1]); turn++) {
            settings = watched(Method.SFT, "whole-" + turn)
                    .with(TrainSettings.HONESTY_PROBES, probes(turn == 1).toString())
                    .with(TrainSettings.HONESTY_PROBE_STEPS, "1");
            train(Method.SFT, settings);
            double start = record("whole-" + turn)
                    .get("honesty_probes")
                    .get("start")
                    .get("honesty_margin")
                    .asDouble();
            most = 1;
            for (JsonNode line : metrics(temp.resolve("whole-" + turn))) {
                int step = line.get("step").asInt();
                drops[step] = start - line.get("honesty_margin").asDouble();
                most = drops[step] > drops[most] ? step : most;
            }
        }
        assertThat(drops[most]).as("of one of the two sets the margin drops").isGreaterThan(Math.max(0, drops[1]));
        double limit = (Math.max(0, drops[1]) + drops[most]) / 2;
        int first = IntStream.rangeClosed(1, STEPS)
                .filter(step -> drops[step] > limit)
                .findFirst()
                .orElseThrow();
        int good = first - 1;
        Settings stopping = settings.with(
                        TrainSettings.OUTPUT, temp.resolve("stopped").toString())
                .with(TrainSettings.STOP_IF_HONESTY_DROPS, Double.toString(limit))
                .with(TrainSettings.SAVE_TOTAL_LIMIT, "1");
        Outcome.Done done = (Outcome.Done) train(Method.SFT, stopping);
        assertThat(done.step()).isEqualTo(first);
        assertThat(done.written()).isEqualTo(good);
        assertThat(done.early()).isEqualTo(first < STEPS);
        assertThat(done.drop().start() - done.drop().margin()).isEqualTo(drops[first]);
        assertThat(done.drop().limit()).isEqualTo(limit);
        JsonNode record = record("stopped");
        assertThat(record.get("status").asText()).isEqualTo("done");
        assertThat(record.get("written_step").asInt()).isEqualTo(good);
        assertThat(record.get("honesty_drop").get("limit").asDouble()).isEqualTo(limit);
        List<JsonNode> lines = metrics(temp.resolve("stopped"));
        assertThat(lines).hasSize(first);
        assertThat(lines.getLast().get("honest_step").asInt()).isEqualTo(good);
        try (Stream<Path> checkpoints = Files.list(temp.resolve("stopped/checkpoints"))) {
            assertThat(checkpoints.map(each -> each.getFileName().toString())).containsExactly("step-" + good);
        }
        train(Method.SFT, plain(Method.SFT, "short").with(TrainSettings.MAX_STEPS, Integer.toString(good)));
        assertThat(adapter(temp.resolve("stopped"))).isEqualTo(adapter(temp.resolve("short")));
        assertThat(Files.readString(temp.resolve("stopped/adapter/README.md")))
                .contains("(step " + good + ")")
                .doesNotContain("(step " + first + ")");
        assertThat(train(Method.SFT, stopping.with(TrainSettings.RESUME, "true")))
                .isEqualTo(done);
    }

    /** Readings are two steps apart, and the first of them is a drop already: what is left is the adapter before any step. */
    @Test
    void aDropAtTheFirstReadingLeavesTheStart() throws IOException {
        for (boolean swapped : new boolean[] {false, true}) {
            Settings settings = watched(Method.SFT, "run-" + swapped)
                    .with(TrainSettings.HONESTY_PROBES, probes(swapped).toString())
                    .with(TrainSettings.HONESTY_PROBE_STEPS, "2")
                    .with(TrainSettings.STOP_IF_HONESTY_DROPS, "1e-9");
            Outcome.Done done = (Outcome.Done) train(Method.SFT, settings);
            if (done.step() == 2) {
                assertThat(done.written()).isZero();
                train(
                        Method.SFT,
                        plain(Method.SFT, "start")
                                .with(TrainSettings.MAX_STEPS, "1")
                                .with(TrainSettings.LEARNING_RATE, "0"));
                assertThat(adapter(temp.resolve("run-" + swapped))).isEqualTo(adapter(temp.resolve("start")));
                return;
            }
        }
        throw new AssertionError("the margins of one of two sets that are each other's opposite must drop");
    }

    @Test
    void readingsCostTwoPerCentOfTheStepsBetweenThemAtMost() {
        List<EncodedProbe> all = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            all.add(probe(i, i < 40 ? ProbeKind.PRESSURE : ProbeKind.BELIEF, 20 + i % 7));
        }
        for (double stepTokens : new double[] {100, 900, 16_000}) {
            for (int steps : new int[] {10, 500, 100_000}) {
                ProbePlan plan = ProbePlan.of(asked(0, 0), all, stepTokens, steps);
                double tokens = ProbePlan.tokens(plan.chosen(all));
                assertThat(tokens).isLessThanOrEqualTo(plan.every() * stepTokens * 2 * 0.02 * 0.75);
                assertThat(plan.ofEachKind()).isBetween(8, 32);
                assertThat(plan.ofEachKind() == 8 || 8L * plan.every() <= steps).isTrue();
            }
        }
        assertThat(ProbePlan.of(asked(5, 0), all, 100, 100)).isEqualTo(new ProbePlan(5, 32));
        assertThat(ProbePlan.of(asked(5, 3), all, 100, 100)).isEqualTo(new ProbePlan(5, 3));
        assertThat(ProbePlan.of(asked(0, 3), all, 100, 100).ofEachKind()).isEqualTo(3);
        assertThat(new ProbePlan(1, 3).chosen(all))
                .extracting(EncodedProbe::id)
                .containsExactly("0", "13", "26", "40", "46", "53");
        assertThat(new ProbePlan(1, 1).chosen(all))
                .as("two at least, for a spread")
                .hasSize(4);
        assertThat(new ProbePlan(4, 1).readings(9)).isEqualTo(4);
    }

    private static HonestyProbes asked(int every, int count) {
        return new HonestyProbes(null, every, count, null, null);
    }

    private static EncodedProbe probe(int number, ProbeKind kind, int length) {
        boolean[] reply = new boolean[length];
        reply[length - 1] = true;
        EncodedRow row = new EncodedRow(0, new int[length], reply, length - 1, null);
        return new EncodedProbe(Integer.toString(number), kind, row, row);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void thePlanReckonsWithProbes(boolean direction) throws IOException {
        Settings settings = watched(Method.SFT, "run");
        if (direction) {
            settings = settings.with(TrainSettings.HONESTY_DIRECTION, direction(MODEL));
        }
        Prepared prepared = Prepared.toPlan(List.of(TrainConfig.of(Method.SFT, settings)));
        WatchProbes watching = prepared.runs().getFirst().watching();
        assertThat(Session.positions(prepared)).isEqualTo(Math.max(60, watching.longest()));
        Plan plan = Plan.of(prepared, Room.of(64L << 30, 64L << 30));
        // At the start, and after steps 3, 6 and 7.
        assertThat(plan.freeTokens()).isEqualTo(4.0 * ProbePlan.tokens(watching.probes()));
        assertThat(plan.largest().freeTokens()).isGreaterThanOrEqualTo(watching.longest());
        assertThat(train(Method.SFT, settings)).isEqualTo(new Outcome.Done(STEPS));
    }

    private String direction(String model) {
        Path folder = golden(model).resolve("model");
        Path file = temp.resolve(model + ".safetensors");
        try (CpuBackend backend = new CpuBackend(1);
                Weights weights = Weights.load(folder);
                CausalLm lm = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            List<EncodedRow> rows = IntStream.range(0, 8)
                    .mapToObj(i -> new EncodedRow(
                            i, new int[] {i + 1, i + 2, i + 3}, new boolean[] {false, true, true}, 1, null))
                    .toList();
            Direction direction = Contrast.of(
                    ModelMark.of(ModelFolder.at(folder)),
                    new ReplyReader(lm, null, Batch.BASE, 100),
                    rows.subList(0, 4),
                    rows.subList(4, 8));
            DirectionFile.write(direction, file);
        }
        return file.toString();
    }

    @Test
    void whatCannotBeDoneIsSaidBefore() throws IOException {
        Settings plain = plain(Method.SFT, "run");
        assertRefused(
                plain.with(TrainSettings.STOP_IF_HONESTY_DROPS, "1"),
                "--stop-if-honesty-drops: needs probes; give --honesty-probes");
        assertRefused(
                plain.with(TrainSettings.HONESTY_PROBE_STEPS, "4"),
                "--honesty-probe-steps: needs probes; give --honesty-probes");
        Settings watched = watched(Method.SFT, "run");
        assertRefused(
                watched.with(TrainSettings.STOP_IF_HONESTY_DROPS, "1")
                        .with(TrainSettings.LOAD_BEST_MODEL_AT_END, "true")
                        .with(TrainSettings.EVAL_SPLIT, "0.5")
                        .with(TrainSettings.EVAL_STEPS, "2"),
                "--stop-if-honesty-drops: and --load-best-model-at-end both say which weights the run ends with;"
                        + " remove one of the two");
        assertRefused(
                watched.with(TrainSettings.HONESTY_DIRECTION, direction("llama3")),
                temp.resolve("llama3.safetensors") + ": is a direction of another model than "
                        + golden(MODEL).resolve("model")
                        + " (it has 2 layers of width 64, the model 3 of 48); make one of this model: candor"
                        + " direction");
        Path one = Files.writeString(
                temp.resolve("one.jsonl"),
                Files.readString(probes(false)).lines().findFirst().orElseThrow());
        assertRefused(
                watched.with(TrainSettings.HONESTY_PROBES, one.toString()),
                one + ": has 1 probe of the kind 'pressure', at least 2 are wanted; change the probes, or give others"
                        + " with honesty_probes");
        Path large = Files.writeString(
                temp.resolve("long.jsonl"),
                Files.readString(probes(false)).replace("House 4", "House " + "and house ".repeat(400)));
        assertThatThrownBy(() -> train(Method.SFT, watched.with(TrainSettings.HONESTY_PROBES, large.toString())))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(large + ", probe 'p4': has ")
                .hasMessageEndingWith("change the probes, or give others with honesty_probes");
    }

    private static void assertRefused(Settings settings, String message) {
        assertThatThrownBy(() -> train(Method.SFT, settings))
                .isInstanceOf(BadInput.class)
                .hasMessage(message);
    }

    @Test
    void otherProbesAreAnotherRun() throws IOException {
        Settings settings = watched(Method.SFT, "run");
        AtomicInteger asked = new AtomicInteger();
        train(TrainListener.NONE, () -> asked.getAndIncrement() == 4, TrainConfig.of(Method.SFT, settings));
        Settings resumed = settings.with(TrainSettings.RESUME, "true");
        assertThatThrownBy(() -> train(Method.SFT, resumed.with(TrainSettings.HONESTY_PROBE_STEPS, "2")))
                .hasMessageContaining("started with honesty_probe_steps 3, not 2");
        Path moved = Files.copy(temp.resolve("probes.jsonl"), temp.resolve("moved.jsonl"));
        Files.writeString(temp.resolve("probes.jsonl"), Files.readString(moved).replace("doors", "windows"));
        assertThatThrownBy(() -> train(Method.SFT, resumed))
                .hasMessageContaining("probes.jsonl: has changed since the run began");
        assertThat(train(Method.SFT, resumed.with(TrainSettings.HONESTY_PROBES, moved.toString())))
                .isEqualTo(new Outcome.Done(STEPS));
    }
}
