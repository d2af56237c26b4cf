package candor.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The families of models that one decoder serves: their names in {@code config.json}, their tensors, their quirks. All
 * are pre-norm decoders with rotary positions, grouped-query attention and a SwiGLU feed-forward block.
 */
public enum Architecture {
    /** Llama 3.x (Grattafiori et al. 2024). */
    LLAMA("LlamaForCausalLM", "llama", 0),
    /** Qwen 2 and 2.5 (Yang et al. 2024): a bias on queries, keys and values. */
    QWEN2("Qwen2ForCausalLM", "qwen2", 0, Trait.ATTENTION_BIAS),
    /** Qwen 3 (Yang et al. 2025): an RMS norm over each query and key head, and a head width of its own. */
    QWEN3("Qwen3ForCausalLM", "qwen3", 128, Trait.HEAD_NORM),
    /** Mistral (Jiang et al. 2023): Llama's layers, with attention in a sliding window or without. */
    MISTRAL("MistralForCausalLM", "mistral", 0, Trait.SLIDING_WINDOW),
    /** Gemma 3 (Gemma Team 2025), text: most layers look back a window, with rotary frequencies of their own. */
    GEMMA3(
            "Gemma3ForCausalLM",
            "gemma3_text",
            256,
            Trait.HEAD_NORM,
            Trait.SLIDING_WINDOW,
            Trait.LOCAL_LAYERS,
            Trait.BRANCH_NORMS,
            Trait.OFFSET_NORMS,
            Trait.GELU,
            Trait.SCALED_EMBEDDING);

    /** What a family's layers have that others' do not. */
    enum Trait {
        /** Queries, keys and values have a bias. */
        ATTENTION_BIAS,
        /** Each query head and each key head goes through an RMS norm before it is rotated. */
        HEAD_NORM,
        /** Attention slides over {@code sliding_window} tokens. */
        SLIDING_WINDOW,
        /** Only some layers slide; these have rotary frequencies of their own. */
        LOCAL_LAYERS,
        /** What attention and the feed-forward block make goes through a norm, too, before it joins the stream. */
        BRANCH_NORMS,
        /** Norms are stored as what is added to one. */
        OFFSET_NORMS,
        /** The gate goes through gelu's tanh form in place of SiLU. */
        GELU,
        /** Embeddings are multiplied by √C on their way into the stream, which the head they are tied to does not see. */
        SCALED_EMBEDDING
    }

    private final String className;
    private final String modelType;
    private final int defaultHeadWidth;
    private final Set<Trait> traits;

    Architecture(String className, String modelType, int defaultHeadWidth, Trait... traits) {
        this.className = className;
        this.modelType = modelType;
        this.defaultHeadWidth = defaultHeadWidth;
        this.traits = Set.of(traits);
    }

    /** The entry of {@code architectures} in config.json. */
    public String className() {
        return className;
    }

    /** {@code model_type} in config.json. */
    public String modelType() {
        return modelType;
    }

    /** Whether its layers have this. */
    boolean has(Trait trait) {
        return traits.contains(trait);
    }

    /** D where config.json has no {@code head_dim}; 0 for hidden size / heads. */
    int defaultHeadWidth() {
        return defaultHeadWidth;
    }

    /** "LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM", for messages. */
    static String supported() {
        return Stream.of(values()).map(Architecture::className).collect(Collectors.joining(", "));
    }

    /** How the names of what is in decoder layers begin. */
    static final String LAYERS = "model.layers.";

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

        /** Whether it is the weight of a norm. */
        boolean norm() {
            return vector && name.endsWith("norm.weight");
        }

        /** Whether it is the weight of a linear layer of the decoder. */
        boolean linear() {
            return !vector && name.startsWith(LAYERS);
        }

        /** The module that it belongs to: its name without the last part. */
        String module() {
            return name.substring(0, name.lastIndexOf('.'));
        }

        long elements() {
            return (long) rows * cols;
        }

        /** "[512, 64]", as the file writes it. */
        String shape() {
            return vector ? "[" + cols + "]" : "[" + rows + ", " + cols + "]";
        }
    }

    /** What is added to the number that a file has, so that it is the weight that is multiplied with. */
    float offset(Stored stored) {
        return stored.norm() ? normOffset() : 0;
    }

    /** The same for the weights of norms. */
    public float normOffset() {
        return has(Trait.OFFSET_NORMS) ? 1 : 0;
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

    /** Every tensor that a checkpoint of this model must have; the head only where it is not tied to the embedding. */
    static List<Stored> tensors(ModelConfig config) {
        List<Stored> all = new ArrayList<>();
        all.add(embedding(config));
        for (int layer = 0; layer < config.layers(); layer++) {
            for (LayerTensor each : LayerTensor.values()) {
                if (each.presentIn(config)) {
                    all.add(each.stored(config, layer));
                }
            }
        }
        all.add(finalNorm(config));
        if (!config.tieWordEmbeddings()) {
            all.add(head(config));
        }
        return all;
    }
}
