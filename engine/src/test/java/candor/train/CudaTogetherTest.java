package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.DecoratedBackend;
import candor.ops.Room;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.op.Embed;
import candor.ops.op.Op;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Small micro-batches of a step in one pass: fewer passes, none larger than the largest of one micro-batch, and the same bytes. */
class CudaTogetherTest {
    private static final long MEMORY = 64L << 30;

    @TempDir
    Path temp;

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    /** Counts the tokens of passes. */
    private static final class Passes extends DecoratedBackend {
        private final List<Integer> tokens = new ArrayList<>();

        Passes() {
            super(CudaBackend.emulated());
        }

        @Override
        public void run(Op op) {
            if (op instanceof Embed embed) {
                tokens.add(embed.rows());
            }
            super.run(op);
        }
    }

    private Settings seven(Method method, Path output) throws IOException {
        return settings("llama3", method, output)
                .with(TrainSettings.BACKEND, "cuda-emulated")
                .with(TrainSettings.DATA, VariedRows.file(temp, method))
                .with(TrainSettings.MAX_LENGTH, "200")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "7")
                .with(TrainSettings.LORA_DROPOUT, "0.1")
                .with(TrainSettings.MAX_STEPS, "2");
    }

    private static Plan plan(Prepared prepared) {
        return Plan.of(prepared, Room.of(MEMORY, MEMORY));
    }

    private static Plan oneByOne(Plan plan) {
        return new Plan(
                plan.recomputation(),
                plan.sumsNear(),
                Together.NONE,
                plan.host(),
                plan.device(),
                plan.largest(),
                plan.tokens(),
                plan.freeTokens(),
                plan.copied(),
                plan.steps());
    }

    private static Passes train(Prepared prepared, Plan plan) {
        Passes passes = new Passes();
        try (Session session = Session.open(prepared, plan, Map.of("candor", "test"), () -> passes)) {
            assertThat(session.train(TrainListener.NONE, GoldenRuns.NEVER)).containsOnly(new Outcome.Done(2));
        }
        return passes;
    }

    private void assertSame(String name, String expected) throws IOException {
        assertThat(adapter(temp.resolve(name))).isEqualTo(adapter(temp.resolve(expected)));
        assertThat(metrics(temp.resolve(name))).isEqualTo(metrics(temp.resolve(expected)));
    }

    @ParameterizedTest
    @EnumSource(
            value = Method.class,
            names = {"SFT", "KTO", "DPO"})
    void fewerPassesGiveTheSameBytes(Method method) throws IOException {
        Prepared together = Prepared.of(List.of(
                TrainConfig.of(method, seven(method, temp.resolve("together")).with(TrainSettings.EVAL_SPLIT, "0.2"))));
        Plan plan = plan(together);
        assertThat(plan.together().most()).isBetween(2, 7);
        Passes passes = train(together, plan);
        Prepared alone = Prepared.of(List.of(
                TrainConfig.of(method, seven(method, temp.resolve("alone")).with(TrainSettings.EVAL_SPLIT, "0.2"))));
        Passes each = train(alone, oneByOne(plan));
        assertThat(passes.tokens).hasSizeLessThan(each.tokens.size());
        assertThat(passes.tokens.stream().mapToInt(t -> t).sum())
                .isEqualTo(each.tokens.stream().mapToInt(t -> t).sum());
        assertThat(passes.tokens)
                .allMatch(tokens -> tokens
                        <= Math.max(plan.largest().tokens(), plan.largest().freeTokens()));
        assertSame("together", "alone");
    }

    private Prepared sweep(String name) throws IOException {
        return Prepared.of(List.of(
                TrainConfig.of(Method.SFT, seven(Method.SFT, temp.resolve(name).resolve("a"))),
                TrainConfig.of(
                        Method.SFT,
                        seven(Method.SFT, temp.resolve(name).resolve("b"))
                                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "3")
                                .with(TrainSettings.LORA_RANK, "20")
                                .with(TrainSettings.SEED, "5"))));
    }

    @Test
    void runsOfASweepGoTogetherToo() throws IOException {
        Prepared together = sweep("together");
        Plan plan = plan(together);
        assertThat(plan.together().most()).isBetween(2, 7);
        Passes passes = train(together, plan);
        Passes each = train(sweep("alone"), oneByOne(plan));
        assertThat(passes.tokens).hasSizeLessThan(each.tokens.size());
        assertSame("together/a", "alone/a");
        assertSame("together/b", "alone/b");
    }
}
