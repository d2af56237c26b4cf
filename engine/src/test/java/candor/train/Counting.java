package candor.train;

import candor.ops.Backend;
import candor.ops.CountedPlaces;
import candor.ops.DecoratedBackend;
import candor.ops.WeightPlaces;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;

/** A backend that does all that another does, and counts the bytes that are taken of it. */
final class Counting extends DecoratedBackend {
    private long allocated;
    private long workspace;
    private long hostWorkspace;
    private long place;
    private long copied;

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
        hostWorkspace += bytes;
        return super.hostWorkspace(bytes);
    }

    @Override
    public WeightPlaces weightPlaces(long bytes, int places, int buffers) {
        place = bytes;
        return new CountedPlaces(super.weightPlaces(bytes, places, buffers), sent -> copied += sent);
    }

    /** Of each place where weights take turns. */
    long place() {
        return place;
    }

    /** Of all that was copied there. */
    long copied() {
        return copied;
    }

    /** Of tensors that live as long as the backend. */
    long allocated() {
        return allocated;
    }

    /** Of the largest {@link Workspace}. */
    long workspace() {
        return workspace;
    }

    /** Of all host workspaces. */
    long hostWorkspace() {
        return hostWorkspace;
    }
}
