package candor.ops.op;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dx =: the rows of dy at the rows that have a target, zero elsewhere.
 *
 * @param dx (N, C) =
 * @param dy (T, C)
 */
public record ScatterTargets(Tensor dx, Tensor dy, Batch batch) implements Op {
    @Override
    public String name() {
        return "scatterTargets";
    }

    @Override
    public void check(DType activations) {
        Operands.targets(name(), activations, dx, dy, batch);
    }

    @Override
    public int rows() {
        return dx.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(dx, dy);
    }
}
