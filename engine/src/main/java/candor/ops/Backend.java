package candor.ops;

import candor.ops.weight.FrozenWeight;
import candor.ops.weight.Siblings;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightImage;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Somewhere to compute: the operations, and memory to compute on. */
public interface Backend extends Ops, AutoCloseable {
    /** What it is. */
    BackendDescriptor descriptor();

    /** Its name, for people and records. */
    default String name() {
        return descriptor().name();
    }

    /** What a person wants to know of it: processor, vector width, threads; device, driver, memory. */
    String description();

    /** What of it decides the bytes of a result: two that say the same compute the same. */
    default String arithmetic() {
        return description();
    }

    /** The type of activations, of their gradients, and of frozen matrices where this backend keeps its own copy. */
    default DType activations() {
        return descriptor().activations();
    }

    /** Bytes that its own memory has free; empty where it shares the host's. */
    default OptionalLong freeBytes() {
        return OptionalLong.empty();
    }

    /** Bytes of its own memory that it has taken; empty where it shares the host's. For the thread that computes. */
    default OptionalLong ownBytes() {
        return OptionalLong.empty();
    }

    /** What it was asked for beside what its device can do; empty where no data sheet says that. */
    default Optional<DeviceWork> work() {
        return Optional.empty();
    }

    /** A dense tensor, zero, that lives until the backend is closed. */
    Tensor allocate(DType dtype, int rows, int cols);

    /** Memory for a step, until it is closed. */
    Workspace workspace(long bytes);

    /** Memory of the host where a step's tensors can wait, until it is closed: see {@link #copy}. */
    default Workspace hostWorkspace(long bytes) {
        return new Workspace(bytes);
    }

    /**
     * Copies a dense tensor to another of its shape and type, one of them from {@link #hostWorkspace}: in its turn among the
     * operations, so that nobody waits.
     */
    default void copy(Tensor to, Tensor from) {
        MemorySegment.copy(from.data(), 0, to.data(), 0, from.bytes());
    }

    /**
     * A frozen weight as this backend reads it best: as it is stored where memory is shared, with an order of the backend's own
     * beside it perhaps; a copy on the device elsewhere, rounded to {@link #activations} there. Its values must not change
     * any more.
     */
    FrozenWeight freeze(StoredWeight host);

    /** The same for the weights of layers with the same input, which a backend may put together. */
    default Siblings freeze(Siblings host) {
        return new Siblings(host.parts().stream()
                .<Weight>map(part -> freeze(StoredWeight.of(part)))
                .toList());
    }

    /**
     * The same as bytes that are copied to the device whenever they are wanted, see {@link #weightPlaces}; where memory is shared
     * there is nothing to copy.
     */
    default WeightImage image(StoredWeight host) {
        throw new IllegalStateException(name() + " reads weights where they are");
    }

    /** The same for each weight of layers with the same input, to be copied one behind the other. */
    default List<WeightImage> images(Siblings host) {
        return host.parts().stream().map(part -> image(StoredWeight.of(part))).toList();
    }

    /**
     * Memory where weights take turns.
     *
     * @param bytes   of each place and each buffer
     * @param places  on the device
     * @param buffers on the host
     * @throws OutOfDeviceMemory where there is not so much
     */
    default WeightPlaces weightPlaces(long bytes, int places, int buffers) {
        throw new IllegalStateException(name() + " reads weights where they are");
    }

    /** What stays float32 where operations read it best: norms' weights, biases, rotary tables. Itself where memory is shared. */
    Tensor constant(Tensor host);

    /** The same for vectors (1, n) of layers with the same input, which a backend may put side by side. */
    default List<Tensor> constants(List<Tensor> host) {
        return host.stream().map(this::constant).toList();
    }

    /** Copies values, row by row, rounded to the tensor's type; the array may be longer. */
    void upload(Tensor to, float[] values);

    /** Copies a tensor's values, row by row; the array may be longer. */
    void download(float[] values, Tensor from);

    /** Refuses an array that does not have a value for each element. */
    static void requireValues(String what, Tensor tensor, float[] values) {
        if (values.length < tensor.elements()) {
            throw new IllegalArgumentException(what + ": " + values.length + " values for " + tensor.shape());
        }
    }

    /** Waits until everything asked for is done. */
    void synchronise();

    @Override
    void close();
}
