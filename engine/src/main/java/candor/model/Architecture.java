package candor.model;

import candor.ops.Heads;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The families of models that one decoder serves: their names in {@code config.json}, their tensors, their quirks. All
 * are pre-norm decoders with rotary positions, grouped-query attention and a SwiGLU feed-forward block.
 */
public enum Architecture {
    /** Llama 3.x (Grattafiori et al. 2024). */
    LLAMA("LlamaForCausalLM", "llama", false, false, 0),
    /** Qwen 2 and 2.5 (Yang et al. 2024): a bias on queries, keys and values. */
    QWEN2("Qwen2ForCausalLM", "qwen2", true, false, 0),
    /** Qwen 3 (Yang et al. 2025): an RMS norm over each query and key head, and a head width of its own. */
    QWEN3("Qwen3ForCausalLM", "qwen3", false, true, 128);

    private static final String LAYER = "model.layers.";

    private final String className;
    private final String modelType;
    private final boolean attentionBias;
    private final boolean headNorm;
    private final int defaultHeadWidth;

    Architecture(String className, String modelType, boolean attentionBias, boolean headNorm, int defaultHeadWidth) {
        this.className = className;
        this.modelType = modelType;
        this.attentionBias = attentionBias;
        this.headNorm = headNorm;
        this.defaultHeadWidth = defaultHeadWidth;
    }

    /** The entry of {@code architectures} in config.json. */
    public String className() {
        return className;
    }

    /** {@code model_type} in config.json. */
    public String modelType() {
        return modelType;
    }

    /** Whether queries, keys and values have a bias. */
    public boolean attentionBias() {
        return attentionBias;
    }

    /** Whether each query head and each key head goes through an RMS norm before it is rotated. */
    public boolean headNorm() {
        return headNorm;
    }

    /** D where config.json has no {@code head_dim}; 0 for hidden size / heads. */
    int defaultHeadWidth() {
        return defaultHeadWidth;
    }

    /** "LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM", for messages. */
    static String supported() {
        return Stream.of(values()).map(Architecture::className).collect(Collectors.joining(", "));
    }

    /**
     * A tensor that a checkpoint must have.
     *
     * @param name   its name in the file
     * @param rows   O of a matrix; 1 for a vector
     * @param cols   I of a matrix; the length of a vector
     * @param vector whether the file stores it with one dimension
     */
    record Stored(String name, int rows, int cols, boolean vector) {
        static Stored matrix(String name, int rows, int cols) {
            return new Stored(name, rows, cols, false);
        }

        static Stored vector(String name, int length) {
            return new Stored(name, 1, length, true);
        }

        long elements() {
            return (long) rows * cols;
        }

        /** "[512, 64]", as the file writes it. */
        String shape() {
            return vector ? "[" + cols + "]" : "[" + rows + ", " + cols + "]";
        }
    }

    /** The tensors of one layer, in the order of the forward pass; those that this family lacks are null. */
    record LayerNames(
            Stored inputNorm,
            Stored query,
            Stored key,
            Stored value,
            Stored output,
            Stored queryBias,
            Stored keyBias,
            Stored valueBias,
            Stored queryNorm,
            Stored keyNorm,
            Stored postNorm,
            Stored gate,
            Stored up,
            Stored down) {
        List<Stored> present() {
            return Stream.of(
                            inputNorm, query, key, value, output, queryBias, keyBias, valueBias, queryNorm, keyNorm,
                            postNorm, gate, up, down)
                    .filter(stored -> stored != null)
                    .toList();
        }
    }

    static Stored embedding(ModelConfig config) {
        return Stored.matrix("model.embed_tokens.weight", config.vocabSize(), config.hiddenSize());
    }

    static Stored head(ModelConfig config) {
        return Stored.matrix("lm_head.weight", config.vocabSize(), config.hiddenSize());
    }

    static Stored finalNorm(ModelConfig config) {
        return Stored.vector("model.norm.weight", config.hiddenSize());
    }

    LayerNames layer(ModelConfig config, int layer) {
        int c = config.hiddenSize();
        int f = config.intermediateSize();
        Heads heads = config.heads();
        String at = LAYER + layer + ".";
        String attention = at + "self_attn.";
        String mlp = at + "mlp.";
        return new LayerNames(
                Stored.vector(at + "input_layernorm.weight", c),
                Stored.matrix(attention + "q_proj.weight", heads.queryCols(), c),
                Stored.matrix(attention + "k_proj.weight", heads.keyCols(), c),
                Stored.matrix(attention + "v_proj.weight", heads.keyCols(), c),
                Stored.matrix(attention + "o_proj.weight", c, heads.queryCols()),
                attentionBias ? Stored.vector(attention + "q_proj.bias", heads.queryCols()) : null,
                attentionBias ? Stored.vector(attention + "k_proj.bias", heads.keyCols()) : null,
                attentionBias ? Stored.vector(attention + "v_proj.bias", heads.keyCols()) : null,
                headNorm ? Stored.vector(attention + "q_norm.weight", heads.width()) : null,
                headNorm ? Stored.vector(attention + "k_norm.weight", heads.width()) : null,
                Stored.vector(at + "post_attention_layernorm.weight", c),
                Stored.matrix(mlp + "gate_proj.weight", f, c),
                Stored.matrix(mlp + "up_proj.weight", f, c),
                Stored.matrix(mlp + "down_proj.weight", c, f));
    }

    /** Every tensor that a checkpoint of this model must have; the head only where it is not tied to the embedding. */
    List<Stored> tensors(ModelConfig config) {
        List<Stored> all = new ArrayList<>();
        all.add(embedding(config));
        for (int layer = 0; layer < config.layers(); layer++) {
            all.addAll(layer(config, layer).present());
        }
        all.add(finalNorm(config));
        if (!config.tieWordEmbeddings()) {
            all.add(head(config));
        }
        return all;
    }
}
