package candor.bench;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.Linear;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What one call of an operation does, from its arguments.
 *
 * @param kind  the operation's name; of a linear layer and of the head with the shape of the weight
 * @param flops multiplications and additions of matrix products, as {@link Operations} counts them; 0 where memory alone counts
 */
record Work(String kind, double flops) {
    /** @param args in the order of {@link candor.ops.Ops} */
    static Work of(String name, Object[] args) {
        return switch (name) {
            case "linear" -> {
                Tensor x = (Tensor) args[2];
                Tensor w = (Tensor) args[3];
                Layer layer = new Layer(x.cols(), ((Tensor) args[0]).cols(), w == null);
                yield linear(name, layer, w == null ? 0 : product(x, w), 1, 1, args[6], args[7]);
            }
            case "linears" -> linears(name, (Tensor) args[0], (List<?>) args[1], args[2]);
            case "linearBackward" -> {
                boolean passedOn = args[0] != null;
                Tensor dy = (Tensor) args[2];
                Tensor w = (Tensor) args[5];
                Layer layer = new Layer(w == null ? ((Tensor) args[3]).cols() : w.cols(), dy.cols(), w == null);
                double base = passedOn && w != null ? 2.0 * dy.rows() * w.rows() * w.cols() : 0;
                yield linear(name, layer, base, passedOn ? 2 : 1, 2, args[6], args[7]);
            }
            case "attention" -> new Work(name, 2 * scores((Heads) args[3], (Batch) args[4]));
            case "attentionBackward" -> new Work(name, 5 * scores((Heads) args[5], (Batch) args[6]));
            case "logProb" -> head(name, 1, (Tensor) args[3], (Tensor) args[4]);
            case "logProbBackward" -> head(name, args[3] == null ? 2 : 1, (Tensor) args[4], (Tensor) args[5]);
            default -> new Work(name, 0);
        };
    }

    /** @param alone whether its adapters are computed without its weight */
    private record Layer(int inputs, int outputs, boolean alone) {}

    /**
     * @param base     of the product with the frozen weight
     * @param inward   products of the adapter as wide as the layer's input
     * @param outward  products of the adapter as wide as the layer's output
     */
    private static Work linear(
            String name, Layer layer, double base, int inward, int outward, Object lora, Object batch) {
        double narrow = lora == null
                ? 0
                : narrow((Lora) lora, (Batch) batch, (double) inward * layer.inputs + (double) outward * layer.outputs);
        String shaped = name + " " + layer.inputs + " to " + layer.outputs;
        return new Work(layer.alone ? shaped + ", adapters alone" : shaped, base + narrow);
    }

    /** Layers of the same input: by the name of the first's input and all outputs. */
    private static Work linears(String name, Tensor x, List<?> layers, Object batch) {
        double flops = 0;
        List<String> outputs = new ArrayList<>();
        for (Object each : layers) {
            Linear layer = (Linear) each;
            outputs.add(String.valueOf(layer.w().rows()));
            Layer shape = new Layer(x.cols(), layer.w().rows(), false);
            flops += linear(name, shape, product(x, layer.w()), 1, 1, layer.lora(), batch).flops;
        }
        return new Work(name + " " + x.cols() + " to " + String.join(" + ", outputs), flops);
    }

    /** @param width columns of all the adapter's products together */
    private static double narrow(Lora lora, Batch batch, double width) {
        double sum = 0;
        for (int s = 0; s < batch.sequenceCount(); s++) {
            Lora.Factors factors = lora.at(batch.slot(s));
            sum += factors == null ? 0 : 2.0 * batch.length(s) * factors.rank() * width;
        }
        return sum;
    }

    /** Of one product of attention: each token meets half of its sequence, and itself. */
    private static double scores(Heads heads, Batch batch) {
        double sum = 0;
        for (int s = 0; s < batch.sequenceCount(); s++) {
            double length = batch.length(s);
            sum += heads.queryCols() * length * (length + 1);
        }
        return sum;
    }

    private static Work head(String name, int products, Tensor x, Tensor head) {
        return new Work(name + " " + head.cols() + " to " + head.rows(), products * product(x, head));
    }

    private static double product(Tensor x, Tensor w) {
        return 2.0 * x.rows() * w.rows() * w.cols();
    }
}
