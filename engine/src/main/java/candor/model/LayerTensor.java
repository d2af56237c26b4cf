package candor.model;

import candor.model.Architecture.Stored;
import candor.model.Architecture.Trait;
import java.util.function.ToIntFunction;

/**
 * The tensors of one layer, in the order of the forward pass: what a checkpoint calls them, their shapes, and which models
 * have them. Matrices are (O, I), vectors (n).
 */
public enum LayerTensor {
    /** (C), the norm before attention. */
    INPUT_NORM("input_layernorm.weight", ModelConfig::hiddenSize, null),
    /** (H·D, C). */
    QUERY(Projection.QUERY),
    /** (K·D, C). */
    KEY(Projection.KEY),
    /** (K·D, C). */
    VALUE(Projection.VALUE),
    /** (C, H·D). */
    OUTPUT(Projection.OUTPUT),
    /** (H·D). */
    QUERY_BIAS("self_attn.q_proj.bias", Projection.QUERY::outputs, Trait.ATTENTION_BIAS),
    /** (K·D). */
    KEY_BIAS("self_attn.k_proj.bias", Projection.KEY::outputs, Trait.ATTENTION_BIAS),
    /** (K·D). */
    VALUE_BIAS("self_attn.v_proj.bias", Projection.VALUE::outputs, Trait.ATTENTION_BIAS),
    /** (D), the norm of each query head. */
    QUERY_NORM("self_attn.q_norm.weight", config -> config.heads().width(), Trait.HEAD_NORM),
    /** (D), the norm of each key head. */
    KEY_NORM("self_attn.k_norm.weight", config -> config.heads().width(), Trait.HEAD_NORM),
    /** (C), the norm of what attention makes. */
    ATTENTION_OUT_NORM("post_attention_layernorm.weight", ModelConfig::hiddenSize, Trait.BRANCH_NORMS),
    /**
     * (C), the norm before the feed-forward block. Where there is none on attention's branch, it has that one's name: it comes after
     * attention.
     */
    MLP_NORM("post_attention_layernorm.weight", ModelConfig::hiddenSize, null),
    /** (F, C). */
    GATE(Projection.GATE),
    /** (F, C). */
    UP(Projection.UP),
    /** (C, F). */
    DOWN(Projection.DOWN),
    /** (C), the norm of what the feed-forward block makes. */
    MLP_OUT_NORM("post_feedforward_layernorm.weight", ModelConfig::hiddenSize, Trait.BRANCH_NORMS);

    private static final String PRE_FEEDFORWARD = "pre_feedforward_layernorm.weight";

    private final String fileName;
    private final ToIntFunction<ModelConfig> rows;
    private final ToIntFunction<ModelConfig> cols;

    /** What a family needs to have for this tensor to be there; null where all have it. */
    private final Trait trait;

    /** The weight of a linear layer. */
    LayerTensor(Projection projection) {
        fileName = projection.block() + "." + projection.peftName() + ".weight";
        rows = projection::outputs;
        cols = projection::inputs;
        trait = null;
    }

    /** A vector. */
    LayerTensor(String fileName, ToIntFunction<ModelConfig> length, Trait trait) {
        this.fileName = fileName;
        this.trait = trait;
        rows = null;
        cols = length;
    }

    /** The weight of a linear layer. */
    static LayerTensor weight(Projection projection) {
        return switch (projection) {
            case QUERY -> QUERY;
            case KEY -> KEY;
            case VALUE -> VALUE;
            case OUTPUT -> OUTPUT;
            case GATE -> GATE;
            case UP -> UP;
            case DOWN -> DOWN;
        };
    }

    /** The norm behind the last linear layer of a branch. */
    static LayerTensor branchNorm(Projection last) {
        return last == Projection.OUTPUT ? ATTENTION_OUT_NORM : MLP_OUT_NORM;
    }

    /** The bias of a linear layer, or null where no family has one. */
    static LayerTensor bias(Projection projection) {
        return switch (projection) {
            case QUERY -> QUERY_BIAS;
            case KEY -> KEY_BIAS;
            case VALUE -> VALUE_BIAS;
            case OUTPUT, GATE, UP, DOWN -> null;
        };
    }

    /** Its name within a layer, "self_attn.q_proj.weight". */
    String fileName(Architecture architecture) {
        return this == MLP_NORM && architecture.has(Trait.BRANCH_NORMS) ? PRE_FEEDFORWARD : fileName;
    }

    /** Whether it is the weight of a linear layer; the others are vectors. */
    boolean matrix() {
        return rows != null;
    }

    /** Whether the layers of such a model have it. */
    public boolean presentIn(ModelConfig config) {
        return trait == null || config.architecture().has(trait);
    }

    /** Its name in the file, in one layer of such a model: "model.layers.0.self_attn.q_proj.weight". */
    public String name(ModelConfig config, int layer) {
        return stored(config, layer).name();
    }

    /** Where the file has it, in one layer of such a model. */
    Stored stored(ModelConfig config, int layer) {
        String name = Architecture.LAYERS + layer + "." + fileName(config.architecture());
        return rows == null
                ? Stored.vector(name, cols.applyAsInt(config))
                : Stored.matrix(name, rows.applyAsInt(config), cols.applyAsInt(config));
    }
}
