package candor.ops.op;

import candor.ops.Batch;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * x = the rows of the table, one for each token of the batch.
 *
 * @param x     (N, C) =
 * @param table (V, C)
 */
public record Embed(Tensor x, Weight table, Batch batch) implements Op {
    @Override
    public String name() {
        return "embed";
    }

    @Override
    public void check(DType activations) {
        Operands.weight(name(), activations, table);
        Operands.shape(name(), activations, x, batch.tokenCount(), table.cols());
        Operands.ids(name(), batch, table.rows());
    }

    @Override
    public int rows() {
        return x.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(x) + table.bytesOfRows(x.rows());
    }
}
