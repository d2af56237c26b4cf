package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import candor.model.Architecture.Trait;
import candor.ops.Heads;
import candor.tensor.DType;
import java.util.List;
import java.util.Set;

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
        int hidden = json.integer("hidden_size", 1, MOST_WIDTH);
        int layers = json.integer("num_hidden_layers", 1, MOST_LAYERS);
        int vocabulary = json.integer("vocab_size", 1, MOST_VOCABULARY);
        return ModelConfig.of(architecture)
                .hiddenSize(hidden)
                .intermediateSize(json.integer("intermediate_size", 1, MOST_FEED_FORWARD))
                .layers(layers)
                .heads(heads(architecture, hidden).within(window(architecture, layers)))
                .vocabSize(vocabulary)
                .rmsNormEps((float) json.number("rms_norm_eps", 1e-12, 0.1, DEFAULT_EPS))
                .rope(rope())
                .tieWordEmbeddings(json.bool("tie_word_embeddings", false))
                .maxPositionEmbeddings(json.integer("max_position_embeddings", 1, MOST_POSITIONS))
                .dtype(dtype())
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
        if (json.has("hidden_act") && !json.text("hidden_act").equals("silu")) {
            throw json.unsupported("hidden_act", "only silu is; " + OTHER_MODEL);
        }
        if (!architecture.has(Trait.ATTENTION_BIAS) && json.bool("attention_bias", false)) {
            throw json.unsupported("attention_bias", OTHER_MODEL);
        }
        if (json.bool("mlp_bias", false)) {
            throw json.unsupported("mlp_bias", OTHER_MODEL);
        }
        if (!json.neutral("quantization_config")) {
            throw json.unsupported("quantization_config", "take the model in float32, bfloat16 or float16");
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
            List<String> types = json.texts("layer_types", MOST_LAYERS);
            if (types.size() != layers) {
                throw json.wrong("layer_types", layers + " entries, as many as num_hidden_layers");
            }
            if (!types.stream().allMatch("full_attention"::equals)) {
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

    private Rope rope() {
        double theta = json.number("rope_theta", 1, MOST_THETA, DEFAULT_THETA);
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
