package candor.check;

import candor.ops.Backend;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.TrainedWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The arguments of a case in a backend's memory. Around each and in the gaps between its rows lie sentinels, NaNs with a
 * payload of their own: reading one spoils the result, writing one is seen. Outputs begin as another NaN, so that what
 * was never written is seen, too.
 */
final class Placed implements AutoCloseable {
    /** How the rows of every argument lie. */
    enum Layout {
        DENSE(0),
        /** Views whose rows begin anywhere and have gaps between them. */
        GAPS(3);

        private final int gap;

        Layout(int gap) {
            this.gap = gap;
        }
    }

    // Payloads in the upper half, so that bf16 has them, too.
    private static final int SENTINEL = 0x7fd5_0000;
    private static final int POISON = 0x7fea_0000;
    /** Codes have no NaN: a number that cases hardly have. */
    private static final float CODE_SENTINEL = 213;

    /** Elements before and behind each tensor; 64 bytes of float32, so that dense ones begin as tensors mostly do. */
    private static final int GUARD = 16;

    private final Case of;
    private final Backend backend;
    private final Layout layout;
    private final Arena arena = Arena.ofShared();
    private final Workspace workspace;
    private final Map<String, Tensor> floats = new LinkedHashMap<>();
    private final Map<String, Tensor> hosts = new LinkedHashMap<>();
    private final Map<String, byte[]> hostsBefore = new HashMap<>();
    private final Map<String, PackedWeight> packed = new LinkedHashMap<>();
    private final Map<String, Tensor> views = new HashMap<>();
    private final Map<String, Weight> weights = new HashMap<>();

    Placed(Case of, Backend backend, Layout layout) {
        this.of = of;
        this.backend = backend;
        this.layout = layout;
        long bytes = 0;
        for (Arg arg : of.args()) {
            bytes += Workspace.bytesFor(type(arg), 1, length(arg));
        }
        workspace = backend.workspace(bytes);
        for (Arg arg : of.args()) {
            if (arg.memoryOf() != null) {
                continue;
            }
            switch (arg.kind()) {
                case CONSTANT -> views.put(arg.name(), view(backend.constant(host(arg)), arg));
                case WEIGHT -> {
                    Weight weight = trained(arg)
                            ? new TrainedWeight(view(memory(arg), arg), null)
                            : backend.freeze(stored(arg));
                    weights.put(arg.name(), weight);
                }
                default -> views.put(arg.name(), view(memory(arg), arg));
            }
        }
        for (Arg arg : of.args()) {
            if (arg.memoryOf() != null) {
                views.put(arg.name(), views.get(arg.memoryOf()));
            }
        }
    }

    /**
     * Whether a weight is given as one that is trained: with gaps, where its type can be that of activations. So both kinds have to
     * give the same bytes, and sentinels lie around weights in a device's memory, too, where frozen ones are a backend's own.
     */
    private boolean trained(Arg arg) {
        return arg.kind() == Arg.Kind.WEIGHT
                && layout == Layout.GAPS
                && (arg.dtype() == DType.F32 || backend.activations() != DType.F32);
    }

    /** As its form has it; with gaps, the values that a packed one stands for: both kinds have to give the same bytes, too. */
    private StoredWeight stored(Arg arg) {
        if (arg.packing() == null || layout == Layout.GAPS) {
            return StoredWeight.of(view(host(arg), arg));
        }
        PackedWeight weight = arg.packing().weight(arg.shape(), arena);
        packed.put(arg.name(), weight);
        return weight;
    }

    private DType type(Arg arg) {
        return trained(arg) ? backend.activations() : arg.dtype();
    }

    private Tensor memory(Arg arg) {
        Tensor memory = workspace.take(type(arg), 1, length(arg));
        floats.put(arg.name(), memory);
        return memory;
    }

    private Tensor host(Arg arg) {
        Tensor host = Tensor.allocate(arena, arg.dtype(), 1, length(arg));
        fill(host, arg);
        hosts.put(arg.name(), host);
        hostsBefore.put(arg.name(), bytes(host));
        return host;
    }

    /** Fills the memory, runs the operation, and reads everything back. May be called again. */
    Outcome run() {
        Map<String, float[]> before = new HashMap<>();
        floats.forEach((name, memory) -> {
            float[] image = image(of.arg(name));
            before.put(name, image);
            backend.upload(memory, image);
        });
        OptionalDouble returned = of.run(backend, new Values(views, weights));
        backend.synchronise();

        Map<String, float[]> judged = new LinkedHashMap<>();
        String fault = changedWeight();
        for (Map.Entry<String, Tensor> entry : floats.entrySet()) {
            Arg arg = of.arg(entry.getKey());
            float[] after = new float[length(arg)];
            backend.download(after, entry.getValue());
            fault = fault == null ? trespass(arg, before.get(arg.name()), after) : fault;
            for (Arg shares : of.args()) {
                boolean here = shares == arg || arg.name().equals(shares.memoryOf());
                if (here && shares.kind().judged()) {
                    judged.put(shares.name(), elements(shares, after));
                }
            }
        }
        return new Outcome(judged, returned, fault);
    }

    static boolean isPoison(float value) {
        return Float.floatToRawIntBits(value) == POISON;
    }

    /** What was written where nothing may be written, or null. */
    private String trespass(Arg arg, float[] before, float[] after) {
        boolean shared = of.args().stream().anyMatch(other -> arg.name().equals(other.memoryOf()));
        boolean constant = arg.kind().constant() && !shared;
        for (int i = 0; i < after.length; i++) {
            if (Float.floatToRawIntBits(before[i]) == Float.floatToRawIntBits(after[i])) {
                continue;
            }
            long row = Math.floorDiv(i - start(), stride(arg));
            int col = Math.floorMod(i - start(), stride(arg));
            if (row < 0 || row >= arg.shape().rows() || col >= arg.shape().cols()) {
                return "wrote outside " + arg.name() + ", at row " + row + " column " + col;
            }
            if (constant) {
                return "changed its input " + arg.name() + " at (" + row + ", " + col + ")";
            }
        }
        return null;
    }

    private String changedWeight() {
        for (Map.Entry<String, Tensor> entry : hosts.entrySet()) {
            if (!Arrays.equals(bytes(entry.getValue()), hostsBefore.get(entry.getKey()))) {
                return "changed its weight " + entry.getKey();
            }
        }
        for (Map.Entry<String, PackedWeight> entry : packed.entrySet()) {
            if (!Arrays.equals(
                    Arg.values(entry.getValue()), of.arg(entry.getKey()).values())) {
                return "changed its weight " + entry.getKey();
            }
        }
        return null;
    }

    private static byte[] bytes(Tensor host) {
        return host.data().toArray(ValueLayout.JAVA_BYTE);
    }

    private float[] image(Arg arg) {
        float[] image = new float[length(arg)];
        Arrays.fill(image, arg.dtype() == DType.U8 ? CODE_SENTINEL : Float.intBitsToFloat(SENTINEL));
        int cols = arg.shape().cols();
        for (int row = 0; row < arg.shape().rows(); row++) {
            for (int col = 0; col < cols; col++) {
                boolean poison = arg.values() == null;
                image[start(arg, row) + col] =
                        poison ? Float.intBitsToFloat(POISON) : (float) arg.values()[row * cols + col];
            }
        }
        return image;
    }

    private void fill(Tensor host, Arg arg) {
        for (int i = 0; i < host.cols(); i++) {
            host.set(0, i, Float.NaN);
        }
        int cols = arg.shape().cols();
        for (int row = 0; row < arg.shape().rows(); row++) {
            for (int col = 0; col < cols; col++) {
                host.set(0, start(arg, row) + col, arg.values()[row * cols + col]);
            }
        }
    }

    private float[] elements(Arg arg, float[] memory) {
        float[] elements = new float[arg.shape().size()];
        int cols = arg.shape().cols();
        for (int row = 0; row < arg.shape().rows(); row++) {
            System.arraycopy(memory, start(arg, row), elements, row * cols, cols);
        }
        return elements;
    }

    private Tensor view(Tensor memory, Arg arg) {
        MemorySegment data = memory.columns(start(), memory.cols() - GUARD).data();
        return new Tensor(data, memory.dtype(), arg.shape().rows(), arg.shape().cols(), stride(arg));
    }

    private int start(Arg arg, int row) {
        return start() + row * stride(arg);
    }

    private int start() {
        return GUARD + layout.gap;
    }

    private int stride(Arg arg) {
        return Math.max(1, arg.shape().cols() + layout.gap);
    }

    private int length(Arg arg) {
        return start() + arg.shape().rows() * stride(arg) + GUARD;
    }

    @Override
    public void close() {
        workspace.close();
        arena.close();
    }
}
