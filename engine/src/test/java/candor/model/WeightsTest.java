package candor.model;

import static candor.model.CheckpointFiles.golden;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.ops.weight.PackedForm;
import candor.ops.weight.PlainForm;
import candor.ops.weight.PlainWeight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightsTest {
    @TempDir
    Path folder;

    @Test
    void loadsOneFile() {
        try (Weights weights = Weights.load(golden("llama3/model"));
                Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(golden("llama3/model/model.safetensors"), arena);
            assertThat(weights.layers()).hasSize(2);
            LayerWeights last = weights.layers().getLast();
            assertSame(weights.embedding(), file.tensor("model.embed_tokens.weight"));
            assertSame(weights.head(), file.tensor("lm_head.weight"));
            assertSame(weights.finalNorm(), file.tensor("model.norm.weight"));
            assertSame(last.inputNorm(), file.tensor("model.layers.1.input_layernorm.weight"));
            assertSame(last.weight(Projection.QUERY), file.tensor("model.layers.1.self_attn.q_proj.weight"));
            assertSame(last.weight(Projection.KEY), file.tensor("model.layers.1.self_attn.k_proj.weight"));
            assertSame(last.weight(Projection.VALUE), file.tensor("model.layers.1.self_attn.v_proj.weight"));
            assertSame(last.weight(Projection.OUTPUT), file.tensor("model.layers.1.self_attn.o_proj.weight"));
            assertSame(last.mlpNorm(), file.tensor("model.layers.1.post_attention_layernorm.weight"));
            assertSame(last.weight(Projection.GATE), file.tensor("model.layers.1.mlp.gate_proj.weight"));
            assertSame(last.weight(Projection.UP), file.tensor("model.layers.1.mlp.up_proj.weight"));
            assertSame(last.weight(Projection.DOWN), file.tensor("model.layers.1.mlp.down_proj.weight"));
            assertThat(Stream.of(LayerTensor.values()).filter(each -> !each.matrix() && last.vector(each) == null))
                    .containsExactly(
                            LayerTensor.QUERY_BIAS,
                            LayerTensor.KEY_BIAS,
                            LayerTensor.VALUE_BIAS,
                            LayerTensor.QUERY_NORM,
                            LayerTensor.KEY_NORM,
                            LayerTensor.ATTENTION_OUT_NORM,
                            LayerTensor.MLP_OUT_NORM);
            assertThat(weights.parameterCount()).isEqualTo(607_488 / 4);
            assertThat(weights.bytes()).isEqualTo(607_488);
            assertThat(weights.bytes()).isEqualTo(weights.config().weightBytes(PlainForm.F32));
        }
    }

    /** Matrices keep their type, vectors are float32 copies, and the tied head is the embedding itself. */
    @Test
    void loadsShards() {
        try (Weights weights = Weights.load(golden("qwen2/model"));
                Arena arena = Arena.ofConfined()) {
            Safetensors third = Safetensors.open(golden("qwen2/model/model-00003-of-00005.safetensors"), arena);
            LayerWeights layer = weights.layers().get(1);
            assertSame(layer.weight(Projection.QUERY), third.tensor("model.layers.1.self_attn.q_proj.weight"));
            assertThat(layer.weight(Projection.QUERY).form()).isEqualTo(PlainForm.BF16);
            assertThat(layer.bias(Projection.QUERY).dtype()).isEqualTo(DType.F32);
            assertThat(layer.bias(Projection.QUERY).toFloats())
                    .containsExactly(
                            third.tensor("model.layers.1.self_attn.q_proj.bias").toFloats());
            assertThat(layer.bias(Projection.KEY).toFloats())
                    .containsExactly(
                            third.tensor("model.layers.1.self_attn.k_proj.bias").toFloats());
            assertThat(layer.bias(Projection.VALUE).toFloats())
                    .containsExactly(
                            third.tensor("model.layers.1.self_attn.v_proj.bias").toFloats());
            assertThat(weights.head()).isSameAs(weights.embedding());
            assertThat(weights.parameterCount()).isEqualTo(98_880);
            assertThat(weights.bytes()).isEqualTo(weights.config().weightBytes(PlainForm.BF16));
        }
    }

    @Test
    void loadsHeadNorms() {
        try (Weights weights = Weights.load(golden("qwen3/model"));
                Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(golden("qwen3/model/model.safetensors"), arena);
            LayerWeights layer = weights.layers().getFirst();
            assertSame(layer.queryNorm(), file.tensor("model.layers.0.self_attn.q_norm.weight"));
            assertSame(layer.keyNorm(), file.tensor("model.layers.0.self_attn.k_norm.weight"));
            assertThat(layer.weight(Projection.OUTPUT).shape()).isEqualTo("F32 64 x 128");
            assertThat(layer.bias(Projection.QUERY)).isNull();
        }
    }

    /** Some checkpoints store the rotary frequencies, and a tied head once more. */
    @Test
    void toleratesWhatIsKnownToBeHarmless() {
        Path copy = CheckpointFiles.copy("llama3/model", folder.resolve("model"));
        CheckpointFiles.edit(
                copy.resolve("config.json"),
                text -> text.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
        try (Arena arena = Arena.ofConfined()) {
            Path file = copy.resolve("model.safetensors");
            Map<String, Tensor> tensors = CheckpointFiles.read(file, arena);
            tensors.put("lm_head.weight", tensors.get("model.embed_tokens.weight"));
            tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", Tensor.of(arena, 1, 2, 1, 2));
            CheckpointFiles.write(file, tensors);
        }
        try (Weights weights = Weights.load(copy)) {
            assertThat(weights.head()).isSameAs(weights.embedding());
        }
    }

    private static void assertSame(Weight actual, Tensor expected) {
        assertSame(((PlainWeight) actual).tensor(), expected);
    }

    private static float[] floats(Weight weight) {
        return ((PlainWeight) weight).tensor().toFloats();
    }

    private static void assertSame(Tensor actual, Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.toFloats()).isEqualTo(expected.toFloats());
    }

    /** Gemma's norms are stored as what is added to one, and the one before its feed-forward block has a name of its own. */
    @Test
    void normsAreWhatIsMultipliedWith() {
        try (Weights weights = Weights.load(golden("gemma3/model"));
                Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(golden("gemma3/model/model.safetensors"), arena);
            LayerWeights last = weights.layers().getLast();
            assertPlusOne(last.mlpNorm(), file.tensor("model.layers.2.pre_feedforward_layernorm.weight"));
            assertPlusOne(
                    last.branchNorm(Projection.OUTPUT), file.tensor("model.layers.2.post_attention_layernorm.weight"));
            assertPlusOne(
                    last.branchNorm(Projection.DOWN), file.tensor("model.layers.2.post_feedforward_layernorm.weight"));
            assertPlusOne(last.queryNorm(), file.tensor("model.layers.2.self_attn.q_norm.weight"));
            assertPlusOne(weights.finalNorm(), file.tensor("model.norm.weight"));
            assertSame(last.weight(Projection.DOWN), file.tensor("model.layers.2.mlp.down_proj.weight"));
        }
    }

    private static void assertPlusOne(Tensor actual, Tensor stored) {
        float[] want = stored.toFloats();
        for (int i = 0; i < want.length; i++) {
            want[i] += 1;
        }
        assertThat(actual.toFloats()).isEqualTo(want);
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void randomWeightsHaveEveryShape(Architecture architecture) {
        ModelConfig config = config(architecture, true);
        try (Weights weights = Weights.random(config, 7, DType.BF16)) {
            assertThat(weights.bytes()).isEqualTo(config.weightBytes(PlainForm.BF16));
            LayerWeights layer = weights.layers().get(2);
            assertThat(layer.weight(Projection.QUERY).shape()).isEqualTo("BF16 30 x 14");
            assertThat(layer.weight(Projection.KEY).shape()).isEqualTo("BF16 10 x 14");
            assertThat(layer.weight(Projection.OUTPUT).shape()).isEqualTo("BF16 14 x 30");
            assertThat(layer.weight(Projection.DOWN).shape()).isEqualTo("BF16 14 x 22");
            assertThat(layer.bias(Projection.QUERY) != null).isEqualTo(architecture == Architecture.QWEN2);
            assertThat(layer.keyNorm() != null)
                    .isEqualTo(architecture == Architecture.QWEN3 || architecture == Architecture.GEMMA3);
            assertThat(layer.branchNorm(Projection.DOWN) != null).isEqualTo(architecture == Architecture.GEMMA3);
            assertThat(weights.finalNorm().toFloats()).containsOnly(1);
            assertThat(layer.mlpNorm().toFloats()).containsOnly(1);
            assertThat(weights.head()).isSameAs(weights.embedding());
        }
    }

    @Test
    void randomWeightsDependOnTheSeedAlone() {
        ModelConfig config = config(Architecture.QWEN2, false);
        try (Weights first = Weights.random(config, 7, DType.F32);
                Weights again = Weights.random(config, 7, DType.F32);
                Weights other = Weights.random(config, 8, DType.F32);
                Weights half = Weights.random(config, 7, DType.F16)) {
            assertThat(floats(again.head())).isEqualTo(floats(first.head()));
            assertThat(floats(other.head())).isNotEqualTo(floats(first.head()));
            assertThat(floats(first.head())).isNotEqualTo(floats(first.embedding()));
            assertThat(floats(first.layers().get(0).weight(Projection.UP)))
                    .isNotEqualTo(floats(first.layers().get(1).weight(Projection.UP)));
            assertThat(StoredWeight.of(half.head()).get(3, 5))
                    .isEqualTo(Float.float16ToFloat(Float.floatToFloat16(
                            (float) StoredWeight.of(first.head()).get(3, 5))));
            double sum = 0;
            double squares = 0;
            float[] values = floats(first.embedding());
            for (float value : values) {
                sum += value;
                squares += (double) value * value;
            }
            // Five standard errors of the mean, and of the variance of a sum of four uniform numbers.
            assertThat(sum / values.length).isCloseTo(0, within(5 * 0.02 / Math.sqrt(values.length)));
            assertThat(Math.sqrt(squares / values.length)).isCloseTo(0.02, within(5 * 0.02 / Math.sqrt(values.length)));
        }
    }

    private static ModelConfig config(Architecture architecture, boolean tied) {
        return ModelConfig.of(architecture)
                .hiddenSize(14)
                .intermediateSize(22)
                .layers(3)
                .heads(3, 1, 10)
                .vocabSize(97)
                .tieWordEmbeddings(tied)
                .dtype(DType.BF16)
                .build();
    }

    /** What is packed is made of the very numbers that are there unpacked. */
    @ParameterizedTest
    @EnumSource
    void randomWeightsOfPackedModelsArePacked(PackedForm form) {
        ModelConfig plain = ModelFolder.at(golden("qwen2/model")).config();
        ModelConfig packed = plain.packed(form);
        try (Weights before = Weights.random(plain, 7, DType.BF16);
                Weights after = Weights.random(packed, 7, DType.BF16);
                Arena arena = Arena.ofShared()) {
            assertThat(after.bytes()).isEqualTo(packed.weightBytes(PlainForm.BF16));
            assertThat(after.embedding().form()).isEqualTo(PlainForm.BF16);
            StoredWeight down = StoredWeight.of(after.layers().getLast().weight(Projection.DOWN));
            StoredWeight expected =
                    form.pack(StoredWeight.of(before.layers().getLast().weight(Projection.DOWN)), arena);
            assertThat(down.form()).isEqualTo(form);
            for (int row = 0; row < down.rows(); row++) {
                assertThat(down.row(row)).containsExactly(expected.row(row));
            }
        }
    }
}
