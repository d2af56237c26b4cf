package candor.ops.cuda;

import candor.bindings.NativeLibrary;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.DeviceWork;
import candor.ops.WeightPlaces;
import candor.ops.op.Op;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.Siblings;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightImage;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The kernels of a GPU, or of the emulator that plays one. For one caller at a time.
 *
 * <p>Calls are collected until somebody needs what they do, a download or a sum, and go over as one graph where the same calls
 * have come before; see {@link GraphCache}. The bytes are the same. {@code -Dcandor.cuda.graphs=false} issues each at once.
 */
public final class CudaBackend implements Backend {
    /** "false" where no graphs are wanted: to see which call fails. */
    public static final String GRAPHS = "candor.cuda.graphs";

    /** Bytes of pinned memory on the way to a device and back. */
    public static final long STAGING_BYTES = Staging.ALL_BYTES;

    private final BackendDescriptor descriptor;
    private final Device device;
    private final Staging staging;
    private final OperationCalls operations;
    private final OptionalDouble peak;
    private long flops;

    /** Which device is taken; null where the descriptor says it. */
    private static volatile Integer taken;

    /** Where none was taken: the number of a process that takes its own, in turn. */
    private static volatile int turn;

    /** Takes the device of an ordinal from now on. */
    public static void take(int ordinal) {
        taken = ordinal;
    }

    /** Takes, where none is taken, the device whose turn it is. */
    public static void takeInTurn(int process) {
        turn = process;
    }

    /** @param count how many devices there are */
    private static int ordinal(BackendDescriptor descriptor, int count) {
        Integer asked = taken;
        return asked != null ? asked : count == 0 ? 0 : (descriptor.device() + turn) % count;
    }

    private CudaBackend(BackendDescriptor descriptor, NativeLibrary library) {
        this.descriptor = descriptor;
        device = new Device(library, count -> ordinal(descriptor, count), !"false".equals(System.getProperty(GRAPHS)));
        staging = new Staging(device);
        operations = new OperationCalls(device, staging);
        peak = DataSheet.bf16(device.name());
    }

    /**
     * The first GPU.
     *
     * @throws candor.BadInput where there is none, or the library is missing: the line says what was looked for
     */
    public static CudaBackend open() {
        return new CudaBackend(BackendDescriptor.CUDA, NativeLibrary.CUDA);
    }

    /**
     * The same kernels, run by this processor: slow, and for checking them.
     *
     * @throws candor.BadInput where the library is missing: the line says what was looked for
     */
    public static CudaBackend emulated() {
        return new CudaBackend(BackendDescriptor.CUDA_EMULATED, NativeLibrary.EMULATED);
    }

    /** The device that is described. */
    public static CudaBackend open(BackendDescriptor descriptor) {
        return new CudaBackend(
                descriptor,
                descriptor.memory() == BackendDescriptor.Memory.DEVICE ? NativeLibrary.CUDA : NativeLibrary.EMULATED);
    }

    @Override
    public BackendDescriptor descriptor() {
        return descriptor;
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public OptionalLong freeBytes() {
        return OptionalLong.of(device.free());
    }

    @Override
    public OptionalLong ownBytes() {
        return OptionalLong.of(device.held());
    }

    @Override
    public Optional<DeviceWork> work() {
        return peak.isPresent() ? Optional.of(new DeviceWork(flops, peak.getAsDouble())) : Optional.empty();
    }

    /** What became of graphs so far. */
    public GraphUse graphs() {
        return device.calls().use();
    }

    /** Bytes of the device's memory that are in use; what is kept for the next use is given up when others need it. */
    public long usedBytes() {
        return device.used();
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        return Tensor.of(device.allocateZero((long) rows * cols * dtype.bytes()), dtype, rows, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        MemorySegment memory = device.allocate(bytes);
        return Workspace.onDevice(memory, bytes, () -> {
            operations.images().released(memory, bytes);
            device.release(memory);
        });
    }

    /** Pinned: the device copies by itself. */
    @Override
    public Workspace hostWorkspace(long bytes) {
        MemorySegment memory = device.pinned(bytes);
        return Workspace.over(memory, () -> device.releasePinned(memory));
    }

    @Override
    public void copy(Tensor to, Tensor from) {
        operations.copy(to, from);
    }

    @Override
    public FrozenWeight freeze(StoredWeight host) {
        if (host instanceof PackedWeight packed) {
            return PackedOnDevice.of(packed, device, staging);
        }
        Tensor copy = room(DType.BF16, host.rows(), host.cols());
        staging.upload(copy, host);
        return new DeviceWeight(copy, null);
    }

    /** One below the other, where none is packed, so that they are one product. */
    @Override
    public Siblings freeze(Siblings host) {
        if (!stackable(host)) {
            return Backend.super.freeze(host);
        }
        int rows = host.parts().stream().mapToInt(Weight::rows).sum();
        Tensor whole = room(DType.BF16, rows, host.cols());
        List<Weight> parts = new ArrayList<>();
        int end = 0;
        for (Weight part : host.parts()) {
            int start = end;
            end += part.rows();
            Tensor own = whole.rows(start, end);
            staging.upload(own, StoredWeight.of(part));
            parts.add(new DeviceWeight(own, whole));
        }
        return new Siblings(parts);
    }

    private static boolean stackable(Siblings host) {
        return host.count() > 1
                && host.parts().stream().noneMatch(part -> StoredWeight.of(part) instanceof PackedWeight);
    }

    @Override
    public WeightImage image(StoredWeight host) {
        return host instanceof PackedWeight packed ? PackedOnDevice.image(packed) : DeviceWeight.image(host);
    }

    @Override
    public List<WeightImage> images(Siblings host) {
        return stackable(host)
                ? DeviceWeight.images(
                        host.parts().stream().map(StoredWeight::of).toList())
                : Backend.super.images(host);
    }

    @Override
    public WeightPlaces weightPlaces(long bytes, int places, int buffers) {
        return new PlacesOnDevice(device, bytes, places, buffers);
    }

    @Override
    public Tensor constant(Tensor host) {
        if (host.dtype() != DType.F32) {
            throw new IllegalArgumentException("constant: wants F32, got " + host.shape());
        }
        Tensor copy = room(DType.F32, host.rows(), host.cols());
        staging.upload(copy, host);
        return copy;
    }

    /** Side by side. */
    @Override
    public List<Tensor> constants(List<Tensor> host) {
        Tensor all = room(DType.F32, 1, host.stream().mapToInt(Tensor::cols).sum());
        List<Tensor> copies = new ArrayList<>();
        int end = 0;
        for (Tensor each : host) {
            Tensor own = all.columns(end, end + each.cols());
            staging.upload(own, each);
            copies.add(own);
            end += each.cols();
        }
        return copies;
    }

    private Tensor room(DType type, int rows, int cols) {
        return Tensor.of(device.allocate((long) rows * cols * type.bytes()), type, rows, cols);
    }

    @Override
    public void upload(Tensor to, float[] values) {
        Backend.requireValues("upload", to, values);
        staging.upload(to, values);
        operations.images().written(to);
    }

    @Override
    public void download(float[] values, Tensor from) {
        Backend.requireValues("download", from, values);
        staging.download(values, from);
    }

    @Override
    public void synchronise() {
        device.synchronise();
    }

    @Override
    public boolean joins() {
        return true;
    }

    @Override
    public void run(Op op) {
        op.check(activations());
        flops += op.flops();
        operations.run(op);
    }

    @Override
    public void close() {
        try {
            staging.close();
        } finally {
            device.close();
            operations.close();
        }
    }
}
