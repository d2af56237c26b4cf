package candor.ops.op;

import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Inverted dropout (Srivastava et al. 2014) for the rows whose slot drops something, forward and backward: y = or += x · k,
 * where k is 0 for an element that is dropped and 1/(1 − rate) for one that is kept. All other rows are left alone.
 *
 * @param y     (N, I)
 * @param x     (N, I); in the backward pass, the gradient of the forward pass's y
 * @param rates which slots drop how much; which elements, says the batch's key of the sequence
 * @param batch one that {@link Batch#drops}
 */
public record Dropout(Tensor y, Tensor x, DropoutRates rates, Batch batch, Write write) implements Op {
    @Override
    public String name() {
        return "dropout";
    }

    @Override
    public void check(DType activations) {
        Operands.shape(name(), activations, x, batch.tokenCount(), y.cols());
        Operands.same(name(), x, y);
        if (!batch.drops()) {
            throw new IllegalArgumentException(name() + ": the batch has no keys to drop by");
        }
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(y, x);
    }
}
