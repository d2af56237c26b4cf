package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Write;
import candor.ops.weight.Siblings;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The way back through {@link Linears}: dx = or += the sum of what {@link LinearBackward} gives for each layer, from the last to
 * the first; da and db are each layer's own.
 *
 * @param dx    (N, I), or null where nobody wants it
 * @param x     (N, I), the input of the forward pass; only read where a layer has a trained adapter
 * @param w     (ΣO, I), a part for each layer
 * @param parts what each layer has beside its weight, in the same order
 */
public record LinearsBackward(Tensor dx, Tensor x, Siblings w, List<Part> parts, Batch batch, Write write)
        implements Op {
    /**
     * One of the layers.
     *
     * @param dt   (N, {@link Lora#paddedRank}), scratch, which layers may share; null where {@code lora} is null
     * @param dy   (N, O)
     * @param t    (N, {@link Lora#paddedRank}), from the forward pass
     * @param lora the adapters on this layer, or null
     */
    public record Part(Tensor dt, Tensor dy, Tensor t, Lora lora) {}

    public LinearsBackward {
        parts = List.copyOf(parts);
        if (parts.size() != w.count()) {
            throw new IllegalArgumentException(
                    "linearsBackward: " + parts.size() + " parts for " + w.count() + " weights");
        }
    }

    /** One layer alone, after all behind it. */
    public LinearBackward linear(int index) {
        Part part = parts.get(index);
        Write how = index == parts.size() - 1 ? write : Write.ADD;
        return new LinearBackward(dx, part.dt, part.dy, x, part.t, w.part(index), part.lora, batch, how);
    }

    private IntStream indices() {
        return IntStream.range(0, parts.size());
    }

    @Override
    public String name() {
        return "linearsBackward";
    }

    @Override
    public String label() {
        return name() + " " + w.cols() + " to "
                + parts.stream().map(part -> String.valueOf(part.dy().cols())).collect(Collectors.joining(" + "));
    }

    @Override
    public void check(DType activations) {
        for (int i = 0; i < parts.size(); i++) {
            LinearBackward.check(name(), activations, linear(i));
        }
    }

    @Override
    public int rows() {
        return parts.getFirst().dy().rows();
    }

    @Override
    public long flops() {
        return indices().mapToLong(i -> linear(i).flops()).sum();
    }

    /** Both gradients of the input, and the input, once for all layers. */
    @Override
    public long bytes() {
        boolean trained = parts.stream().anyMatch(part -> Adapted.trained(part.lora(), batch));
        return Operands.bytes(dx)
                + (trained ? Operands.bytes(x) : 0)
                + indices()
                        .mapToLong(i -> linear(i).bytes(dx != null, false) - Operands.bytes(dx))
                        .sum();
    }
}
