package candor.ops.op;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * The gradient of an embedding that is trained: the rows of the batch's tokens += their rows of dx, token by token.
 *
 * @param dTable (V, C) +=, the rows of tokens that are in the batch
 * @param dx     (N, C)
 */
public record EmbedBackward(Tensor dTable, Tensor dx, Batch batch) implements Op {
    @Override
    public String name() {
        return "embedBackward";
    }

    @Override
    public void check(DType activations) {
        Operands.f32(name(), dTable);
        Operands.shape(name(), activations, dx, batch.tokenCount(), dTable.cols());
        Operands.ids(name(), batch, dTable.rows());
    }

    @Override
    public int rows() {
        return dx.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(dx) + Operands.bytesOfRows(dTable, dx.rows());
    }
}
