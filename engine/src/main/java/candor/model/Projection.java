package candor.model;

/** The linear layers of a decoder layer, in the order of the forward pass: each of them an adapter can sit on. */
public enum Projection {
    QUERY("q_proj", "self_attn"),
    KEY("k_proj", "self_attn"),
    VALUE("v_proj", "self_attn"),
    OUTPUT("o_proj", "self_attn"),
    GATE("gate_proj", "mlp"),
    UP("up_proj", "mlp"),
    DOWN("down_proj", "mlp");

    private final String peftName;
    private final String block;

    Projection(String peftName, String block) {
        this.peftName = peftName;
        this.block = block;
    }

    /** The name under {@code target_modules}, and in the names of tensors. */
    public String peftName() {
        return peftName;
    }

    /** The block that it belongs to: {@code self_attn} or {@code mlp}. */
    public String block() {
        return block;
    }

    /** I, the width of what goes in. */
    public int inputs(ModelConfig model) {
        return switch (this) {
            case QUERY, KEY, VALUE, GATE, UP -> model.hiddenSize();
            case OUTPUT -> model.heads().queryCols();
            case DOWN -> model.intermediateSize();
        };
    }

    /** O, the width of what comes out. */
    public int outputs(ModelConfig model) {
        return switch (this) {
            case QUERY -> model.heads().queryCols();
            case KEY, VALUE -> model.heads().keyCols();
            case OUTPUT, DOWN -> model.hiddenSize();
            case GATE, UP -> model.intermediateSize();
        };
    }
}
