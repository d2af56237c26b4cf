package candor.lora;

import candor.ops.Backend;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Where an adapter's numbers live: a backend's memory, which Java may not be able to touch, or an arena's. */
public interface Memory {
    /** A dense tensor, zero. */
    Tensor allocate(DType dtype, int rows, int cols);

    /** Copies values, row by row, into a dense float32 tensor. */
    void upload(Tensor to, float[] values);

    /** Copies a dense float32 tensor's values, row by row. */
    void download(float[] values, Tensor from);

    /** A weight whose values never change, where it is best read; it may be {@code host} itself. */
    FrozenWeight freeze(StoredWeight host);

    static Memory of(Backend backend) {
        return new Memory() {
            @Override
            public Tensor allocate(DType dtype, int rows, int cols) {
                return backend.allocate(dtype, rows, cols);
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
        };
    }

    static Memory of(Arena arena) {
        return new Memory() {
            @Override
            public Tensor allocate(DType dtype, int rows, int cols) {
                return Tensor.allocate(arena, dtype, rows, cols);
            }

            @Override
            public void upload(Tensor to, float[] values) {
                MemorySegment.copy(MemorySegment.ofArray(values), 0, to.data(), 0, to.bytes());
            }

            @Override
            public void download(float[] values, Tensor from) {
                MemorySegment.copy(from.data(), 0, MemorySegment.ofArray(values), 0, from.bytes());
            }

            @Override
            public FrozenWeight freeze(StoredWeight host) {
                return host;
            }
        };
    }
}
