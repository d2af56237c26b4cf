package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.Room;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.cuda.GraphUse;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training on the emulated device with rows of one length: forward pass, backward pass and optimiser are graphs from the third
 * or fourth step on, and leave the bytes that plain calls leave.
 */
class CudaGraphTest {
    private static final int STEPS = 7;

    @TempDir
    Path temp;

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    /** What a run used of the device, after each step. */
    private record Use(List<GraphUse> graphs, List<Long> free) {}

    /** One question, and answers of many words, cut to one length. */
    private Path data() throws IOException {
        String[] words = {"value", "weather", "checked", "bank", "dose", "units", "stands", "sure"};
        Random random = new Random(3);
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < 6; row++) {
            StringBuilder answer = new StringBuilder("It");
            for (int i = 0; i < 60; i++) {
                answer.append(' ').append(words[random.nextInt(words.length)]);
            }
            lines.add("""
                    {"prompt": [{"role": "system", "content": "A."}, {"role": "user", "content": "What?"}], \
                    "completion": [{"role": "assistant", "content": "%s"}], "label": %b}""".formatted(answer, row % 2 == 0));
        }
        return Files.write(temp.resolve("data.jsonl"), lines);
    }

    private static Settings settings(Method method, Path data, Path output) {
        return GoldenRuns.settings("qwen2", method, output)
                .with(TrainSettings.DATA, data.toString())
                .with(TrainSettings.BACKEND, "cuda-emulated")
                .with(TrainSettings.MAX_LENGTH, "36")
                .with(TrainSettings.LORA_TARGET_MODULES, "q_proj", "down_proj")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1")
                .with(TrainSettings.MAX_STEPS, String.valueOf(STEPS));
    }

    private static Use train(boolean graphs, TrainConfig... configs) {
        System.setProperty(CudaBackend.GRAPHS, String.valueOf(graphs));
        try {
            CudaBackend backend = CudaBackend.emulated();
            Use use = new Use(new ArrayList<>(), new ArrayList<>());
            Prepared prepared = Prepared.of(List.of(configs));
            TrainListener listener = new TrainListener() {
                @Override
                public void step(Run run, Map<String, Number> metrics) {
                    use.graphs.add(backend.graphs());
                    use.free.add(backend.freeBytes().orElseThrow());
                }
            };
            Plan plan = Plan.of(prepared, Room.of(64L << 30, 64L << 30));
            try (Session session = Session.open(prepared, plan, Map.of("candor", "test"), () -> backend)) {
                assertThat(session.train(listener, GoldenRuns.NEVER)).containsOnly(new Outcome.Done(STEPS));
            }
            return use;
        } finally {
            System.clearProperty(CudaBackend.GRAPHS);
        }
    }

    private static void same(Path with, Path without) throws IOException {
        assertThat(adapter(with)).isEqualTo(adapter(without));
        assertThat(metrics(with)).isEqualTo(metrics(without));
    }

    /** Two runs side by side, each with a rate, a seed and an optimiser of its own. */
    @Test
    void supervisedSteps() throws IOException {
        Path data = data();
        Use[] uses = new Use[2];
        for (boolean graphs : new boolean[] {true, false}) {
            Path folder = temp.resolve(String.valueOf(graphs));
            TrainConfig one = TrainConfig.of(Method.SFT, settings(Method.SFT, data, folder.resolve("one")));
            TrainConfig other = TrainConfig.of(
                    Method.SFT,
                    settings(Method.SFT, data, folder.resolve("other"))
                            .with(TrainSettings.SEED, "7")
                            .with(TrainSettings.LEARNING_RATE, "0.003"));
            uses[graphs ? 0 : 1] = train(graphs, one, other);
        }
        for (String run : new String[] {"one", "other"}) {
            same(temp.resolve("true").resolve(run), temp.resolve("false").resolve(run));
        }
        assertThat(uses[1].graphs).containsOnly(new GraphUse(0, 0, 0));
        // Every second entry is that of a whole step; the last one ends with writing what it has made.
        List<GraphUse> graphs = uses[0].graphs;
        for (int step = 4; step + 1 < STEPS; step++) {
            GraphUse before = graphs.get(2 * step - 1);
            GraphUse after = graphs.get(2 * step + 1);
            assertThat(after.captured()).as("step " + (step + 1)).isEqualTo(before.captured());
            assertThat(after.replayed() - before.replayed())
                    .as("optimiser and forward, backward and norm")
                    .isEqualTo(2);
            assertThat(after.plain() - before.plain())
                    .as("one run's update and the other's norm")
                    .isEqualTo(1);
            assertThat(uses[0].free.get(2 * step + 1)).as("memory").isEqualTo(uses[0].free.get(2 * step - 1));
        }
    }

    @Test
    void stepsOfKto() throws IOException {
        Path data = data();
        Path with = temp.resolve("with");
        Path without = temp.resolve("without");
        Use use = train(true, TrainConfig.of(Method.KTO, settings(Method.KTO, data, with)));
        train(false, TrainConfig.of(Method.KTO, settings(Method.KTO, data, without)));
        same(with, without);
        for (int step = 5; step < STEPS; step++) {
            GraphUse before = use.graphs.get(step - 1);
            GraphUse after = use.graphs.get(step);
            assertThat(after.captured()).isEqualTo(before.captured());
            assertThat(after.replayed() - before.replayed())
                    .as("optimiser and baseline, forward, backward and norm")
                    .isEqualTo(3);
            assertThat(after.plain()).as("plain sections").isEqualTo(before.plain());
            assertThat(use.free.get(step)).as("memory").isEqualTo(use.free.get(step - 1));
        }
    }
}
