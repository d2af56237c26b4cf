package candor.check;

import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.Map;

/** What stands for the arguments of a case in one run. */
final class Values {
    /** The name of what an operation gives back. */
    static final String RETURNED = "result";

    private final Map<String, Tensor> tensors;
    private final Map<String, Weight> weights;

    /** @param weights the arguments of {@link Arg.Kind#WEIGHT} */
    Values(Map<String, Tensor> tensors, Map<String, Weight> weights) {
        this.tensors = Map.copyOf(tensors);
        this.weights = Map.copyOf(weights);
    }

    /** The tensor, or null where the case has none of this name: what is optional is left out there. */
    Tensor at(String name) {
        return tensors.get(name);
    }

    /** The weight, or null as in {@link #at}. */
    Weight weight(String name) {
        return weights.get(name);
    }
}
