package candor.lora;

import candor.BadInput;
import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.Affine;
import candor.model.LayerWeights;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Weights;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What an adapter's two files hold, put into its places: factors, and what PEFT can have beside them. That goes where the passes
 * look for it: magnitudes become scales of columns (m/‖W + s·B·A‖, the norm of each output's row, in float64), biases become one
 * bias for the layer, and whatever concerns head or embedding, factors and single rows too, becomes a table of the adapter's own.
 */
final class PeftReader {
    private static final Pattern LAYER =
            Pattern.compile("base_model\\.model\\.model\\.layers\\.(0|[1-9][0-9]{0,8})\\..*");
    private static final String HEAD = PeftConfig.HEAD;
    private static final String EMBEDDING = PeftConfig.EMBEDDING;
    private static final String BIAS = "bias";
    private static final String BASE_BIAS = "base_layer.bias";
    private static final String WEIGHT = "weight";
    private static final String BASE_WEIGHT = "base_layer.weight";
    private static final String TOKENS = "token_adapter.trainable_tokens_delta";

    private final Path path;
    private final PeftConfig config;
    private final AdapterShape shape;
    private final ModelConfig model;
    private final PeftTensors tensors;
    private final Memory memory;

    PeftReader(Path path, PeftConfig config, AdapterShape shape, PeftTensors tensors, Memory memory) {
        this.path = path;
        this.config = config;
        this.shape = shape;
        this.model = shape.model();
        this.tensors = tensors;
        this.memory = memory;
    }

    /** Puts the factors of all linear layers into an adapter of the shape. */
    void factors(Adapter adapter) {
        shape.sites().forEach((place, site) -> {
            adapter.set(adapter.a(place.layer(), place.projection()), a(place, site));
            adapter.set(adapter.b(place.layer(), place.projection()), b(place, site));
        });
    }

    private float[] a(Place place, Site site) {
        int inputs = place.projection().inputs(model);
        return tensors.values(place.module(), "lora_A.weight", site.rank(), inputs, rank(site));
    }

    private float[] b(Place place, Site site) {
        int outputs = place.projection().outputs(model);
        return tensors.values(place.module(), "lora_B.weight", outputs, site.rank(), rank(site));
    }

    private String rank(Site site) {
        return "rank " + site.rank() + " and the " + model.layers() + " layers of this model";
    }

    /** Everything beside them. */
    Extras extras(Weights weights) {
        Map<Place, Affine> affines = new HashMap<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            LayerWeights base = weights.layers().get(layer);
            for (Projection projection : Projection.values()) {
                Place place = new Place(layer, projection);
                Site site = shape.at(layer, projection);
                Tensor scale = site != null && config.dora()
                        ? scale(place, site, StoredWeight.of(base.weight(projection)))
                        : null;
                Tensor bias = bias(place, site, base.bias(projection));
                if (scale != null || bias != null) {
                    affines.put(place, new Affine(scale, bias));
                }
            }
        }
        StoredWeight embedding = embedding(StoredWeight.of(weights.embedding()));
        StoredWeight head = head(StoredWeight.of(weights.head()), embedding);
        FrozenWeight there = frozen(embedding);
        return new Extras(affines, there, head == embedding ? there : frozen(head));
    }

    private Tensor scale(Place place, Site site, StoredWeight w) {
        float[] magnitudes = tensors.values(
                place.module(), "lora_magnitude_vector", 0, w.rows(), "the outputs of " + place.module());
        FoldedRows folded = new FoldedRows(w, a(place, site), b(place, site), site.rank(), site.scale());
        return row(scales(magnitudes, folded));
    }

    private static float[] scales(float[] magnitudes, FoldedRows folded) {
        float[] scales = new float[magnitudes.length];
        IntStream.range(0, scales.length)
                .parallel()
                .forEach(row -> scales[row] = (float) (magnitudes[row] / folded.norm(row)));
        return scales;
    }

    /** The layer's whole bias where the adapter has a say in it, or null. */
    private Tensor bias(Place place, Site site, Tensor own) {
        String module = place.module();
        int outputs = place.projection().outputs(model);
        String why = "the outputs of " + module;
        double[] sum = new double[outputs];
        boolean changed = false;
        for (String part : List.of(BIAS, BASE_BIAS)) {
            if (config.biases() && own != null && tensors.has(module, part)) {
                float[] values = tensors.values(module, part, 0, outputs, why);
                for (int i = 0; i < outputs; i++) {
                    sum[i] = values[i];
                }
                changed = true;
            }
        }
        if (own != null && !changed) {
            float[] values = own.toFloats();
            for (int i = 0; i < outputs; i++) {
                sum[i] = values[i];
            }
        }
        if (site != null && config.factorBias()) {
            float[] values = tensors.values(module, "lora_B.bias", 0, outputs, why);
            for (int i = 0; i < outputs; i++) {
                sum[i] += site.scale() * values[i];
            }
            changed = true;
        }
        if (!changed) {
            return null;
        }
        float[] bias = new float[outputs];
        for (int i = 0; i < outputs; i++) {
            bias[i] = (float) sum[i];
        }
        return row(bias);
    }

    private Tensor row(float[] values) {
        Tensor row = memory.allocate(DType.F32, 1, values.length);
        memory.upload(row, values);
        return row;
    }

    private StoredWeight embedding(StoredWeight own) {
        StoredWeight base = whole(EMBEDDING, own);
        Site site = config.outside(EMBEDDING);
        if (site != null) {
            if (config.dora()) {
                throw config.json().unsupported("use_dora", "not for embed_tokens; take an adapter without it");
            }
            float[] a = tensors.values(
                    EMBEDDING, "lora_embedding_A", site.rank(), model.vocabSize(), "rank " + site.rank());
            float[] b = tensors.values(
                    EMBEDDING, "lora_embedding_B", model.hiddenSize(), site.rank(), "rank " + site.rank());
            return StoredWeight.of(table(new FoldedRows(
                    base == null ? own : base,
                    transposed(b, model.hiddenSize(), site.rank()),
                    transposed(a, site.rank(), model.vocabSize()),
                    site.rank(),
                    site.scale())));
        }
        return config.tokens().containsKey(EMBEDDING) ? rows(EMBEDDING, base == null ? own : base) : base;
    }

    /** @param embedding the adapter's own, or null */
    private StoredWeight head(StoredWeight own, StoredWeight embedding) {
        if (model.tieWordEmbeddings() && config.tied() && embedding != null) {
            tensors.copies(HEAD);
            return embedding;
        }
        StoredWeight base = whole(HEAD, own);
        Site site = config.outside(HEAD);
        if (site != null) {
            return head(site, base == null ? own : base);
        }
        if (config.tokens().containsKey(HEAD) && tensors.has(HEAD, TOKENS)) {
            return rows(HEAD, base == null ? own : base);
        }
        // A tied head follows the embedding, but for one that was copied for the adapter.
        boolean copied = base != null
                || config.outside(EMBEDDING) != null
                || config.saved().contains(EMBEDDING);
        return model.tieWordEmbeddings() && !copied ? embedding : base;
    }

    private StoredWeight head(Site site, StoredWeight base) {
        if (config.factorBias()) {
            throw config.json().unsupported("lora_bias", "not for lm_head; take an adapter without it");
        }
        String why = "rank " + site.rank();
        FoldedRows folded = new FoldedRows(
                base,
                tensors.values(HEAD, "lora_A.weight", site.rank(), model.hiddenSize(), why),
                tensors.values(HEAD, "lora_B.weight", model.vocabSize(), site.rank(), why),
                site.rank(),
                site.scale());
        if (!config.dora()) {
            return StoredWeight.of(table(folded));
        }
        float[] scales =
                scales(tensors.values(HEAD, "lora_magnitude_vector", 0, model.vocabSize(), "the vocabulary"), folded);
        Tensor table = table(folded);
        for (int row = 0; row < scales.length; row++) {
            for (int col = 0; col < table.cols(); col++) {
                table.set(row, col, table.get(row, col) * (double) scales[row]);
            }
        }
        return StoredWeight.of(table);
    }

    /** A table that the file has whole, under one name or the other; null where it has none. */
    private StoredWeight whole(String module, StoredWeight own) {
        String part = tensors.has(module, BASE_WEIGHT) ? BASE_WEIGHT : WEIGHT;
        return tensors.has(module, part) || config.saved().contains(module)
                ? StoredWeight.of(
                        tensors.lasting(module, part, own.rows(), own.cols(), "this model's vocabulary and width"))
                : null;
    }

    /** A table with the trained rows of some tokens. */
    private StoredWeight rows(String module, StoredWeight base) {
        List<Integer> tokens = config.tokens().get(module);
        float[] values = tensors.values(module, TOKENS, tokens.size(), base.cols(), tokens.size() + " tokens");
        Tensor table = table(new FoldedRows(base, null, null, 0, 0));
        for (int i = 0; i < tokens.size(); i++) {
            int token = tokens.get(i);
            if (token >= table.rows()) {
                throw new BadInput(config.json().file() + ": trainable_token_indices has " + token
                        + ", the model's vocabulary has " + table.rows()
                        + "; check that the adapter was made for this model");
            }
            for (int col = 0; col < table.cols(); col++) {
                table.set(token, col, values[i * table.cols() + col]);
            }
        }
        return StoredWeight.of(table);
    }

    private static Tensor table(FoldedRows folded) {
        Tensor table = Tensor.allocate(Arena.ofAuto(), DType.F32, folded.rows(), folded.cols());
        IntStream.range(0, folded.rows()).parallel().forEach(row -> {
            double[] values = folded.row(row);
            for (int col = 0; col < values.length; col++) {
                table.set(row, col, values[col]);
            }
        });
        return table;
    }

    private static float[] transposed(float[] values, int rows, int cols) {
        float[] turned = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                turned[c * rows + r] = values[r * cols + c];
            }
        }
        return turned;
    }

    private FrozenWeight frozen(StoredWeight host) {
        return host == null ? null : memory.freeze(host);
    }

    /** @throws BadInput where the file has a tensor that none of this asked for */
    void requireAllRead() {
        tensors.left().ifPresent(name -> {
            throw new BadInput(path + ": tensor " + name + " has no place in an adapter of the settings in "
                    + PeftFiles.CONFIG + "; check that the two files belong together");
        });
    }

    /** @throws BadInput where the file has a tensor of a layer that the model does not have: then other shapes differ, too */
    void requireLayers() {
        for (String name : tensors.names()) {
            Matcher parts = LAYER.matcher(name);
            if (parts.matches() && Integer.parseInt(parts.group(1)) >= model.layers()) {
                throw new BadInput(
                        path + ": tensor " + name + " belongs to a layer that the model does not have, it has "
                                + model.layers() + "; check that the adapter was made for this model");
            }
        }
    }
}
