package candor.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.GoldenFolders;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.lora.ShiftedAdapter;
import candor.model.CausalLm;
import candor.model.ModelFolder;
import candor.model.ModelMark;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a direction adds to the stream while a model generates, and the same folded into an adapter. */
class SteeringTest {
    private static final int LAYER = 0;

    @TempDir
    Path folder;

    /** Longer than the stream's own values are, so that whatever is left out shows. */
    private Path direction(ModelFolder model) {
        int layers = model.config().layers();
        float[][] vectors = new float[layers][model.config().hiddenSize()];
        for (float[] vector : vectors) {
            for (int c = 0; c < vector.length; c++) {
                vector[c] = (float) Math.sin(c + 1);
            }
        }
        Path file = folder.resolve("direction.safetensors");
        DirectionFile.write(new Direction(ModelMark.of(model), LAYER, vectors, new double[layers], 4, 4), file);
        return file;
    }

    @ParameterizedTest
    @MethodSource("candor.probe.GoldenReplies#names")
    void theStreamBehindTheLayerIsShiftedAtEveryToken(String name) {
        try (GoldenReplies golden = new GoldenReplies(name, new CpuBackend(2));
                CpuBackend backend = new CpuBackend(2);
                Weights weights =
                        Steering.load(golden.folder, null, new Steering(direction(golden.modelFolder()), -1.5));
                CausalLm steered = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            AdapterBank bank = new AdapterBank(weights.config(), 2);
            bank.set(1, PeftFiles.frozen(GoldenFolders.folder(name).resolve("adapter"), weights, Memory.of(backend)));
            for (int slot : new int[] {Batch.BASE, 1}) {
                List<double[][]> before = means(golden.model, golden.bank, slot, golden);
                List<double[][]> after = means(steered, bank, slot, golden);
                for (int row = 0; row < before.size(); row++) {
                    for (int c = 0; c < weights.config().hiddenSize(); c++) {
                        assertThat(after.get(row)[LAYER][c] - before.get(row)[LAYER][c])
                                .as("%s, slot %d, row %d, column %d", name, slot, row, c)
                                .isEqualTo(-1.5 * Math.sin(c + 1), within(2e-5));
                    }
                    int last = before.get(row).length - 1;
                    assertThat(Arrays.equals(after.get(row)[last], before.get(row)[last]))
                            .isFalse();
                }
            }
        }
    }

    private static List<double[][]> means(CausalLm model, AdapterBank bank, int slot, GoldenReplies golden) {
        List<double[][]> means = new ArrayList<>();
        new ReplyReader(model, bank, slot, 1000).means(golden.rows, _ -> true, (_, reply) -> means.add(reply.means()));
        return means;
    }

    /** Over adapters on all linear layers and on two, one of them rank-stabilised, and over none. */
    @ParameterizedTest
    @CsvSource({"llama3,true", "llama3,false", "qwen2,true", "qwen3,true", "mistral,false"})
    void foldedItIsTheSame(String name, boolean over) {
        Path model = GoldenFolders.folder(name).resolve("model");
        Path adapter = over ? GoldenFolders.folder(name).resolve("adapter") : null;
        Steering steering = new Steering(direction(ModelFolder.at(model)), 0.75);
        Steering.Shift shift = steering.shift(ModelFolder.at(model));
        Path folded = folder.resolve("folded");
        ShiftedAdapter.write(
                adapter,
                ModelFolder.at(model).config(),
                shift.layer(),
                shift.values(),
                model,
                "base",
                "# About",
                folded);
        assertThat(folded.resolve("tokenizer.json")).exists();
        try (CpuBackend backend = new CpuBackend(2);
                Weights plain = Weights.load(model);
                Weights weights = Steering.load(model, null, steering);
                CausalLm bare = new CausalLm(backend, plain, Recompute.NONE, 64);
                CausalLm steered = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            AdapterBank one = new AdapterBank(plain.config(), 1);
            one.set(0, PeftFiles.frozen(folded, plain, Memory.of(backend)));
            AdapterBank two = new AdapterBank(plain.config(), 1);
            if (over) {
                two.set(0, PeftFiles.frozen(adapter, weights, Memory.of(backend)));
            }
            Batch batch = batch();
            float[][] wanted = values(steered.logits(batch, two));
            float[][] without = values(bare.logits(batch, two));
            float[][] found = values(bare.logits(batch, one));
            assertThat(difference(wanted, found)).isLessThan(2e-5);
            assertThat(difference(wanted, without)).isGreaterThan(0.1);
        }
        assertThatThrownBy(() -> ShiftedAdapter.write(
                        folded,
                        ModelFolder.at(model).config(),
                        shift.layer(),
                        shift.values(),
                        model,
                        "base",
                        "# About",
                        folder.resolve("twice")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("a direction is folded into an adapter of plain factors alone");
        assertThat(folder.resolve("twice")).doesNotExist();
    }

    private static Batch batch() {
        int[] ids = {7, 21, 33, 5, 90, 14, 8};
        int[] targets = new int[ids.length];
        return new Batch(ids, new int[] {0, 1, 2, 3, 4, 5, 6}, targets, new int[] {0, ids.length}, new int[] {0});
    }

    private static float[][] values(Tensor logits) {
        float[][] values = new float[logits.rows()][logits.cols()];
        for (int r = 0; r < values.length; r++) {
            for (int c = 0; c < values[r].length; c++) {
                values[r][c] = (float) logits.get(r, c);
            }
        }
        return values;
    }

    private static double difference(float[][] a, float[][] b) {
        double most = 0;
        for (int r = 0; r < a.length; r++) {
            for (int c = 0; c < a[r].length; c++) {
                most = Math.max(most, Math.abs(a[r][c] - b[r][c]));
            }
        }
        return most;
    }

    @Test
    void aNormBehindTheProjectionCannotBeFoldedInto() {
        ModelFolder model = ModelFolder.at(GoldenFolders.folder("gemma3").resolve("model"));
        Steering.Shift shift = new Steering(direction(model), 1).shift(model);
        assertThatThrownBy(() -> ShiftedAdapter.write(
                        null,
                        model.config(),
                        shift.layer(),
                        shift.values(),
                        model.path(),
                        "b",
                        "",
                        folder.resolve("x")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("subtract the direction at generation instead: steer");
    }

    @Test
    void anotherModelsDirectionIsRefusedBeforeAnythingIsLoaded() {
        Path qwen = GoldenFolders.folder("qwen3").resolve("model");
        Path llama = GoldenFolders.folder("llama3").resolve("model");
        Steering other = new Steering(direction(ModelFolder.at(qwen)), 1);
        assertThatThrownBy(() -> Steering.load(llama, null, other))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("is a direction of another model than");
    }

    @Test
    void aStrengthStandsBehindAColon() throws Exception {
        assertThat(Steering.of("d.safetensors")).isEqualTo(new Steering(Path.of("d.safetensors"), 1));
        assertThat(Steering.of("a/d.safetensors:2.5")).isEqualTo(new Steering(Path.of("a/d.safetensors"), 2.5));
        assertThat(Steering.of("d:-.5")).isEqualTo(new Steering(Path.of("d"), -0.5));
        assertThat(Steering.of("d:x")).isEqualTo(new Steering(Path.of("d:x"), 1));
        assertThatThrownBy(() -> Steering.of("d:2000"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("give one from -1000 to 1000");
        Path file = Files.writeString(folder.resolve("d"), "one");
        String one = new Steering(file, 1).identity();
        assertThat(new Steering(file, 2).identity()).isNotEqualTo(one);
        Files.writeString(file, "two");
        assertThat(new Steering(file, 1).identity()).isNotEqualTo(one);
    }
}
