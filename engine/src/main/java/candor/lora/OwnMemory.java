package candor.lora;

import candor.ops.Backend;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory on a backend for an adapter that comes and goes: tensors last until it is closed, and not as long as the backend. Frozen
 * weights (tables of an adapter's own) are the backend's still.
 */
public final class OwnMemory implements Memory, AutoCloseable {
    private final Backend backend;
    private final List<Workspace> taken = new ArrayList<>();

    public OwnMemory(Backend backend) {
        this.backend = backend;
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        if (dtype != DType.F32) {
            throw new IllegalArgumentException("an adapter's numbers are float32, not " + dtype);
        }
        Workspace workspace = backend.workspace(Workspace.bytesFor(dtype, rows, cols));
        taken.add(workspace);
        Tensor tensor = workspace.take(dtype, rows, cols);
        backend.upload(tensor, new float[Math.multiplyExact(rows, cols)]); // a device's memory holds whatever lay there
        return tensor;
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
    public FrozenWeight freeze(StoredWeight host) {
        return backend.freeze(host);
    }

    @Override
    public void close() {
        taken.forEach(Workspace::close);
        taken.clear();
    }
}
