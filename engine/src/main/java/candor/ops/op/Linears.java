package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.weight.Siblings;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Several linear layers of the same input, whose results are {@link Linear}'s; and what follows them on these results, as if it had
 * been asked for behind them, bytes and all: a backend may do it while they are at hand.
 *
 * @param x     (N, I)
 * @param w     (ΣO, I), a part for each layer
 * @param parts what each layer has beside its weight, in the same order
 * @param then  what follows, or null
 * @param kept  whether the layers' own results are wanted beside what comes of them; where they are not, they may be anything
 */
public record Linears(Tensor x, Siblings w, List<Part> parts, Epilogue then, boolean kept, Batch batch) implements Op {
    /**
     * One of the layers.
     *
     * @param y    (N, O) =
     * @param t    (N, {@link Lora#paddedRank}) =, as in {@link Linear}; null where {@code lora} is null
     * @param bias (1, O), or null
     * @param lora the adapters on this layer, or null
     */
    public record Part(Tensor y, Tensor t, Tensor bias, Lora lora) {}

    public Linears {
        parts = List.copyOf(parts);
        if (parts.size() != w.count()) {
            throw new IllegalArgumentException("linears: " + parts.size() + " parts for " + w.count() + " weights");
        }
        if (!kept && (then == null || then.inPlace())) {
            throw new IllegalArgumentException("linears: nothing is wanted of them");
        }
    }

    /** With nothing behind them. */
    public Linears(Tensor x, Siblings w, List<Part> parts, Batch batch) {
        this(x, w, parts, null, true, batch);
    }

    /** One layer alone. */
    public Linear linear(int index) {
        Part part = parts.get(index);
        return new Linear(part.y, part.t, x, w.part(index), part.bias, null, part.lora, batch);
    }

    private IntStream indices() {
        return IntStream.range(0, parts.size());
    }

    @Override
    public String name() {
        return "linears";
    }

    @Override
    public String label() {
        return name() + " " + x.cols() + " to "
                + parts.stream().map(part -> String.valueOf(part.y().cols())).collect(Collectors.joining(" + "))
                + (then == null ? "" : ", " + then.label());
    }

    @Override
    public void check(DType activations) {
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            Linear.check(name(), activations, part.y, part.t, x, w.part(i), part.bias, part.lora, batch);
        }
        if (then != null) {
            then.check(activations);
        }
    }

    @Override
    public int rows() {
        return x.rows();
    }

    @Override
    public long flops() {
        return indices().mapToLong(i -> linear(i).flops()).sum() + (then == null ? 0 : then.flops());
    }

    /** The input once for all layers, and of what follows only what they have not made. */
    @Override
    public long bytes() {
        long input = Operands.bytes(x);
        long made = kept
                ? 0
                : parts.stream().mapToLong(part -> Operands.bytes(part.y)).sum();
        return input
                + indices().mapToLong(i -> linear(i).bytes() - input).sum()
                - made
                + (then == null ? 0 : then.bytesBeside());
    }
}
