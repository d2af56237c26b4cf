package candor.lora;

import candor.BadInput;
import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Where an adapter's factors lie in its one row of parameters: layer after layer, within a layer in the order of {@link
 * Projection}, and of each projection A (R, I) before B (O, R), both row by row.
 *
 * <p>Each factor begins at a multiple of {@link Tensor#ALIGNMENT} bytes. The elements between are zero and stay so: no
 * gradient ever reaches them, and weight decay shrinks zero to zero.
 */
public final class AdapterLayout {
    private static final int STEP = (int) (Tensor.ALIGNMENT / DType.F32.bytes());

    /** First elements of A and of B. */
    private record Start(long a, long b) {}

    private final AdapterShape shape;
    private final Map<Place, Start> starts = new HashMap<>();
    private final int[] layers;
    private final long length;
    private final long count;

    /** @throws BadInput where the adapter has more parameters than fit into one row */
    public AdapterLayout(ModelConfig model, LoraConfig config) {
        this(AdapterShape.of(model, config));
    }

    /** @throws BadInput where the adapter has more parameters than fit into one row */
    public AdapterLayout(AdapterShape shape) {
        this.shape = shape;
        long end = 0;
        long parameters = 0;
        long[] ends = new long[shape.model().layers()];
        for (Map.Entry<Place, Site> entry : shape.sites().entrySet()) {
            Projection projection = entry.getKey().projection();
            long a = (long) entry.getValue().rank() * projection.inputs(shape.model());
            long b = (long) entry.getValue().rank() * projection.outputs(shape.model());
            starts.put(entry.getKey(), new Start(end, end + aligned(a)));
            end += aligned(a) + aligned(b);
            ends[entry.getKey().layer()] = end;
            parameters += a + b;
        }
        length = end;
        count = parameters;
        if (length > Integer.MAX_VALUE) {
            throw new BadInput("LoRA: an adapter of rank " + shape.rank() + " has " + count + " parameters, more than "
                    + Integer.MAX_VALUE + "; choose a smaller rank or fewer target modules");
        }
        layers = new int[ends.length + 1];
        for (int layer = 0; layer < ends.length; layer++) {
            layers[layer + 1] = (int) Math.max(layers[layer], ends[layer]);
        }
    }

    private static long aligned(long elements) {
        return Math.ceilDiv(elements, (long) STEP) * STEP;
    }

    public ModelConfig model() {
        return shape.model();
    }

    public AdapterShape shape() {
        return shape;
    }

    /** Elements of the row, the unused ones between factors included. */
    public int length() {
        return (int) length;
    }

    /** How many parameters the adapter has. */
    public long parameterCount() {
        return count;
    }

    /**
     * Bytes of one such row: of the parameters, and as many again for gradients and for each moment of an optimiser.
     */
    public long bytes() {
        return length * DType.F32.bytes();
    }

    /** Where the elements of each layer begin, and behind the last one where they end. */
    public int[] layers() {
        return layers.clone();
    }

    /** First element of A (R, I). */
    public long a(int layer, Projection projection) {
        return start(layer, projection).a();
    }

    /** First element of B (O, R). */
    public long b(int layer, Projection projection) {
        return start(layer, projection).b();
    }

    private Start start(int layer, Projection projection) {
        Start start = starts.get(new Place(layer, projection));
        if (start == null) {
            throw new IllegalArgumentException("no factors at layer " + layer + ", " + projection);
        }
        return start;
    }
}
