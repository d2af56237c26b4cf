package candor.ops;

import candor.ops.op.Op;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.Siblings;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.WeightImage;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A backend that does what another does; who wants something beside that, overrides {@link #run}. */
public abstract class DecoratedBackend implements Backend {
    private final Backend backend;

    /** @param backend closed with this one */
    protected DecoratedBackend(Backend backend) {
        this.backend = backend;
    }

    @Override
    public void run(Op op) {
        backend.run(op);
    }

    @Override
    public boolean joins() {
        return backend.joins();
    }

    @Override
    public BackendDescriptor descriptor() {
        return backend.descriptor();
    }

    @Override
    public String description() {
        return backend.description();
    }

    @Override
    public String arithmetic() {
        return backend.arithmetic();
    }

    @Override
    public OptionalLong freeBytes() {
        return backend.freeBytes();
    }

    @Override
    public OptionalLong ownBytes() {
        return backend.ownBytes();
    }

    @Override
    public Optional<DeviceWork> work() {
        return backend.work();
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        return backend.allocate(dtype, rows, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        return backend.workspace(bytes);
    }

    @Override
    public Workspace hostWorkspace(long bytes) {
        return backend.hostWorkspace(bytes);
    }

    @Override
    public void copy(Tensor to, Tensor from) {
        backend.copy(to, from);
    }

    @Override
    public FrozenWeight freeze(StoredWeight host) {
        return backend.freeze(host);
    }

    @Override
    public Siblings freeze(Siblings host) {
        return backend.freeze(host);
    }

    @Override
    public WeightImage image(StoredWeight host) {
        return backend.image(host);
    }

    @Override
    public List<WeightImage> images(Siblings host) {
        return backend.images(host);
    }

    @Override
    public WeightPlaces weightPlaces(long bytes, int places, int buffers) {
        return backend.weightPlaces(bytes, places, buffers);
    }

    @Override
    public Tensor constant(Tensor host) {
        return backend.constant(host);
    }

    @Override
    public List<Tensor> constants(List<Tensor> host) {
        return backend.constants(host);
    }

    @Override
    public void upload(Tensor to, float[] values) {
        backend.upload(to, values);
    }

    @Override
    public void download(float[] values, Tensor from) {
        backend.download(values, from);
    }

    @Override
    public void synchronise() {
        backend.synchronise();
    }

    @Override
    public void close() {
        backend.close();
    }
}
