package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y = gelu(gate) · up, with gateUp = [gate | up] (Shazeer 2020) and the tanh form of gelu (Hendrycks and Gimpel 2016), which is
 * gelu(g) = ½g(1 + tanh z) = g·σ(2z) with z = √(2/π)·(g + 0.044715·g³).
 *
 * @param y      (N, F) =
 * @param gateUp (N, 2F)
 */
public record GeGlu(Tensor y, Tensor gateUp) implements Epilogue {
    @Override
    public String name() {
        return "geGlu";
    }

    @Override
    public void check(DType activations) {
        SwiGlu.check(name(), activations, y, gateUp);
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
