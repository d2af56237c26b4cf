package candor.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Safetensors;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.ops.weight.PlainForm;
import candor.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MergeTest {
    private static final Path GOLDENS = Path.of(System.getProperty("candor.goldens"));
    private static final long NO_LIMIT = 5L << 30;

    @TempDir
    private Path folder;

    private CpuBackend backend;

    @BeforeEach
    void open() {
        backend = new CpuBackend(2);
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private Path output() {
        return folder.resolve("merged");
    }

    private Merge.Settings settings(String name, DType dtype, long shardBytes, boolean force) {
        return new Merge.Settings(
                GOLDENS.resolve(name).resolve("model"),
                null,
                GOLDENS.resolve(name).resolve("adapter"),
                output(),
                dtype,
                null,
                shardBytes,
                force);
    }

    private MergeReport merge(Merge.Settings settings) {
        return Merge.run(settings, backend, () -> false);
    }

    /** Logits of the merged model against those that PEFT's merge gives. */
    @ParameterizedTest
    @CsvSource({"llama3,,100000000", "qwen3,,100000", "qwen2,F32,20000", "mistral,,100000", "gemma3,,100000"})
    void logitsEqualTheReference(String name, DType dtype, long shardBytes) throws IOException {
        MergeReport report = merge(settings(name, dtype, shardBytes, false));
        System.out.println(name + ": " + report);
        assertThat(report.largest()).isLessThanOrEqualTo(5e-4);
        assertThat(report.agreements()).isEqualTo(report.tokens()).isGreaterThan(30);
        assertThat(report.adapterEffect()).as("the adapter does something").isGreaterThan(0.01);
        assertThat(report.blurred()).isFalse();
        try (Arena arena = Arena.ofConfined();
                Weights weights = Weights.load(output());
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            Safetensors inputs = Safetensors.open(GOLDENS.resolve(name).resolve("forward.safetensors"), arena);
            float[] want = Safetensors.open(GOLDENS.resolve(name).resolve("merged.safetensors"), arena)
                    .bytes("logits")
                    .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            double largest = 0;
            int padded = inputs.entry("input_ids").shape().get(1).intValue();
            for (int row = 0; row < inputs.entry("input_ids").shape().get(0); row++) {
                int[] ids = ids(inputs, row, padded);
                float[] got = logits(model, ids);
                int first = row * padded * weights.config().vocabSize();
                for (int i = 0; i < got.length; i++) {
                    largest = Math.max(largest, Math.abs(got[i] - want[first + i]));
                }
            }
            System.out.printf("%s: %.2e from the reference%n", name, largest);
            assertThat(largest).isLessThanOrEqualTo(5e-4);
        }
        try (Stream<Path> files = Files.list(output())) {
            List<String> names =
                    files.map(file -> file.getFileName().toString()).sorted().toList();
            assertThat(names)
                    .contains("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json");
            boolean sharded = shardBytes < 1_000_000;
            assertThat(names.contains("model.safetensors.index.json")).isEqualTo(sharded);
            assertThat(names.contains("model.safetensors")).isEqualTo(!sharded);
        }
        try (Stream<Path> beside = Files.list(folder)) {
            assertThat(beside).containsExactly(output());
        }
    }

    /** Magnitudes, biases and tables are folded, too: the merged model's logits are those that PEFT computes unmerged. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "qwen2/patterns", "qwen2/bias_lora_only", "qwen2/bias_all", "qwen2/saved_head", "qwen2/saved_embedding",
                "qwen2/saved_both", "qwen2/saved_tied", "qwen2/tokens", "qwen2/lora_embedding", "qwen2/dora",
                "qwen2/dora_patterns", "qwen2/dora_head", "llama3/saved_both", "llama3/lora_head", "llama3/dora"
            })
    void foldsWhateverPeftHas(String kind) throws IOException {
        String name = kind.substring(0, kind.indexOf('/'));
        Path peft = GOLDENS.resolve("peft");
        MergeReport report = merge(new Merge.Settings(
                GOLDENS.resolve(name).resolve("model"),
                null,
                peft.resolve(kind),
                output(),
                DType.F32,
                null,
                100_000_000,
                false));
        assertThat(report.agreements()).isEqualTo(report.tokens());
        try (Arena arena = Arena.ofConfined();
                Weights weights = Weights.load(output());
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            Safetensors expected = Safetensors.open(peft.resolve(name).resolve("expected.safetensors"), arena);
            int[] ids = Arrays.stream(expected.bytes("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED))
                    .mapToInt(Math::toIntExact)
                    .toArray();
            float[] want = expected.bytes(kind.substring(name.length() + 1) + ".logits")
                    .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            assertThat(logits(model, ids)).containsExactly(want, within(5e-5f));
            boolean ownHead = name.equals("llama3")
                    || kind.matches(".*/saved_(head|embedding|both)|.*/(lora_embedding|dora_head)");
            assertThat(weights.config().tieWordEmbeddings()).isEqualTo(!ownHead);
        }
    }

    /** A checkpoint of these families has no bias there, and without it the model would be another one. */
    @Test
    void saysWhereABiasHasNoPlace() {
        assertThatThrownBy(() -> merge(new Merge.Settings(
                        GOLDENS.resolve("qwen2/model"),
                        null,
                        GOLDENS.resolve("peft/qwen2/lora_bias"),
                        output(),
                        DType.F32,
                        null,
                        100_000_000,
                        false)))
                .isInstanceOf(BadInput.class)
                .hasMessage(
                        "the adapter has a bias for model.layers.0.self_attn.o_proj, and a checkpoint of this family"
                                + " has no place for one; use the adapter unmerged");
        assertThat(output()).doesNotExist();
    }

    private static int[] ids(Safetensors inputs, int row, int padded) {
        long[] ids = inputs.bytes("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        long[] mask = inputs.bytes("attention_mask").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        int length = (int) Arrays.stream(mask, row * padded, (row + 1) * padded).sum();
        return Arrays.stream(ids, row * padded, row * padded + length)
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    private float[] logits(CausalLm model, int[] ids) {
        int[] positions = new int[ids.length];
        int[] targets = new int[ids.length];
        Arrays.setAll(positions, i -> i);
        Arrays.fill(targets, Batch.NO_TARGET);
        Batch batch = new Batch(ids, positions, targets, new int[] {0, ids.length}, new int[] {Batch.BASE});
        return model.logits(batch, null).toFloats();
    }

    @Test
    void weightsKeepTheBasesTypesAndNamesAndOnlyAdaptedOnesChange() throws IOException {
        MergeReport report = merge(settings("qwen2", null, 40_000, false));
        // What bfloat16 rounds away is said, not hidden.
        assertThat(report.largest()).isBetween(1e-3, 1.0);
        try (Arena arena = Arena.ofConfined()) {
            for (String shard : shards(output())) {
                Safetensors merged = Safetensors.open(output().resolve(shard), arena);
                assertThat(Files.size(output().resolve(shard))).isLessThan(60_000);
                for (String name : merged.names()) {
                    assertThat(merged.entry(name).dtype()).isEqualTo("BF16");
                    boolean adapted = name.endsWith("_proj.weight");
                    Safetensors base = baseFile("qwen2", name, arena);
                    assertThat(merged.entry(name).shape())
                            .isEqualTo(base.entry(name).shape());
                    assertThat(merged.bytes(name).mismatch(base.bytes(name)) >= 0)
                            .as(name)
                            .isEqualTo(adapted);
                }
            }
        }
        assertThat(Files.readString(output().resolve("config.json")))
                .isEqualTo(Files.readString(GOLDENS.resolve("qwen2/model/config.json")));
    }

    private static List<String> shards(Path model) throws IOException {
        try (Stream<Path> files = Files.list(model)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".safetensors"))
                    .toList();
        }
    }

    private static Safetensors baseFile(String model, String tensor, Arena arena) throws IOException {
        for (String shard : shards(GOLDENS.resolve(model).resolve("model"))) {
            Safetensors file =
                    Safetensors.open(GOLDENS.resolve(model).resolve("model").resolve(shard), arena);
            if (file.names().contains(tensor)) {
                return file;
            }
        }
        throw new AssertionError(tensor + " is not in the base");
    }

    @Test
    void anotherTypeIsSaidInTheConfiguration() throws IOException {
        merge(settings("llama3", DType.F16, NO_LIMIT, false));
        assertThat(Files.readString(output().resolve("config.json"))).contains("\"torch_dtype\" : \"float16\"");
        try (Weights weights = Weights.load(output())) {
            assertThat(weights.embedding().form()).isEqualTo(PlainForm.F16);
        }
    }

    @Test
    void nothingIsWrittenOverWithoutForceAndOnlyACheckpointWithIt() throws IOException {
        Files.createDirectory(output());
        Files.writeString(output().resolve("thesis.txt"), "years of work");
        assertThatThrownBy(() -> merge(settings("llama3", null, NO_LIMIT, false)))
                .isInstanceOf(BadInput.class)
                .hasMessage(output() + ": exists already; overwrite it with force, or choose another output");
        assertThatThrownBy(() -> merge(settings("llama3", null, NO_LIMIT, true)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("holds something that is not a checkpoint");
        assertThat(output().resolve("thesis.txt")).hasContent("years of work");
        Files.delete(output().resolve("thesis.txt"));
        merge(settings("llama3", null, NO_LIMIT, true));
        merge(settings("llama3", null, 100_000, true));
        assertThat(output().resolve("model.safetensors"))
                .as("of the one before")
                .doesNotExist();
        try (Stream<Path> beside = Files.list(folder)) {
            assertThat(beside).containsExactly(output());
        }
    }

    @Test
    void aMergeThatStopsLeavesWhatWasThere() throws IOException {
        merge(settings("llama3", null, NO_LIMIT, false));
        byte[] before = Files.readAllBytes(output().resolve("model.safetensors"));
        int[] asked = {0};
        assertThatThrownBy(() -> Merge.run(settings("llama3", DType.F16, 50_000, true), backend, () -> asked[0]++ == 7))
                .isInstanceOf(CancellationException.class);
        assertThat(Files.readAllBytes(output().resolve("model.safetensors"))).isEqualTo(before);
        try (Stream<Path> beside = Files.list(folder)) {
            assertThat(beside).containsExactly(output());
        }
    }

    @Test
    void whatIsReadIsNotWrittenTo() throws IOException {
        Path base = copy(GOLDENS.resolve("llama3/model"), folder.resolve("base"));
        Path adapter = GOLDENS.resolve("llama3/adapter");
        for (Path bad : List.of(base, base.resolve("x"), base.resolve("../base"), folder)) {
            assertThatThrownBy(() -> merge(new Merge.Settings(base, null, adapter, bad, null, null, NO_LIMIT, true)))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("which is read; choose another output");
        }
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    @Test
    void anAdapterForAnotherModelIsNamed() {
        Merge.Settings settings = new Merge.Settings(
                GOLDENS.resolve("llama3/model"),
                null,
                GOLDENS.resolve("qwen3/adapter"),
                output(),
                null,
                null,
                NO_LIMIT,
                false);
        assertThatThrownBy(() -> merge(settings))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("has the shape")
                .hasMessageContaining("check that the adapter was made for this model");
        assertThat(folder).isEmptyDirectory();
    }
}
