package candor.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.data.EncodedRow;
import candor.model.ModelFolder;
import candor.model.ModelMark;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directions: made, kept in a file, held against their model, projected on. */
class DirectionTest {
    @TempDir
    Path folder;

    private static Direction small(String mark) {
        return new Direction(mark, 1, new float[][] {{3, 4, 0}, {0, 0, -2}, {0, 0, 0}}, new double[] {0.5, 2, 0}, 7, 9);
    }

    @Test
    void projectsOnAVectorOfLengthOne() {
        Direction direction = small("m");
        assertThat(direction.norm(0)).isEqualTo(5);
        assertThat(direction.project(0, new double[] {1, 2, 100})).isEqualTo(11.0 / 5);
        assertThat(direction.project(new double[][] {{1, 0, 0}, {0, 0, 5}, {1, 1, 1}}))
                .containsExactly(0.6, -5, 0);
    }

    @Test
    void aFileIsReadAsItWasWrittenAndHasTheSameBytes() throws IOException {
        Path file = folder.resolve("d.safetensors");
        DirectionFile.write(small("abc"), file);
        byte[] bytes = Files.readAllBytes(file);
        Direction read = DirectionFile.read(file);
        assertThat(read.mark()).isEqualTo("abc");
        assertThat(read.layer()).isEqualTo(1);
        assertThat(read.layers()).isEqualTo(3);
        assertThat(read.width()).isEqualTo(3);
        assertThat(read.vector(0)).containsExactly(3, 4, 0);
        assertThat(read.separation(1)).isEqualTo(2);
        assertThat(read.honest()).isEqualTo(7);
        assertThat(read.dishonest()).isEqualTo(9);
        DirectionFile.write(read, file);
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
    }

    @Test
    void whatIsNoDirectionIsRefused() throws IOException {
        Path model;
        try (GoldenReplies golden = new GoldenReplies("llama3", new CpuBackend(1))) {
            model = golden.folder.resolve("model.safetensors");
        }
        assertThatThrownBy(() -> DirectionFile.read(model))
                .isInstanceOf(BadInput.class)
                .hasMessage(model + ": is not a direction of honesty; make it again: candor direction");
        Path broken = folder.resolve("broken.safetensors");
        DirectionFile.write(new Direction("m", 0, new float[][] {{1, Float.NaN}}, new double[] {1}, 4, 4), broken);
        assertThatThrownBy(() -> DirectionFile.read(broken))
                .isInstanceOf(BadInput.class)
                .hasMessage(broken + ": holds the number NaN; make it again: candor direction");
        Path beyond = folder.resolve("beyond.safetensors");
        DirectionFile.write(new Direction("m", 2, new float[][] {{1, 2}}, new double[] {1}, 4, 4), beyond);
        assertThatThrownBy(() -> DirectionFile.read(beyond))
                .isInstanceOf(BadInput.class)
                .hasMessage(beyond + ": 'candor.layer' must be a whole number from 0 to 0, not '2'; make it again:"
                        + " candor direction");
    }

    @Test
    void anotherModelsDirectionIsNamed() throws IOException {
        Path file = folder.resolve("d.safetensors");
        try (GoldenReplies llama = new GoldenReplies("llama3", new CpuBackend(1));
                GoldenReplies qwen = new GoldenReplies("qwen2", new CpuBackend(1))) {
            List<EncodedRow> rows =
                    IntStream.range(0, 8).mapToObj(i -> llama.rows.get(i % 3)).toList();
            Direction direction = Contrast.of(
                    ModelMark.of(llama.modelFolder()),
                    new ReplyReader(llama.model, llama.bank, Batch.BASE, 100),
                    rows,
                    rows.reversed());
            assertThat(direction.requireOf(llama.modelFolder(), file)).isSameAs(direction);
            assertThatThrownBy(() -> direction.requireOf(qwen.modelFolder(), file))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file + ": is a direction of another model than " + qwen.folder
                            + " (it has 2 layers of width 64, the model 3 of 48); make one of this model: candor"
                            + " direction");
            Path other = folder.resolve("other");
            copy(llama.folder, other);
            assertThat(direction.requireOf(ModelFolder.at(other), file)).isSameAs(direction);
            Path weights = other.resolve("model.safetensors");
            byte[] bytes = Files.readAllBytes(weights);
            bytes[bytes.length - 1] ^= 1;
            Files.write(weights, bytes);
            assertThatThrownBy(() -> direction.requireOf(ModelFolder.at(other), file))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file + ": is a direction of another model than " + other
                            + " (same shape, other weights); make one of this model: candor direction");
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void separationIsThatOfUnseenReplies() {
        try (GoldenReplies golden = new GoldenReplies("qwen3", new CpuBackend(1))) {
            ReplyReader reader = new ReplyReader(golden.model, golden.bank, Batch.BASE, 1000);
            List<EncodedRow> same =
                    IntStream.range(0, 6).mapToObj(i -> golden.rows.get(i % 3)).toList();
            Direction none = Contrast.of("m", reader, same, same);
            assertThat(none.norm(0)).isZero();
            assertThat(none.separation(0)).isZero();
            assertThat(none.layer()).isZero();
            List<EncodedRow> ups = List.of(same.get(0), same.get(0), same.get(1), same.get(1));
            List<EncodedRow> downs = List.of(same.get(2), same.get(2), same.get(1), same.get(1));
            Direction apart = Contrast.of("m", reader, ups, downs);
            // Both folds hold the same replies, so the seen direction is the unseen one: d' by hand.
            List<double[]> projections =
                    new Projections(reader, apart).of(List.of(same.get(0), same.get(1), same.get(2)));
            for (int layer = 0; layer < apart.layers(); layer++) {
                double up = projections.get(0)[layer] - projections.get(1)[layer];
                double down = projections.get(2)[layer] - projections.get(1)[layer];
                // Of two values, the variance is half the square of their difference; the mean is the middle.
                double want = (up - down) / 2 / Math.sqrt((up * up / 2 + down * down / 2) / 2);
                assertThat(apart.separation(layer)).isCloseTo(want, within(1e-4));
            }
            assertThatThrownBy(() -> Contrast.of("m", reader, same.subList(0, 3), same))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void differencesAreOfTheSameLayers() {
        try (GoldenReplies golden = new GoldenReplies("qwen3", new CpuBackend(1))) {
            ReplyReader reader = new ReplyReader(golden.model, golden.bank, 1, 1000);
            List<EncodedRow> rows = new ArrayList<>(golden.rows);
            Direction direction = Contrast.of(
                    "m",
                    reader,
                    List.of(rows.get(0), rows.get(1), rows.get(0), rows.get(1)),
                    List.of(rows.get(2), rows.get(1), rows.get(2), rows.get(1)));
            Projections projections = new Projections(reader, direction);
            List<double[]> all = projections.of(rows);
            List<double[]> differences = projections.differences(rows, rows.reversed());
            for (int layer = 0; layer < direction.layers(); layer++) {
                assertThat(differences.get(0)[layer]).isEqualTo(all.get(0)[layer] - all.get(2)[layer]);
                assertThat(differences.get(1)[layer]).isZero();
            }
            assertThat(projections.atLayer(rows)[2]).isEqualTo(all.get(2)[direction.layer()]);
        }
    }
}
