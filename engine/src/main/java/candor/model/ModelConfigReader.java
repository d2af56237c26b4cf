package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import candor.model.Architecture.Trait;
import candor.ops.Heads;
import candor.tensor.DType;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Reads {@code config.json}, in the published layout and the newer one; says by name what Candor cannot do. */
final class ModelConfigReader {
    /** Bounds well above every published model; a size beyond them is a broken or hostile file. */
    private static final int MOST_WIDTH = 1 << 17;

    private static final int MOST_FEED_FORWARD = 1 << 19;
    private static final int MOST_LAYERS = 1024;
    private static final int MOST_HEADS = 1024;
    private static final int MOST_HEAD_WIDTH = 1024;
    private static final int MOST_VOCABULARY = 1 << 22;
    private static final int MOST_POSITIONS = 1 << 26;
    private static final int MOST_END_TOKENS = 64;

    private static final double DEFAULT_THETA = 10_000;
    private static final double MOST_THETA = 1e15;

    /** Gemma's defaults: the base of layers that do not slide, every how many of them there is one, and what scores are divided by. */
    private static final double GLOBAL_THETA = 1e6;

    private static final int DEFAULT_PATTERN = 6;
    private static final double DEFAULT_QUERY_SCALAR = 256;

    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    private static final double DEFAULT_EPS = 1e-6;
    /** The reference's default for families whose attention slides. */
    private static final int DEFAULT_WINDOW = 4096;

    /** Qwen's default for the first layer whose attention slides, where a window is in use. */
    private static final int DEFAULT_FIRST_SLIDING_LAYER = 28;

    private static final String OTHER_MODEL = "take another model";
    private static final Set<String> ROPE_KEYS = Set.of(
            "rope_type",
            "type",
            "rope_theta",
            "factor",
            "low_freq_factor",
            "high_freq_factor",
            "original_max_position_embeddings",
            "partial_rotary_factor");

    private final JsonFile json;

    ModelConfigReader(JsonFile json) {
        this.json = json;
    }

    ModelConfig read() {
        Architecture architecture = architecture();
        refuseOthers(architecture);
        boolean local = architecture.has(Trait.LOCAL_LAYERS);
        int hidden = json.integer("hidden_size", 1, MOST_WIDTH);
        int layers = json.integer("num_hidden_layers", 1, MOST_LAYERS);
        Heads heads = heads(architecture, hidden).within(window(architecture, layers));
        int vocabulary = json.integer("vocab_size", 1, MOST_VOCABULARY);
        return ModelConfig.of(architecture)
                .hiddenSize(hidden)
                .intermediateSize(json.integer("intermediate_size", 1, MOST_FEED_FORWARD))
                .layers(layers)
                .heads(heads)
                .queryScale(queryScale(architecture, heads))
                .vocabSize(vocabulary)
                .rmsNormEps((float) json.number("rms_norm_eps", 1e-12, 0.1, DEFAULT_EPS))
                .rope(local ? globalRope() : rope(DEFAULT_THETA))
                .local(local ? local(layers) : null)
                .tieWordEmbeddings(json.bool("tie_word_embeddings", local))
                .maxPositionEmbeddings(json.integer("max_position_embeddings", 1, MOST_POSITIONS))
                .dtype(dtype())
                .packing(Packing.read(json))
                .bosTokenId(token("bos_token_id", vocabulary))
                .eosTokenIds(json.integers("eos_token_id", 0, vocabulary - 1, MOST_END_TOKENS).stream()
                        .distinct()
                        .toList())
                .padTokenId(token("pad_token_id", vocabulary))
                .build();
    }

    private Architecture architecture() {
        String name;
        if (json.has("architectures")) {
            List<String> names = json.texts("architectures", 16);
            if (names.size() != 1) {
                throw json.wrong("architectures", "one of " + Architecture.supported());
            }
            name = names.getFirst();
        } else if (json.isText("model_type")) {
            name = json.text("model_type");
        } else {
            throw new BadInput(json.file() + ": names no architecture; give the config.json of a model, with one of "
                    + Architecture.supported());
        }
        for (Architecture architecture : Architecture.values()) {
            if (name.equals(architecture.className()) || name.equals(architecture.modelType())) {
                if (json.has("model_type") && !json.text("model_type").equals(architecture.modelType())) {
                    throw json.wrong(
                            "model_type", "\"" + architecture.modelType() + "\" beside " + architecture.className());
                }
                return architecture;
            }
        }
        throw new BadInput(json.file() + ": architecture " + JsonFile.shorten(name)
                + " is not supported; take a model of " + Architecture.supported());
    }

    private void refuseOthers(Architecture architecture) {
        boolean gelu = architecture.has(Trait.GELU);
        String activationKey = gelu ? "hidden_activation" : "hidden_act";
        String activation = gelu ? "gelu_pytorch_tanh" : "silu";
        if (json.has(activationKey) && !json.text(activationKey).equals(activation)) {
            throw json.unsupported(activationKey, "only " + activation + " is; " + OTHER_MODEL);
        }
        for (String key : List.of("attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention")) {
            if (!json.neutral(key)) {
                throw json.unsupported(key, OTHER_MODEL);
            }
        }
        if (!architecture.has(Trait.ATTENTION_BIAS) && json.bool("attention_bias", false)) {
            throw json.unsupported("attention_bias", OTHER_MODEL);
        }
        if (json.bool("mlp_bias", false)) {
            throw json.unsupported("mlp_bias", OTHER_MODEL);
        }
        if (json.number("attention_dropout", 0, 1, 0) != 0) {
            throw json.unsupported("attention_dropout", "set it to 0");
        }
        refusePartialRotation(json);
    }

    private static void refusePartialRotation(JsonFile json) {
        if (json.number("partial_rotary_factor", 0, 1, 1) != 1) {
            throw json.unsupported("partial_rotary_factor", OTHER_MODEL);
        }
    }

    /** √(D/q), where scores are to be divided by √q in place of √D. */
    private float queryScale(Architecture architecture, Heads heads) {
        double q = architecture.has(Trait.LOCAL_LAYERS)
                ? json.number("query_pre_attn_scalar", 1e-3, 1e6, DEFAULT_QUERY_SCALAR)
                : heads.width();
        return (float) Math.sqrt(heads.width() / q);
    }

    /** The layers that slide: as they are listed, or all but every sixth, or whatever number the file has. */
    private ModelConfig.Local local(int layers) {
        Set<Integer> sliding = new TreeSet<>();
        if (json.has("layer_types")) {
            List<String> types = layerTypes(layers);
            for (int layer = 0; layer < layers; layer++) {
                switch (types.get(layer)) {
                    case SLIDING -> sliding.add(layer);
                    case FULL -> {}
                    default -> throw json.unsupported("layer_types", FULL + " and " + SLIDING + " are; " + OTHER_MODEL);
                }
            }
        } else {
            String key = json.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern";
            int pattern = json.integer(key, 1, MOST_LAYERS, DEFAULT_PATTERN);
            for (int layer = 0; layer < layers; layer++) {
                if ((layer + 1) % pattern != 0) {
                    sliding.add(layer);
                }
            }
        }
        Rope rope = byLayerType()
                ? rope(json.object("rope_parameters").object(SLIDING), DEFAULT_THETA)
                : new Rope.Default(json.number("rope_local_base_freq", 1, MOST_THETA, DEFAULT_THETA));
        return new ModelConfig.Local(sliding, rope);
    }

    /** Whether the rotary embedding is given for each type of layers, as the newer layout has it. */
    private boolean byLayerType() {
        return json.isObject("rope_parameters")
                && json.object("rope_parameters").isObject(FULL);
    }

    private Rope globalRope() {
        return byLayerType() ? rope(json.object("rope_parameters").object(FULL), GLOBAL_THETA) : rope(GLOBAL_THETA);
    }

    private List<String> layerTypes(int layers) {
        List<String> types = json.texts("layer_types", MOST_LAYERS);
        if (types.size() != layers) {
            throw json.wrong("layer_types", layers + " entries, as many as num_hidden_layers");
        }
        return types;
    }

    /** W, where attention slides over fewer tokens than the model was made for; else 0. */
    private int window(Architecture architecture, int layers) {
        if (!architecture.has(Trait.SLIDING_WINDOW)) {
            refuseSlidingWindow(architecture, layers);
            return 0;
        }
        // What is null is off, what is absent is the reference's default.
        int window = json.integer(
                "sliding_window", 1, MOST_POSITIONS, json.keys().contains("sliding_window") ? 0 : DEFAULT_WINDOW);
        return window < json.integer("max_position_embeddings", 1, MOST_POSITIONS) ? window : 0;
    }

    private void refuseSlidingWindow(Architecture architecture, int layers) {
        String advice = "only full attention is; " + OTHER_MODEL;
        if (json.has("layer_types")) {
            if (!layerTypes(layers).stream().allMatch(FULL::equals)) {
                throw json.unsupported("layer_types", advice);
            }
        } else if (json.has("sliding_window")) {
            boolean llama = architecture == Architecture.LLAMA;
            int first =
                    json.integer("max_window_layers", 0, Integer.MAX_VALUE, llama ? 0 : DEFAULT_FIRST_SLIDING_LAYER);
            if (json.bool("use_sliding_window", llama) && first < layers) {
                throw json.unsupported("sliding_window", advice);
            }
        }
    }

    private Heads heads(Architecture architecture, int hidden) {
        int query = json.integer("num_attention_heads", 1, MOST_HEADS);
        int key = json.integer("num_key_value_heads", 1, MOST_HEADS, query);
        if (query % key != 0) {
            throw json.wrong("num_key_value_heads", "a divisor of num_attention_heads, which is " + query);
        }
        int width = json.integer("head_dim", 1, MOST_HEAD_WIDTH, architecture.defaultHeadWidth());
        if (width == 0) {
            if (hidden % query != 0 || hidden / query > MOST_HEAD_WIDTH) {
                throw json.wrong(
                        "num_attention_heads",
                        "a divisor of hidden_size, which is " + hidden + ", that makes heads at most " + MOST_HEAD_WIDTH
                                + " wide");
            }
            width = hidden / query;
        }
        if (width % 2 != 0) {
            throw new BadInput(json.file() + ": heads are " + width
                    + " wide, expected an even width, for it is rotated in halves; " + OTHER_MODEL);
        }
        return new Heads(query, key, width);
    }

    private Rope rope(double absentTheta) {
        double theta = json.number("rope_theta", 1, MOST_THETA, absentTheta);
        Rope scaling = json.has("rope_scaling") ? rope(json.object("rope_scaling"), theta) : null;
        Rope parameters = json.has("rope_parameters") ? rope(json.object("rope_parameters"), theta) : null;
        if (scaling != null && parameters != null && !scaling.equals(parameters)) {
            throw new BadInput(json.file() + ": rope_scaling and rope_parameters differ; remove the one that is wrong");
        }
        if (parameters != null) {
            return parameters;
        }
        return scaling != null ? scaling : new Rope.Default(theta);
    }

    private static Rope rope(JsonFile rope, double outerTheta) {
        for (String key : rope.keys()) {
            if (!ROPE_KEYS.contains(key) && !rope.neutral(key)) {
                throw rope.unsupported(key, OTHER_MODEL);
            }
        }
        refusePartialRotation(rope);
        double theta = rope.number("rope_theta", 1, MOST_THETA, outerTheta);
        String kindKey = rope.has("rope_type") ? "rope_type" : "type";
        String kind = rope.has(kindKey) ? rope.text(kindKey) : "default";
        return switch (kind) {
            case "default" -> new Rope.Default(theta);
            case "llama3" -> {
                double low = rope.number("low_freq_factor", 1e-3, 1e6);
                double high = rope.number("high_freq_factor", 1e-3, 1e6);
                if (!(low < high)) {
                    throw rope.wrong("high_freq_factor", "more than low_freq_factor, which is " + low);
                }
                yield new Rope.Llama3(
                        theta,
                        rope.number("factor", 1, 1e6),
                        low,
                        high,
                        rope.integer("original_max_position_embeddings", 1, MOST_POSITIONS));
            }
            default -> throw rope.unsupported(kindKey, "default and llama3 are; " + OTHER_MODEL);
        };
    }

    private DType dtype() {
        String key = json.has("dtype") ? "dtype" : "torch_dtype";
        return switch (json.has(key) ? json.text(key) : "float32") {
            case "float32" -> DType.F32;
            case "bfloat16" -> DType.BF16;
            case "float16" -> DType.F16;
            default -> throw json.unsupported(key, "take the model in float32, bfloat16 or float16");
        };
    }

    /** Some checkpoints write −1 for "none". */
    private Integer token(String key, int vocabulary) {
        int token = json.integer(key, -1, vocabulary - 1, -1);
        return token < 0 ? null : token;
    }
}
