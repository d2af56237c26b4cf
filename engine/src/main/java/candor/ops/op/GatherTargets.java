package candor.ops.op;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y = the rows of x that have a target.
 *
 * @param y (T, C) =
 * @param x (N, C)
 */
public record GatherTargets(Tensor y, Tensor x, Batch batch) implements Op {
    @Override
    public String name() {
        return "gatherTargets";
    }

    @Override
    public void check(DType activations) {
        Operands.targets(name(), activations, x, y, batch);
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long bytes() {
        return 2 * Operands.bytes(y);
    }
}
