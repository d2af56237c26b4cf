package candor.export;

import candor.BadInput;
import candor.export.gguf.GgufValue;
import candor.model.Architecture;
import candor.model.LayerTensor;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Rope;
import candor.model.RopeTable;
import candor.ops.Heads;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A model as llama.cpp sees it: its family's name there, the keys of its settings, the names of its tensors and their order of rows. */
final class GgufFamily {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String HEAD = "lm_head.weight";
    private static final String FINAL_NORM = "model.norm.weight";

    /** Gemma 3 of so many layers divides scores by the root of C/H there, all others by that of D. */
    private static final int GEMMA3_27B_LAYERS = 62;

    /** A Gemma 3 without a pattern of its own has one layer in six that does not slide. */
    private static final int GEMMA3_PATTERN = 6;

    private final ModelConfig config;
    private final Map<String, String> names = new HashMap<>();

    /** Tensors whose rows are turned, by their names here, with their heads. */
    private final Map<String, Integer> turned = new HashMap<>();

    /** What a tensor is multiplied with, by its name here. */
    private final Map<String, Float> scales = new HashMap<>();

    /** @throws BadInput where llama.cpp does not compute such a model */
    GgufFamily(ModelConfig config) {
        this.config = config;
        check();
        names.put(EMBEDDING, "token_embd.weight");
        names.put(HEAD, "output.weight");
        names.put(FINAL_NORM, "output_norm.weight");
        Heads heads = config.heads();
        for (int layer = 0; layer < config.layers(); layer++) {
            for (LayerTensor each : LayerTensor.values()) {
                if (!each.presentIn(config)) {
                    continue;
                }
                String name = each.name(config, layer);
                names.put(name, "blk." + layer + "." + suffix(each));
                if (pairsNeighbours()) {
                    switch (each) {
                        case QUERY, QUERY_BIAS -> turned.put(name, heads.query());
                        case KEY, KEY_BIAS -> turned.put(name, heads.key());
                        default -> {}
                    }
                }
                if (each == LayerTensor.QUERY_NORM && queryScale() != 1) {
                    scales.put(name, queryScale());
                }
            }
        }
    }

    private void check() {
        Heads heads = config.heads();
        if (config.architecture() == Architecture.QWEN2 && heads.queryCols() != config.hiddenSize()) {
            throw new BadInput("llama.cpp knows " + config.architecture().className()
                    + " only with heads × head_dim equal to" + " hidden_size, here " + heads.queryCols() + " and "
                    + config.hiddenSize() + "; take another model");
        }
        boolean stretched = config.rope() instanceof Rope.Llama3
                || config.local() != null && config.local().rope() instanceof Rope.Llama3;
        if (stretched && !pairsNeighbours()) {
            throw new BadInput("llama.cpp does not stretch the rotary frequencies of a "
                    + config.architecture().className() + " as llama3 does; take another model");
        }
    }

    /** {@code general.architecture}, which the other keys begin with. */
    String architecture() {
        return switch (config.architecture()) {
            case LLAMA, MISTRAL -> "llama";
            case QWEN2 -> "qwen2";
            case QWEN3 -> "qwen3";
            case GEMMA3 -> "gemma3";
        };
    }

    /** Whether neighbours are rotated together, in place of a number and the one half a head further. */
    private boolean pairsNeighbours() {
        return architecture().equals("llama");
    }

    private static String suffix(LayerTensor tensor) {
        return switch (tensor) {
            case INPUT_NORM -> "attn_norm.weight";
            case QUERY -> "attn_q.weight";
            case KEY -> "attn_k.weight";
            case VALUE -> "attn_v.weight";
            case OUTPUT -> "attn_output.weight";
            case QUERY_BIAS -> "attn_q.bias";
            case KEY_BIAS -> "attn_k.bias";
            case VALUE_BIAS -> "attn_v.bias";
            case QUERY_NORM -> "attn_q_norm.weight";
            case KEY_NORM -> "attn_k_norm.weight";
            case ATTENTION_OUT_NORM -> "post_attention_norm.weight";
            case MLP_NORM -> "ffn_norm.weight";
            case GATE -> "ffn_gate.weight";
            case UP -> "ffn_up.weight";
            case DOWN -> "ffn_down.weight";
            case MLP_OUT_NORM -> "post_ffw_norm.weight";
        };
    }

    /** The name of a tensor there, by its name in a checkpoint. */
    String name(String stored) {
        return names.get(stored);
    }

    /** The same of a linear layer's weight. */
    String name(int layer, Projection projection) {
        return name("model.layers." + layer + "." + projection.block() + "." + projection.peftName() + ".weight");
    }

    /**
     * Which row of a tensor in a checkpoint is this row there. Within a head, Llama's rows i and D/2 + i become 2i and 2i + 1.
     *
     * @param stored its name in a checkpoint
     */
    int row(String stored, int row) {
        if (!turned.containsKey(stored)) {
            return row;
        }
        int width = config.heads().width();
        int within = row % width;
        return row - within + within % 2 * (width / 2) + within / 2;
    }

    /** What is added to the numbers of a norm, so that they are what is multiplied with. */
    float offset(String stored) {
        return stored.endsWith("norm.weight") ? config.architecture().normOffset() : 0;
    }

    /** What the numbers of a tensor are then multiplied with. */
    float scale(String stored) {
        return scales.getOrDefault(stored, 1f);
    }

    /** Scores here by scores there: the norm of queries takes it in. */
    private float queryScale() {
        if (config.architecture() != Architecture.GEMMA3) {
            return config.queryScale();
        }
        Heads heads = config.heads();
        int divisor = config.layers() == GEMMA3_27B_LAYERS ? config.hiddenSize() / heads.query() : heads.width();
        return (float) (config.queryScale() * Math.sqrt((double) divisor / heads.width()));
    }

    /** What each of the D/2 rotary frequencies is divided by, or null where they are plain. */
    float[] frequencyDivisors() {
        if (!(config.rope() instanceof Rope.Llama3)) {
            return null;
        }
        int width = config.heads().width();
        float[] plain = RopeTable.frequencies(new Rope.Default(config.rope().theta()), width);
        float[] stretched = RopeTable.frequencies(config.rope(), width);
        float[] divisors = new float[plain.length];
        for (int i = 0; i < divisors.length; i++) {
            divisors[i] = plain[i] / stretched[i];
        }
        return divisors;
    }

    /**
     * The keys of its settings.
     *
     * @param say takes what a user should know
     */
    Map<String, GgufValue> keys(Consumer<String> say) {
        Map<String, GgufValue> keys = new LinkedHashMap<>();
        String family = architecture() + ".";
        Heads heads = config.heads();
        keys.put(family + "vocab_size", GgufValue.of(config.vocabSize()));
        keys.put(family + "context_length", GgufValue.of(config.maxPositionEmbeddings()));
        keys.put(family + "embedding_length", GgufValue.of(config.hiddenSize()));
        keys.put(family + "block_count", GgufValue.of(config.layers()));
        keys.put(family + "feed_forward_length", GgufValue.of(config.intermediateSize()));
        keys.put(family + "attention.head_count", GgufValue.of(heads.query()));
        keys.put(family + "attention.head_count_kv", GgufValue.of(heads.key()));
        keys.put(family + "attention.key_length", GgufValue.of(heads.width()));
        keys.put(family + "attention.value_length", GgufValue.of(heads.width()));
        keys.put(family + "attention.layer_norm_rms_epsilon", GgufValue.of(config.rmsNormEps()));
        keys.put(family + "rope.dimension_count", GgufValue.of(heads.width()));
        keys.put(family + "rope.freq_base", GgufValue.of((float) config.rope().theta()));
        if (config.local() != null && !config.local().layers().isEmpty()) {
            int window = heads.window() == 0 ? config.maxPositionEmbeddings() : heads.window();
            keys.put(family + "attention.sliding_window", GgufValue.of(window));
            keys.put(family + "rope.freq_base_swa", GgufValue.of((float)
                    config.local().rope().theta()));
            if (!regular()) {
                keys.put(
                        family + "attention.sliding_window_pattern",
                        GgufValue.flags(IntStream.range(0, config.layers())
                                .mapToObj(layer -> config.local().layers().contains(layer))
                                .toList()));
            }
        } else if (heads.window() > 0) {
            say.accept("llama.cpp gives this family no sliding window: what it says of texts of more than "
                    + heads.window() + " tokens differs");
        }
        return keys;
    }

    private boolean regular() {
        return IntStream.range(0, config.layers())
                .allMatch(layer -> config.local().layers().contains(layer) == ((layer + 1) % GEMMA3_PATTERN != 0));
    }
}
