package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Write;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dx = or += dy w + dt a, with dt = s · dy b; da += dtᵀ x and db += dyᵀ t for trained adapters. The gradient of a
 * weight that is trained is {@link LinearWeightGradient}.
 *
 * @param dx (N, I), or null where nobody wants it
 * @param dt (N, {@link Lora#paddedRank}), scratch; null where {@code lora} is null
 * @param dy (N, O)
 * @param x  (N, I), the input of the forward pass; only read where {@code lora} has a trained adapter
 * @param t  (N, {@link Lora#paddedRank}), from the forward pass
 * @param w  (O, I), or null, which adds nothing: {@code lora} is there then
 */
public record LinearBackward(
        Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Weight w, Lora lora, Batch batch, Write write)
        implements Op {
    @Override
    public String name() {
        return "linearBackward";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), inputs(), dy.cols()) + Linear.alone(w);
    }

    /** I, the layer's inputs. */
    public int inputs() {
        return w == null ? x.cols() : w.cols();
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, this);
    }

    static void check(String op, DType activations, LinearBackward o) {
        int n = o.batch.tokenCount();
        Operands.shape(op, activations, o.dy, n, o.dy.cols());
        if (o.dx != null) {
            Operands.shape(op, activations, o.dx, n, o.dx.cols());
            Linear.weight(op, activations, o.dy, o.dx, o.w, o.lora);
        }
        if (o.lora != null) {
            Operands.shape(op, activations, o.x, n, o.inputs());
            Linear.weight(op, activations, o.dy, o.x, o.w, o.lora);
            Adapted.check(op, activations, o.lora, o.t, o.dy, o.x, o.batch);
            Operands.same(op, o.t, o.dt);
            Operands.require(o.dx == null || o.dx.cols() == o.x.cols(), op, o.dx, o.x);
        }
    }

    @Override
    public int rows() {
        return dy.rows();
    }

    @Override
    public long flops() {
        boolean wanted = dx != null;
        return (wanted && w != null ? Operands.product(dy, w) : 0)
                + Adapted.backwardFlops(lora, batch, inputs(), dy.cols(), wanted);
    }

    @Override
    public long bytes() {
        return bytes(dx != null, Adapted.trained(lora, batch));
    }

    /**
     * @param wanted whether somebody wants dx
     * @param input  whether x counts
     */
    long bytes(boolean wanted, boolean input) {
        return Operands.bytes(dx, dy, input ? x : null)
                + Operands.bytes(wanted ? w : null)
                + Adapted.backwardBytes(lora, dt, t, batch, wanted);
    }
}
