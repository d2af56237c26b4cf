package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dgate = dy·up·(σ(2z) + g·σ(2z)(1 − σ(2z))·2z′), dup = dy·gelu(g), with z as in {@link GeGlu} and z′ = √(2/π)·(1 + 3·0.044715·g²).
 *
 * @param dGateUp (N, 2F) =; may be {@code gateUp}
 * @param dy      (N, F)
 * @param gateUp  (N, 2F), the input of the forward pass
 */
public record GeGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) implements Op {
    @Override
    public String name() {
        return "geGluBackward";
    }

    @Override
    public void check(DType activations) {
        SwiGlu.check(name(), activations, dy, gateUp);
        Operands.same(name(), dGateUp, gateUp);
    }

    @Override
    public int rows() {
        return dGateUp.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(dGateUp, dy, gateUp);
    }
}
