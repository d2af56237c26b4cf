package candor.lora;

import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.ops.Philox;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * One adapter: its parameters, and where it is trained its gradients, each one row of float32 that {@link
 * AdapterLayout} divides. The memory is the backend's or the arena's that it was made in.
 */
public final class Adapter {
    private final AdapterLayout layout;
    private final Memory memory;
    private final Tensor parameters;
    private final Tensor gradients;
    private final Extras extras;

    private Adapter(AdapterLayout layout, Memory memory, Tensor parameters, boolean trained, Extras extras) {
        this.layout = layout;
        this.memory = memory;
        this.extras = extras;
        this.parameters = parameters;
        gradients = trained ? memory.allocate(DType.F32, 1, layout.length()) : null;
    }

    private static Adapter fresh(AdapterLayout layout, Memory memory, boolean trained, Extras extras) {
        return new Adapter(layout, memory, memory.allocate(DType.F32, 1, layout.length()), trained, extras);
    }

    /** An adapter to train: zero parameters, and zero gradients beside them. */
    public static Adapter trained(Memory memory, AdapterLayout layout) {
        return fresh(layout, memory, true, Extras.NONE);
    }

    /** The same parameters, and gradients of its own. */
    public Adapter twin() {
        return new Adapter(layout, memory, parameters, true, extras);
    }

    /** An adapter to look at only: zero parameters, no gradients. */
    public static Adapter frozen(Memory memory, AdapterLayout layout) {
        return frozen(memory, layout, Extras.NONE);
    }

    /** The same with what it changes beside its factors. */
    static Adapter frozen(Memory memory, AdapterLayout layout, Extras extras) {
        return fresh(layout, memory, false, extras);
    }

    /**
     * Starts afresh, as PEFT does: A from U(−1/√I, 1/√I), which is He's uniform initialisation with a = √5, and B zero,
     * so that the adapter changes nothing yet. Each number depends on seed, layer, projection and element alone. The
     * distribution is PEFT's; the bits are not, for PyTorch's generator is another one.
     *
     * @return this
     */
    public Adapter initialise(long seed) {
        int[] words = new int[4];
        for (Place place : shape().sites().keySet()) {
            Tensor a = a(place.layer(), place.projection());
            float bound = (float) (1 / Math.sqrt(a.cols()));
            float[] values = new float[Math.toIntExact(a.elements())];
            for (int i = 0; i < values.length; i++) {
                if (i % 4 == 0) {
                    Philox.words(
                            words,
                            seed,
                            i / 4,
                            place.layer(),
                            place.projection().ordinal(),
                            0);
                }
                values[i] = (2 * Philox.uniform(words[i % 4]) - 1) * bound;
            }
            memory.upload(a, values);
            Tensor b = b(place.layer(), place.projection());
            memory.upload(b, new float[Math.toIntExact(b.elements())]);
        }
        return this;
    }

    /** A copy of the parameters as they are now, without gradients: the reference of a run that goes on from here. */
    public Adapter frozenCopy(Memory to) {
        Adapter copy = frozen(to, layout);
        for (Place place : shape().sites().keySet()) {
            int layer = place.layer();
            Projection projection = place.projection();
            to.upload(copy.a(layer, projection), values(a(layer, projection)));
            to.upload(copy.b(layer, projection), values(b(layer, projection)));
        }
        return copy;
    }

    public AdapterLayout layout() {
        return layout;
    }

    public ModelConfig model() {
        return layout.model();
    }

    public AdapterShape shape() {
        return layout.shape();
    }

    /** What it changes beside its factors. */
    public Extras extras() {
        return extras;
    }

    public boolean trained() {
        return gradients != null;
    }

    /** How many parameters there are. */
    public long parameterCount() {
        return layout.parameterCount();
    }

    /** (1, {@link AdapterLayout#length}) float32. */
    public Tensor parameters() {
        return parameters;
    }

    /** (1, {@link AdapterLayout#length}) float32, or null where the adapter is frozen. */
    public Tensor gradients() {
        return gradients;
    }

    /** (R, I), a view of the parameters. */
    public Tensor a(int layer, Projection projection) {
        return viewA(parameters, layer, projection);
    }

    /** (O, R), a view of the parameters. */
    public Tensor b(int layer, Projection projection) {
        return viewB(parameters, layer, projection);
    }

    /** (R, I), a view of the gradients; null where the adapter is frozen. */
    public Tensor da(int layer, Projection projection) {
        return gradients == null ? null : viewA(gradients, layer, projection);
    }

    /** (O, R), a view of the gradients; null where the adapter is frozen. */
    public Tensor db(int layer, Projection projection) {
        return gradients == null ? null : viewB(gradients, layer, projection);
    }

    /** The values of a view, row by row, wherever it lives. */
    float[] values(Tensor view) {
        float[] values = new float[Math.toIntExact(view.elements())];
        memory.download(values, view);
        return values;
    }

    /** Sets the values of a view, row by row. */
    void set(Tensor view, float[] values) {
        memory.upload(view, values);
    }

    private Tensor viewA(Tensor row, int layer, Projection projection) {
        return view(row, layout.a(layer, projection), rank(layer, projection), projection.inputs(model()));
    }

    private Tensor viewB(Tensor row, int layer, Projection projection) {
        return view(row, layout.b(layer, projection), projection.outputs(model()), rank(layer, projection));
    }

    private int rank(int layer, Projection projection) {
        Site site = shape().at(layer, projection);
        if (site == null) {
            throw new IllegalArgumentException("no factors at layer " + layer + ", " + projection);
        }
        return site.rank();
    }

    /** A device's segment has no length to slice: there, a view is an address. */
    private static Tensor view(Tensor row, long start, int rows, int cols) {
        long offset = start * DType.F32.bytes();
        long bytes = (long) rows * cols * DType.F32.bytes();
        MemorySegment data = row.data().byteSize() == 0
                ? MemorySegment.ofAddress(row.data().address() + offset)
                : row.data().asSlice(offset, bytes);
        return Tensor.of(data, DType.F32, rows, cols);
    }
}
