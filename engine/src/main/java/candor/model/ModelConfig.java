package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import candor.ops.Heads;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PlainForm;
import candor.ops.weight.WeightForm;
import candor.tensor.DType;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The numbers of a model, as {@code config.json} gives them.
 *
 * @param architecture          the family
 * @param hiddenSize            C, width of the residual stream
 * @param intermediateSize      F, width of the feed-forward block
 * @param layers                number of layers
 * @param heads                 query heads H, key heads K, head width D (even: it is rotated in halves), and the window of the
 *                              layers that slide
 * @param queryScale            by which queries are multiplied, beside the 1/√D of attention
 * @param vocabSize             V
 * @param rmsNormEps            added to the mean square in every RMS norm
 * @param rope                  the frequencies of the rotary embedding
 * @param local                 the layers that slide while others do not; null where all layers are alike
 * @param tieWordEmbeddings     whether the output head is the embedding
 * @param maxPositionEmbeddings the longest sequence that the model was made for
 * @param dtype                 the type that the checkpoint says it is stored in
 * @param packing               how the weights of linear layers are packed; null where they are of that type, too
 * @param bosTokenId            the token that starts a text, or null
 * @param eosTokenIds           the tokens that end a text; may be empty
 * @param padTokenId            the padding token, or null; Candor never pads
 */
public record ModelConfig(
        Architecture architecture,
        int hiddenSize,
        int intermediateSize,
        int layers,
        Heads heads,
        float queryScale,
        int vocabSize,
        float rmsNormEps,
        Rope rope,
        Local local,
        boolean tieWordEmbeddings,
        int maxPositionEmbeddings,
        DType dtype,
        Packing packing,
        Integer bosTokenId,
        List<Integer> eosTokenIds,
        Integer padTokenId) {

    /**
     * Layers whose attention slides, while that of the others does not.
     *
     * @param layers their numbers
     * @param rope   the frequencies of their rotary embedding
     */
    public record Local(Set<Integer> layers, Rope rope) {
        public Local {
            layers = Set.copyOf(layers);
        }
    }

    public ModelConfig {
        Objects.requireNonNull(architecture);
        Objects.requireNonNull(rope);
        Objects.requireNonNull(dtype);
        eosTokenIds = List.copyOf(eosTokenIds);
        if (hiddenSize < 1 || intermediateSize < 1 || layers < 1 || vocabSize < 1 || maxPositionEmbeddings < 1) {
            throw new IllegalArgumentException("sizes below 1: hidden " + hiddenSize + ", intermediate "
                    + intermediateSize + ", layers " + layers + ", vocabulary " + vocabSize + ", positions "
                    + maxPositionEmbeddings);
        }
        if (heads.width() % 2 != 0 || !(rmsNormEps > 0)) {
            throw new IllegalArgumentException("head width " + heads.width() + ", rms norm eps " + rmsNormEps);
        }
    }

    private boolean isLocal(int layer) {
        return local != null && local.layers().contains(layer);
    }

    /** The heads of a layer: with a window where it slides. */
    public Heads heads(int layer) {
        return local == null || isLocal(layer) ? heads : heads.within(0);
    }

    /** The frequencies of a layer's rotary embedding. */
    public Rope rope(int layer) {
        return isLocal(layer) ? local.rope() : rope;
    }

    /** Bytes of the tables of rotations for so many positions. */
    public long ropeBytes(int positions) {
        int tables = local == null || local.rope().equals(rope) ? 1 : 2;
        return tables * (long) positions * heads.width() * DType.F32.bytes();
    }

    /** A model of a family, to be given its numbers by name. */
    public static ModelConfigBuilder of(Architecture architecture) {
        return new ModelConfigBuilder(architecture);
    }

    /** The same numbers, to be given others in place of some. */
    public ModelConfigBuilder but() {
        return new ModelConfigBuilder(this);
    }

    /**
     * Reads a {@code config.json}, in the published layout ({@code rope_theta}, {@code rope_scaling}, {@code
     * torch_dtype}) or the newer one ({@code rope_parameters}, {@code dtype}).
     *
     * @throws candor.BadInput for an architecture or a setting that is not supported, or a size out of bounds
     */
    public static ModelConfig read(Path file) {
        return new ModelConfigReader(JsonFile.read(file)).read();
    }

    /** The standard deviation that a {@code config.json} wants random weights to have; 0.02 where it says nothing. */
    public static double initializerRange(Path file) {
        return JsonFile.read(file).number("initializer_range", 1e-9, 10, 0.02);
    }

    /** How many weights the model has; a tied head counts once. */
    public long parameterCount() {
        return Architecture.tensors(this).stream()
                .mapToLong(Architecture.Stored::elements)
                .sum();
    }

    /** How a checkpoint of it stores matrices, but for those that are packed. */
    public WeightForm form() {
        return PlainForm.of(dtype);
    }

    /**
     * The same model with the weights of its linear layers packed.
     *
     * @param form null for whatever they are in
     * @throws BadInput where they are packed already, in another form
     */
    public ModelConfig packed(PackedForm form) {
        if (form == null || packing != null && packing.form() == form) {
            return this;
        }
        if (packing != null) {
            throw new BadInput(
                    "the checkpoint is packed as " + packing.form().text() + " already",
                    "leave {weights} out, or take the model that it was made of");
        }
        return but().packing(Packing.of(form)).build();
    }

    /** The form of packed weights, as records have it; "" where nothing is packed. */
    public String packedText() {
        return packing == null ? "" : packing.form().text();
    }

    /** How many tensors the weights are. */
    public int tensorCount() {
        return Architecture.tensors(this).size();
    }

    /**
     * Bytes of the weights as {@link Weights} holds them: packed ones as they are packed, other matrices in a form, vectors in
     * float32.
     */
    public long weightBytes(WeightForm matrices) {
        return Architecture.tensors(this).stream()
                .mapToLong(stored ->
                        (stored.vector() ? PlainForm.F32 : form(stored, matrices)).bytes(stored.rows(), stored.cols()))
                .sum();
    }

    /** Bytes of the matrices of one layer, as {@link #weightBytes} has them. */
    long matrixBytes(int layer, WeightForm matrices) {
        return matrices(layer)
                .mapToLong(stored -> form(stored, matrices).bytes(stored.rows(), stored.cols()))
                .sum();
    }

    /** Bytes of the matrices of one layer in the checkpoint's files: none of those that are packed as they are loaded. */
    long storedMatrixBytes(int layer) {
        return matrices(layer)
                .filter(stored -> !(packs(stored) && packing.onLoad()))
                .mapToLong(stored -> form(stored, form()).bytes(stored.rows(), stored.cols()))
                .sum();
    }

    private Stream<Architecture.Stored> matrices(int layer) {
        return Stream.of(LayerTensor.values())
                .filter(each -> each.matrix() && each.presentIn(this))
                .map(each -> each.stored(this, layer));
    }

    /** Bytes of the weights that are packed as they are loaded: they are in memory of ours, and no file's. */
    public long packedOnLoadBytes() {
        if (packing == null || !packing.onLoad()) {
            return 0;
        }
        return Architecture.tensors(this).stream()
                .filter(this::packs)
                .mapToLong(stored -> packing.form().bytes(stored.rows(), stored.cols()))
                .sum();
    }

    /** How many elements of matrices are in which form. */
    public Map<WeightForm, Long> elementsByForm() {
        Map<WeightForm, Long> elements = new LinkedHashMap<>();
        Architecture.tensors(this).stream()
                .filter(stored -> !stored.vector())
                .forEach(stored -> elements.merge(form(stored, form()), stored.elements(), Long::sum));
        return elements;
    }

    private WeightForm form(Architecture.Stored stored, WeightForm plain) {
        return packs(stored) ? packing.form() : plain;
    }

    /** Whether a matrix is packed. */
    boolean packs(Architecture.Stored stored) {
        return packing != null && stored.linear() && packing.packs(stored.module());
    }
}
