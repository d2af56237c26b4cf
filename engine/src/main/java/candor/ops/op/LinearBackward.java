package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dx = or += dy w + dt a, with dt = s · dy b; da += dtᵀ x and db += dyᵀ t for trained adapters. The frozen weight gets
 * no gradient.
 *
 * @param dx (N, I), or null where nobody wants it
 * @param dt (N, {@link Lora#paddedRank}), scratch; null where {@code lora} is null
 * @param dy (N, O)
 * @param x  (N, I), the input of the forward pass; only read where {@code lora} has a trained adapter
 * @param t  (N, {@link Lora#paddedRank}), from the forward pass
 * @param w  (O, I), or null, which adds nothing: {@code lora} is there then
 */
public record LinearBackward(
        Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Lora lora, Batch batch, Write write)
        implements Op {
    @Override
    public String name() {
        return "linearBackward";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), inputs(), dy.cols(), w);
    }

    /** I, the layer's inputs. */
    public int inputs() {
        return w == null ? x.cols() : w.cols();
    }

    @Override
    public void check(DType activations) {
        Operands.shape(name(), activations, dy, batch.tokenCount(), dy.cols());
        if (dx != null) {
            Operands.shape(name(), activations, dx, batch.tokenCount(), dx.cols());
            Linear.weight(name(), activations, dy, dx, w, lora);
        }
        if (lora != null) {
            Operands.shape(name(), activations, x, batch.tokenCount(), inputs());
            Linear.weight(name(), activations, dy, x, w, lora);
            Adapted.check(name(), activations, lora, t, dy, x, batch);
            Operands.same(name(), t, dt);
            Operands.require(dx == null || dx.cols() == x.cols(), name(), dx, x);
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
        boolean wanted = dx != null;
        return Operands.bytes(dx, dy, wanted ? w : null) + Adapted.backwardBytes(lora, dt, x, t, batch, wanted);
    }
}
