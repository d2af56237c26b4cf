package candor.check;

import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.op.Op;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * {@link Naive} with memory to work on: a backend of one thread and no tricks, to compare others with, and to plant bugs in:
 * the tests of the checker override one operation each.
 */
public class NaiveBackend extends Naive implements Backend {
    private final Arena arena = Arena.ofShared();

    public NaiveBackend() {
        this(DType.F32, DType.F32);
    }

    /**
     * @param type of activations and frozen matrices
     * @param products what operands of products are rounded to
     */
    public NaiveBackend(DType type, DType products) {
        super(type, products);
    }

    @Override
    public void run(Op op) {
        op.check(activations());
        super.run(op);
    }

    @Override
    public BackendDescriptor descriptor() {
        return new BackendDescriptor("naive", type(), products(), BackendDescriptor.Memory.HOST, true, 0);
    }

    @Override
    public String description() {
        return "plain loops in " + type() + ", one thread";
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        return Tensor.allocate(arena, dtype, rows, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        return new Workspace(bytes);
    }

    @Override
    public FrozenWeight freeze(StoredWeight host) {
        if (type() == DType.F32) {
            return host;
        }
        Tensor copy = Tensor.allocate(arena, type(), host.rows(), host.cols());
        for (int row = 0; row < host.rows(); row++) {
            Floats.put(copy, row, host.row(row));
        }
        return StoredWeight.of(copy);
    }

    @Override
    public Tensor constant(Tensor host) {
        return host;
    }

    @Override
    public void upload(Tensor to, float[] values) {
        Backend.requireValues("upload", to, values);
        for (int row = 0; row < to.rows(); row++) {
            Floats.put(to, row, Arrays.copyOfRange(values, row * to.cols(), (row + 1) * to.cols()));
        }
    }

    @Override
    public void download(float[] values, Tensor from) {
        Backend.requireValues("download", from, values);
        for (int row = 0; row < from.rows(); row++) {
            System.arraycopy(Floats.row(from, row), 0, values, row * from.cols(), from.cols());
        }
    }

    @Override
    public void synchronise() {
        // Every operation has ended when its method returns.
    }

    @Override
    public void close() {
        arena.close();
    }
}
