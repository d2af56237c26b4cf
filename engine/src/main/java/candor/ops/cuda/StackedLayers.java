package candor.ops.cuda;

import candor.ops.Lora;
import candor.ops.op.Epilogue;
import candor.ops.op.GeGlu;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.Rope;
import candor.ops.op.SwiGlu;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.Siblings;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Linear layers of one input as one layer (ΣO, I): their weights stand one below the other in memory, and what they compute, or are
 * given, stands side by side. Then it is one product forward, and one back over the joined outputs.
 *
 * <p>Where layers do not lie so, which is a matter of their memory and never of a batch, they are asked for one by one.
 *
 * @param w     (ΣO, I), as one or, in a backward pass, in parts
 * @param y     (N, ΣO), the outputs or their gradients
 * @param t     (N, P) of all adapters, or null where there are none
 * @param dt    the same of a backward pass, scratch; else null
 * @param bias  (1, ΣO), or null
 * @param loras the adapters of each layer that has some
 */
record StackedLayers(List<Weight> w, Tensor y, Tensor t, Tensor dt, Tensor bias, List<Part> loras) {
    /**
     * The adapters of one of the layers.
     *
     * @param column of {@link #t}, where theirs begin
     * @param output of the stacked layer, the first one of this layer
     */
    record Part(Lora lora, int column, int output) {}

    /** The layers of a forward pass, or null where they do not lie so. */
    static StackedLayers of(Linears op) {
        DeviceWeight w = DeviceWeight.stacked(op.w());
        Tensor y = columns(op.parts().stream().map(Linears.Part::y).toList());
        List<Linears.Part> adapted =
                op.parts().stream().filter(part -> part.lora() != null).toList();
        Tensor t = columns(adapted.stream().map(Linears.Part::t).toList());
        List<Tensor> biases = op.parts().stream()
                .map(Linears.Part::bias)
                .filter(Objects::nonNull)
                .toList();
        Tensor bias = columns(biases);
        if (w == null
                || !holds(y, w.rows())
                || t == null && !adapted.isEmpty()
                || !biases.isEmpty() && !holds(bias, w.rows())) {
            return null;
        }
        List<Part> loras = new ArrayList<>();
        int output = 0;
        for (Linears.Part part : op.parts()) {
            if (part.lora() != null) {
                loras.add(new Part(part.lora(), distance(t, part.t()), output));
            }
            output += part.y().cols();
        }
        return new StackedLayers(List.of(w), y, t, null, bias, loras);
    }

    /** Those of a backward pass, whose outputs are gradients; or null. */
    static StackedLayers of(LinearsBackward op) {
        List<Weight> w = joined(op.w());
        Tensor dy = columns(op.parts().stream().map(LinearsBackward.Part::dy).toList());
        List<LinearsBackward.Part> adapted =
                op.parts().stream().filter(part -> part.lora() != null).toList();
        Tensor t = columns(adapted.stream().map(LinearsBackward.Part::t).toList());
        Tensor dt = columns(adapted.stream().map(LinearsBackward.Part::dt).toList());
        if (w == null || !holds(dy, rows(w)) || !adapted.isEmpty() && (t == null || dt == null)) {
            return null;
        }
        List<Part> loras = new ArrayList<>();
        int output = 0;
        for (LinearsBackward.Part part : op.parts()) {
            if (part.lora() != null) {
                if (distance(t, part.t()) != distance(dt, part.dt())) {
                    return null;
                }
                loras.add(new Part(part.lora(), distance(t, part.t()), output));
            }
            output += part.dy().cols();
        }
        return new StackedLayers(w, dy, t, dt, null, loras);
    }

    /**
     * Siblings as one weight, or in parts where some are packed: a backward pass joins them as it unpacks them, so that a packed model
     * has the sums of its numbers. Null where they do not lie so.
     */
    private static List<Weight> joined(Siblings siblings) {
        DeviceWeight whole = DeviceWeight.stacked(siblings);
        if (whole != null) {
            return List.of(whole);
        }
        List<Weight> parts = siblings.parts();
        boolean packed = parts.stream().anyMatch(PackedOnDevice.class::isInstance);
        boolean frozen = parts.stream().allMatch(FrozenWeight.class::isInstance);
        return parts.size() > 1 && packed && frozen ? parts : null;
    }

    /** Whether what follows works on the outputs as they lie: then it can be asked for with the product. */
    boolean precede(Epilogue then) {
        return switch (then) {
            case null -> false;
            case Rope rope -> startsWith(rope.x());
            case SwiGlu gated -> holds(gated.gateUp(), y.cols()) && startsWith(gated.gateUp());
            case GeGlu gated -> holds(gated.gateUp(), y.cols()) && startsWith(gated.gateUp());
        };
    }

    /** Whether some columns are the first ones of the outputs. */
    private boolean startsWith(Tensor columns) {
        return columns.data().address() == y.data().address()
                && columns.stride() == y.stride()
                && columns.cols() <= y.cols();
    }

    private static int rows(List<Weight> parts) {
        return parts.stream().mapToInt(Weight::rows).sum();
    }

    private static boolean holds(Tensor tensor, int columns) {
        return tensor != null && tensor.cols() == columns;
    }

    /** The columns from the first tensor's first to the last one's last, where all are columns of one matrix and rise; else null. */
    private static Tensor columns(List<Tensor> tensors) {
        if (tensors.isEmpty()) {
            return null;
        }
        Tensor first = tensors.getFirst();
        int end = 0;
        for (Tensor each : tensors) {
            long from = (each.data().address() - first.data().address())
                    / each.dtype().bytes();
            if (each.dtype() != first.dtype()
                    || each.stride() != first.stride()
                    || from < end
                    || from + each.cols() > first.stride()) {
                return null;
            }
            end = (int) from + each.cols();
        }
        return new Tensor(first.data(), first.dtype(), first.rows(), end, first.stride());
    }

    private static int distance(Tensor first, Tensor other) {
        return (int) ((other.data().address() - first.data().address())
                / first.dtype().bytes());
    }
}
