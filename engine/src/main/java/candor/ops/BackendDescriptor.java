package candor.ops;

import candor.tensor.DType;
import java.util.List;

/**
 * What is known of a backend before it is opened, and is asked for in the place of its name.
 *
 * @param name as users give it, and as records have it
 * @param activations type of activations, of their gradients, and of frozen matrices where it keeps its own copy
 * @param products type that the operands of matrix products are rounded to; their sums are float32
 * @param memory whose memory it computes on
 * @param trainsAllWeights whether it has the operations that give gradients to the base's own weights
 * @param device ordinal among the devices of its kind, from 0
 */
public record BackendDescriptor(
        String name, DType activations, DType products, Memory memory, boolean trainsAllWeights, int device) {
    /** Where a backend's tensors are. */
    public enum Memory {
        /** In this machine's memory, where weights are read as they lie. */
        HOST,
        /** On a device, which weights are copied to. */
        DEVICE,
        /** On a device that this machine plays, in its own memory: weights are copied there, too. */
        EMULATED
    }

    /** The processor, all in float32. */
    public static final BackendDescriptor CPU =
            new BackendDescriptor("cpu", DType.F32, DType.F32, Memory.HOST, true, 0);

    /** The first GPU. */
    public static final BackendDescriptor CUDA =
            new BackendDescriptor("cuda", DType.BF16, DType.BF16, Memory.DEVICE, false, 0);

    /** The kernels of {@link #CUDA}, run by this processor. */
    public static final BackendDescriptor CUDA_EMULATED =
            new BackendDescriptor("cuda-emulated", DType.BF16, DType.BF16, Memory.EMULATED, false, 0);

    /** All that can be asked for. */
    public static final List<BackendDescriptor> ALL = List.of(CPU, CUDA, CUDA_EMULATED);

    /** The same with operands of another type: see {@link #products}. */
    public BackendDescriptor withProducts(DType operands) {
        return new BackendDescriptor(name, activations, operands, memory, trainsAllWeights, device);
    }

    /** Whether it can round operands of products to a type. */
    public boolean takes(DType operands) {
        return memory == Memory.HOST ? operands == DType.F32 || operands == DType.BF16 : operands == products;
    }

    /** The type of {@link #products}, as users give it and as records have it. */
    public String dtype() {
        return products == DType.F32 ? "float32" : "bfloat16";
    }

    /** Whether only operands of products are of a shorter type: what it does by {@link #withProducts} alone. */
    public boolean roundsOperandsAlone() {
        return products != activations;
    }

    /** What decides the bytes of a result: the name, and the type where it is not the one that the name stands for. */
    public String identity() {
        return roundsOperandsAlone() ? name + " " + dtype() : name;
    }

    /** Whether it has memory of its own, where weights are copied to. */
    public boolean copiesWeights() {
        return memory != Memory.HOST;
    }
}
