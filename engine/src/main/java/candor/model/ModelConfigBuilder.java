package candor.model;

import candor.ops.Heads;
import candor.tensor.DType;
import java.util.List;

/** A {@link ModelConfig} by the names of its numbers. Sizes and heads have to be given; the rest is as in a plain small model. */
public final class ModelConfigBuilder {
    private final Architecture architecture;
    private int hiddenSize;
    private int intermediateSize;
    private int layers;
    private Heads heads;
    private float queryScale = 1;
    private int vocabSize;
    private float rmsNormEps = 1e-6f;
    private Rope rope = new Rope.Default(10_000);
    private ModelConfig.Local local;
    private boolean tieWordEmbeddings = true;
    private int maxPositionEmbeddings = 64;
    private DType dtype = DType.F32;
    private Packing packing;
    private Integer bosTokenId;
    private List<Integer> eosTokenIds = List.of();
    private Integer padTokenId;

    ModelConfigBuilder(Architecture architecture) {
        this.architecture = architecture;
    }

    /** All numbers of a model. */
    ModelConfigBuilder(ModelConfig config) {
        this(config.architecture());
        hiddenSize = config.hiddenSize();
        intermediateSize = config.intermediateSize();
        layers = config.layers();
        heads = config.heads();
        queryScale = config.queryScale();
        vocabSize = config.vocabSize();
        rmsNormEps = config.rmsNormEps();
        rope = config.rope();
        local = config.local();
        tieWordEmbeddings = config.tieWordEmbeddings();
        maxPositionEmbeddings = config.maxPositionEmbeddings();
        dtype = config.dtype();
        packing = config.packing();
        bosTokenId = config.bosTokenId();
        eosTokenIds = config.eosTokenIds();
        padTokenId = config.padTokenId();
    }

    /** C. */
    public ModelConfigBuilder hiddenSize(int size) {
        hiddenSize = size;
        return this;
    }

    /** F. */
    public ModelConfigBuilder intermediateSize(int size) {
        intermediateSize = size;
        return this;
    }

    public ModelConfigBuilder layers(int number) {
        layers = number;
        return this;
    }

    /**
     * @param query H
     * @param key   K
     * @param width D
     */
    public ModelConfigBuilder heads(int query, int key, int width) {
        return heads(new Heads(query, key, width));
    }

    public ModelConfigBuilder heads(Heads value) {
        heads = value;
        return this;
    }

    public ModelConfigBuilder queryScale(float scale) {
        queryScale = scale;
        return this;
    }

    /** V. */
    public ModelConfigBuilder vocabSize(int size) {
        vocabSize = size;
        return this;
    }

    public ModelConfigBuilder rmsNormEps(float eps) {
        rmsNormEps = eps;
        return this;
    }

    public ModelConfigBuilder rope(Rope value) {
        rope = value;
        return this;
    }

    /** @param layers those that slide while others do not, or null */
    public ModelConfigBuilder local(ModelConfig.Local layers) {
        local = layers;
        return this;
    }

    public ModelConfigBuilder tieWordEmbeddings(boolean tied) {
        tieWordEmbeddings = tied;
        return this;
    }

    public ModelConfigBuilder maxPositionEmbeddings(int positions) {
        maxPositionEmbeddings = positions;
        return this;
    }

    public ModelConfigBuilder dtype(DType type) {
        dtype = type;
        return this;
    }

    /** @param value null for none */
    public ModelConfigBuilder packing(Packing value) {
        packing = value;
        return this;
    }

    /** @param bos null for none */
    public ModelConfigBuilder bosTokenId(Integer bos) {
        bosTokenId = bos;
        return this;
    }

    public ModelConfigBuilder eosTokenIds(List<Integer> eos) {
        eosTokenIds = eos;
        return this;
    }

    /** @param pad null for none */
    public ModelConfigBuilder padTokenId(Integer pad) {
        padTokenId = pad;
        return this;
    }

    public ModelConfig build() {
        return new ModelConfig(
                architecture,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                queryScale,
                vocabSize,
                rmsNormEps,
                rope,
                local,
                tieWordEmbeddings,
                maxPositionEmbeddings,
                dtype,
                packing,
                bosTokenId,
                eosTokenIds,
                padTokenId);
    }
}
