package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * The sum of the squares of x, in double precision.
 *
 * @param sum (1) =, on the host
 */
public record SumOfSquares(Tensor x, double[] sum) implements Op {
    public SumOfSquares(Tensor x) {
        this(x, new double[1]);
    }

    @Override
    public String name() {
        return "sumOfSquares";
    }

    @Override
    public void check(DType activations) {
        Operands.f32(name(), x);
    }

    @Override
    public int rows() {
        return x.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(x);
    }
}
