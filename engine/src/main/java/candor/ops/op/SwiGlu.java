package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y = silu(gate) · up, with gateUp = [gate | up] and silu(g) = g·σ(g) (Shazeer 2020).
 *
 * @param y      (N, F) =
 * @param gateUp (N, 2F)
 */
public record SwiGlu(Tensor y, Tensor gateUp) implements Epilogue {
    @Override
    public String name() {
        return "swiGlu";
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, y, gateUp);
    }

    static void check(String op, DType activations, Tensor y, Tensor gateUp) {
        Operands.type(op, activations, y);
        Operands.type(op, activations, gateUp);
        Operands.require(y.rows() == gateUp.rows() && 2L * y.cols() == gateUp.cols(), op, y, gateUp);
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(y, gateUp);
    }

    @Override
    public long bytesBeside() {
        return Operands.bytes(y);
    }

    @Override
    public boolean inPlace() {
        return false;
    }
}
