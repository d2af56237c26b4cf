package candor.train;

import static org.assertj.core.api.Assertions.assertThat;

import candor.data.EncodedRow;
import candor.train.config.KtoTask;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceCacheTest {
    private static final byte[] IDENTITY = {1, 2, 3};

    @TempDir
    Path temp;

    private Path file() {
        return temp.resolve("run/reference.cache");
    }

    private ReferenceCache open() {
        return new ReferenceCache(file(), IDENTITY);
    }

    private static EncodedRow row(int... ids) {
        boolean[] target = new boolean[ids.length];
        Arrays.fill(target, 1, ids.length, true);
        return new EncodedRow(0, ids, target, 1, true);
    }

    @Test
    void valuesOutliveTheProcess() {
        try (ReferenceCache cache = open()) {
            assertThat(cache.get(row(1, 2))).isEmpty();
            cache.put(row(1, 2), -12.25);
            cache.put(row(1, 3), Math.nextUp(-7.0));
        }
        try (ReferenceCache cache = open()) {
            assertThat(cache.get(row(1, 2))).hasValue(-12.25);
            assertThat(cache.get(row(1, 3))).hasValue(Math.nextUp(-7.0));
            assertThat(cache.size()).isEqualTo(2);
        }
    }

    @Test
    void theKeyIsTokensTargetsAndTheReference() {
        EncodedRow row = row(1, 2, 3);
        EncodedRow otherTargets = new EncodedRow(0, row.ids(), new boolean[] {false, false, true}, 1, true);
        EncodedRow elsewhere = new EncodedRow(9, row.ids(), row.target(), 1, false);
        try (ReferenceCache cache = open()) {
            cache.put(row, -1);
            assertThat(cache.get(otherTargets)).isEmpty();
            assertThat(cache.get(row(1, 3, 2))).isEmpty();
            assertThat(cache.get(elsewhere)).hasValue(-1);
        }
        try (ReferenceCache other = new ReferenceCache(file(), new byte[] {1, 2, 4})) {
            assertThat(other.get(row)).isEmpty();
        }
    }

    @Test
    void whatIsNotFiniteIsNotKept() {
        try (ReferenceCache cache = open()) {
            cache.put(row(1, 2), Double.NaN);
            assertThat(cache.get(row(1, 2))).isEmpty();
        }
    }

    @Test
    void aHalfWrittenRecordIsDroppedAndADamagedOneNotBelieved() throws IOException {
        try (ReferenceCache cache = open()) {
            for (int i = 0; i < 3; i++) {
                cache.put(row(1, i), -i - 1);
            }
        }
        byte[] bytes = Files.readAllBytes(file());
        bytes[bytes.length / 3 + 18] ^= 1;
        Files.write(file(), Arrays.copyOf(bytes, bytes.length - 5));
        try (ReferenceCache cache = open()) {
            assertThat(cache.get(row(1, 0))).hasValue(-1);
            assertThat(cache.get(row(1, 1))).isEmpty();
            assertThat(cache.get(row(1, 2))).isEmpty();
            cache.put(row(1, 2), -30);
        }
        try (ReferenceCache cache = open()) {
            assertThat(cache.get(row(1, 2))).hasValue(-30);
        }
    }

    private TrainConfig kto(Path output, String rows, String steps, String pairing) {
        return TrainConfig.of(
                Method.KTO,
                GoldenRuns.settings("qwen3", Method.KTO, output)
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, rows)
                        .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1")
                        .with(TrainSettings.SHUFFLE, "false")
                        .with(KtoTask.KL_PAIRING, pairing)
                        .with(TrainSettings.MAX_STEPS, steps));
    }

    /** With pairs that stay the same, the second and third epoch ask the reference for nothing. */
    @Test
    void theReferenceIsComputedOnce() throws IOException {
        int rows = Prepared.of(List.of(kto(temp.resolve("none"), "4", "1", "trl")))
                .runs()
                .getFirst()
                .data()
                .size();
        int epoch = Math.ceilDiv(rows, 4);
        Path once = temp.resolve("once");
        Path thrice = temp.resolve("thrice");
        GoldenRuns.train(TrainListener.NONE, GoldenRuns.NEVER, kto(once, "4", Integer.toString(epoch), "trl"));
        GoldenRuns.train(TrainListener.NONE, GoldenRuns.NEVER, kto(thrice, "4", Integer.toString(3 * epoch), "trl"));
        assertThat(Files.size(once.resolve("reference.cache"))).isPositive();
        assertThat(thrice.resolve("reference.cache")).hasSameBinaryContentAs(once.resolve("reference.cache"));
    }

    /** Partners of the data, and LLaMA-Factory's, stay the same though rows are shuffled: no later epoch asks for anything. */
    @ParameterizedTest
    @CsvSource({"data, false", "llama-factory, false", "step, true"})
    void wherePartnersNeverChangeNothingIsAskedAgain(String pairing, boolean asksAgain) throws IOException {
        TrainConfig one = shuffled(temp.resolve("once"), pairing, 1);
        int rows = Prepared.of(List.of(one)).runs().getFirst().data().size();
        GoldenRuns.train(TrainListener.NONE, GoldenRuns.NEVER, one);
        GoldenRuns.train(TrainListener.NONE, GoldenRuns.NEVER, shuffled(temp.resolve("thrice"), pairing, 3));
        long first = Files.size(temp.resolve("once/reference.cache"));
        if (!asksAgain) {
            assertThat(first / (2 * rows)).as("bytes for each row and its pair").isEqualTo(16 + 8 + 4);
        }
        assertThat(Files.size(temp.resolve("thrice/reference.cache")) > first).isEqualTo(asksAgain);
    }

    private TrainConfig shuffled(Path output, String pairing, int epochs) {
        return TrainConfig.of(
                Method.KTO,
                GoldenRuns.settings("qwen3", Method.KTO, output)
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "4")
                        .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1")
                        .with(TrainSettings.SHUFFLE, "true")
                        .with(KtoTask.KL_PAIRING, pairing)
                        .with(TrainSettings.MAX_STEPS, "0")
                        .with(TrainSettings.NUM_TRAIN_EPOCHS, Integer.toString(epochs)));
    }

    /** A step of one row, at the end of an epoch, takes its KL partner from the rest of the data. */
    @Test
    void noRowIsItsOwnPartner() {
        Path run = temp.resolve("run");
        TrainConfig probe = kto(temp.resolve("none"), "2", "1", "step");
        Prepared prepared = Prepared.of(List.of(probe));
        Prepared.One one = prepared.runs().getFirst();
        int rows = one.data().size();
        int perStep = rows - 1;
        TrainConfig config = kto(run, Integer.toString(perStep), "2", "step");
        GoldenRuns.train(TrainListener.NONE, GoldenRuns.NEVER, config);
        int last = rows - 1;
        try (ReferenceCache cache =
                new ReferenceCache(run.resolve("reference.cache"), one.inputs().reference("cpu"))) {
            assertThat(cache.get(one.data().pair(last, last - 1))).isPresent();
            for (int row = 0; row < rows; row++) {
                assertThat(cache.get(one.data().row(row))).isPresent();
            }
            // Each row's own value and one pair for each: no pair was a row itself, or there would be fewer.
            assertThat(cache.size()).isEqualTo(2 * rows);
        }
    }
}
