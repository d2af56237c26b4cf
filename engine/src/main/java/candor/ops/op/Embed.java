package candor.ops.op;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * x = the rows of the table, one for each token of the batch.
 *
 * @param x     (N, C) =
 * @param table (V, C), frozen
 */
public record Embed(Tensor x, Tensor table, Batch batch) implements Op {
    @Override
    public String name() {
        return "embed";
    }

    @Override
    public void check(DType activations) {
        Operands.frozen(name(), activations, table);
        Operands.shape(name(), activations, x, batch.tokenCount(), table.cols());
        Operands.ids(name(), batch, table);
    }

    @Override
    public int rows() {
        return x.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(x) + Operands.bytesOfRows(table, x.rows());
    }
}
