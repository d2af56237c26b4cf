package candor.train;

import candor.ops.Backend;
import candor.ops.DecoratedBackend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;

/** A backend that does all that another does, and counts the bytes that are taken of it. */
final class Counting extends DecoratedBackend {
    private long allocated;
    private long workspace;
    private long hostWorkspace;

    Counting(Backend counted) {
        super(counted);
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        allocated += (long) rows * cols * dtype.bytes();
        return super.allocate(dtype, rows, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        workspace = Math.max(workspace, bytes);
        return super.workspace(bytes);
    }

    @Override
    public Workspace hostWorkspace(long bytes) {
        hostWorkspace = Math.max(hostWorkspace, bytes);
        return super.hostWorkspace(bytes);
    }

    /** Of tensors that live as long as the backend. */
    long allocated() {
        return allocated;
    }

    /** Of the largest {@link Workspace}. */
    long workspace() {
        return workspace;
    }

    /** Of the largest workspace of the host's. */
    long hostWorkspace() {
        return hostWorkspace;
    }
}
