package candor.ops.op;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Rotates back, in place: the transposed rotation is its inverse, so this is the backward pass of {@link Rope}.
 *
 * @param dx    (N, G·D)
 * @param table (P, D), as in the forward pass
 */
public record RopeBackward(Tensor dx, Tensor table, Batch batch) implements Op {
    @Override
    public String name() {
        return "ropeBackward";
    }

    @Override
    public void check(DType activations) {
        Rope.check(name(), activations, dx, table, batch);
    }

    @Override
    public int rows() {
        return dx.rows();
    }

    @Override
    public long bytes() {
        return Rope.bytes(dx, table, batch);
    }
}
