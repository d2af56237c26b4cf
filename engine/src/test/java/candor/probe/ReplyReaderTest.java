package candor.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.data.EncodedRow;
import candor.data.Packing;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Mean activations against PyTorch in float64, and the same bytes whatever shares a pass. */
class ReplyReaderTest {
    @ParameterizedTest
    @MethodSource("candor.probe.GoldenReplies#names")
    void meansAreThoseOfPyTorchInFloat64(String name) {
        try (GoldenReplies golden = new GoldenReplies(name, new CpuBackend(2))) {
            for (int slot : new int[] {Batch.BASE, 1}) {
                double[] want = golden.doubles(slot == Batch.BASE ? "base.means" : "lora.means");
                List<ReplyReader.Reply> replies = means(golden, slot, 1000);
                double[] got = flat(replies);
                assertThat(got).hasSameSizeAs(want);
                double difference = 0;
                double norm = 0;
                for (int i = 0; i < got.length; i++) {
                    difference += (got[i] - want[i]) * (got[i] - want[i]);
                    norm += want[i] * want[i];
                }
                double relative = Math.sqrt(difference / norm);
                System.out.printf("%s slot %d: %.2e%n", name, slot, relative);
                assertThat(relative).isLessThanOrEqualTo(1e-5);
            }
        }
    }

    @Test
    void aDirectionIsTheDifferenceOfMeans() {
        for (String name : GoldenReplies.names()) {
            try (GoldenReplies golden = new GoldenReplies(name, new CpuBackend(1))) {
                // Means of two rows are those of the two rows twice.
                List<EncodedRow> honest = new ArrayList<>(golden.rows.subList(0, 2));
                honest.addAll(golden.rows.subList(0, 2));
                List<EncodedRow> dishonest = Collections.nCopies(4, golden.rows.get(2));
                Direction direction = Contrast.of(
                        "mark", new ReplyReader(golden.model, golden.bank, Batch.BASE, 50), honest, dishonest);
                double[] want = golden.doubles("direction");
                int width = direction.width();
                double largest = 0;
                for (int i = 0; i < want.length; i++) {
                    largest = Math.max(largest, Math.abs(direction.vector(i / width)[i % width] - want[i]));
                }
                System.out.printf("%s: %.2e%n", name, largest);
                assertThat(largest).isLessThanOrEqualTo(1e-5);
            }
        }
    }

    @Test
    void nothingDependsOnWhatSharesAPassNorOnThreads() {
        double[] alone = values(1, 1);
        assertThat(values(1, 60)).isEqualTo(alone);
        assertThat(values(1, 10_000)).isEqualTo(alone);
        assertThat(values(3, 60)).isEqualTo(alone);
    }

    private static double[] values(int threads, int tokensAtOnce) {
        try (GoldenReplies golden = new GoldenReplies("qwen3", new CpuBackend(threads))) {
            List<Double> all = new ArrayList<>();
            for (int slot : new int[] {Batch.BASE, 1}) {
                new ReplyReader(golden.model, golden.bank, slot, tokensAtOnce)
                        .replies(scored(golden.rows), layer -> layer == 1, (_, reply) -> {
                            assertThat(reply.means()[0]).isNull();
                            all.add(reply.logp());
                            for (double value : reply.means()[1]) {
                                all.add(value);
                            }
                        });
            }
            return all.stream().mapToDouble(Double::doubleValue).toArray();
        }
    }

    /** Rows whose first token belongs to no reply. */
    private static List<EncodedRow> scored(List<EncodedRow> rows) {
        return rows.stream()
                .map(row -> {
                    boolean[] target = row.target().clone();
                    target[0] = false;
                    return new EncodedRow(row.row(), row.ids(), target, 1, null);
                })
                .toList();
    }

    @Test
    void logProbabilitiesAreThoseOfAPassThatReadsNothing() {
        try (GoldenReplies golden = new GoldenReplies("llama3", new CpuBackend(2))) {
            List<EncodedRow> rows = scored(golden.rows);
            Batch batch = Packing.of(rows, 1);
            float[] tokens = new float[batch.targetCount()];
            golden.model.forward(tokens, batch, golden.bank, false);
            double[] want = new double[rows.size()];
            for (int i = 0; i < tokens.length; i++) {
                want[batch.targetSequence(i)] += tokens[i];
            }
            ReplyReader reader = new ReplyReader(golden.model, golden.bank, 1, 1000);
            double[] none = new double[rows.size()];
            double[] all = new double[rows.size()];
            reader.replies(rows, _ -> false, (row, reply) -> none[row] = reply.logp());
            reader.replies(rows, _ -> true, (row, reply) -> all[row] = reply.logp());
            assertThat(none).isEqualTo(want);
            assertThat(all).isEqualTo(want);
        }
    }

    /** A device hands the same rows out. */
    @Test
    void aDeviceReadsTheSame() {
        double[] want;
        try (GoldenReplies golden = new GoldenReplies("llama3", new CpuBackend(2))) {
            want = flat(means(golden, 1, 1000));
        }
        try (GoldenReplies golden = new GoldenReplies("llama3", Backends.open(Backends.named("cuda-emulated"), 2))) {
            double[] got = flat(means(golden, 1, 50));
            double difference = 0;
            double norm = 0;
            for (int i = 0; i < got.length; i++) {
                difference += (got[i] - want[i]) * (got[i] - want[i]);
                norm += want[i] * want[i];
            }
            System.out.printf("bf16 by float32: %.2e%n", Math.sqrt(difference / norm));
            assertThat(Math.sqrt(difference / norm)).isLessThanOrEqualTo(0.02);
        }
    }

    @Test
    void aRowWithoutAReplyIsRefused() {
        try (GoldenReplies golden = new GoldenReplies("llama3", new CpuBackend(1))) {
            EncodedRow none = new EncodedRow(7, new int[] {1, 2}, new boolean[2], 2, null);
            ReplyReader reader = new ReplyReader(golden.model, golden.bank, Batch.BASE, 10);
            assertThatThrownBy(() -> reader.means(List.of(none), _ -> true, (_, _) -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("row 7 (2 tokens, 0 targets) has no reply");
        }
    }

    private static List<ReplyReader.Reply> means(GoldenReplies golden, int slot, int tokensAtOnce) {
        List<ReplyReader.Reply> replies = new ArrayList<>();
        new ReplyReader(golden.model, golden.bank, slot, tokensAtOnce)
                .means(golden.rows, _ -> true, (_, reply) -> replies.add(reply));
        return replies;
    }

    private static double[] flat(List<ReplyReader.Reply> replies) {
        return replies.stream()
                .flatMap(reply -> Arrays.stream(reply.means()))
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }
}
