package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Several linear layers of the same input, whose results are {@link Linear}'s, one after the other.
 *
 * @param x (N, I)
 */
public record Linears(Tensor x, List<Layer> layers, Batch batch) implements Op {
    /**
     * One of them.
     *
     * @param y    (N, O) =
     * @param t    (N, {@link Lora#paddedRank}) =, as in {@link Linear}; null where {@code lora} is null
     * @param w    (O, I), frozen
     * @param bias (1, O), or null
     * @param lora the adapters on this layer, or null
     */
    public record Layer(Tensor y, Tensor t, Tensor w, Tensor bias, Lora lora) {
        /** This layer alone. */
        public Linear of(Tensor x, Batch batch) {
            return new Linear(y, t, x, w, bias, null, lora, batch);
        }
    }

    public Linears {
        layers = List.copyOf(layers);
    }

    @Override
    public String name() {
        return "linears";
    }

    @Override
    public String label() {
        return name() + " " + x.cols() + " to "
                + layers.stream().map(layer -> String.valueOf(layer.y().cols())).collect(Collectors.joining(" + "));
    }

    @Override
    public void check(DType activations) {
        for (Layer layer : layers) {
            Linear.check(name(), activations, layer.y, layer.t, x, layer.w, layer.bias, layer.lora, batch);
        }
    }

    @Override
    public int rows() {
        return x.rows();
    }

    @Override
    public long flops() {
        return layers.stream().mapToLong(layer -> layer.of(x, batch).flops()).sum();
    }

    /** The input once for all layers. */
    @Override
    public long bytes() {
        return Operands.bytes(x)
                + layers.stream()
                        .mapToLong(layer -> layer.of(x, batch).bytes() - Operands.bytes(x))
                        .sum();
    }
}
