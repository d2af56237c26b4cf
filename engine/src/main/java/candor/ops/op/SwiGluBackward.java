package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dgate = dy·up·σ(g)(1 + g(1 − σ(g))), dup = dy·silu(g).
 *
 * @param dGateUp (N, 2F) =; may be {@code gateUp}
 * @param dy      (N, F)
 * @param gateUp  (N, 2F), the input of the forward pass
 */
public record SwiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) implements Op {
    @Override
    public String name() {
        return "swiGluBackward";
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
