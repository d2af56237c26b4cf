package candor.lora;

import candor.BadInput;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.Arrays;

/**
 * Where an adapter's factors lie in its one row of parameters: layer after layer, within a layer in the order of {@link
 * Projection}, and of each projection A (R, I) before B (O, R), both row by row.
 *
 * <p>Each factor begins at a multiple of {@link Tensor#ALIGNMENT} bytes. The elements between are zero and stay so: no
 * gradient ever reaches them, and weight decay shrinks zero to zero.
 */
public final class AdapterLayout {
    private static final int STEP = (int) (Tensor.ALIGNMENT / DType.F32.bytes());
    private static final int PROJECTIONS = Projection.values().length;

    private final ModelConfig model;
    private final LoraConfig config;
    /** Where A and B of each projection begin within a layer; −1 for a projection without factors. */
    private final long[] starts = new long[2 * PROJECTIONS];

    private final long layerLength;
    private final long layerCount;

    /** @throws BadInput where the adapter has more parameters than fit into one row */
    public AdapterLayout(ModelConfig model, LoraConfig config) {
        this.model = model;
        this.config = config;
        Arrays.fill(starts, -1);
        long length = 0;
        long count = 0;
        for (Projection projection : config.projections()) {
            long a = (long) config.rank() * projection.inputs(model);
            long b = (long) config.rank() * projection.outputs(model);
            starts[2 * projection.ordinal()] = length;
            length += aligned(a);
            starts[2 * projection.ordinal() + 1] = length;
            length += aligned(b);
            count += a + b;
        }
        layerLength = length;
        layerCount = count;
        if (layerLength * model.layers() > Integer.MAX_VALUE) {
            throw new BadInput(
                    "LoRA: an adapter of rank " + config.rank() + " has " + parameterCount() + " parameters, more than "
                            + Integer.MAX_VALUE + "; choose a smaller rank or fewer target modules");
        }
    }

    private static long aligned(long elements) {
        return Math.ceilDiv(elements, (long) STEP) * STEP;
    }

    public ModelConfig model() {
        return model;
    }

    public LoraConfig config() {
        return config;
    }

    /** Elements of the row, the unused ones between factors included. */
    public int length() {
        return (int) (layerLength * model.layers());
    }

    /** How many parameters the adapter has. */
    public long parameterCount() {
        return layerCount * model.layers();
    }

    /**
     * Bytes of one such row: of the parameters, and as many again for gradients and for each moment of an optimiser.
     */
    public long bytes() {
        return (long) length() * DType.F32.bytes();
    }

    /** First element of A (R, I). */
    long a(int layer, Projection projection) {
        return start(layer, projection, 0);
    }

    /** First element of B (O, R). */
    long b(int layer, Projection projection) {
        return start(layer, projection, 1);
    }

    private long start(int layer, Projection projection, int factor) {
        if (layer < 0 || layer >= model.layers() || !config.projections().contains(projection)) {
            throw new IllegalArgumentException("no factors at layer " + layer + ", " + projection);
        }
        return layer * layerLength + starts[2 * projection.ordinal() + factor];
    }
}
