package candor.check;

import candor.tensor.Tensor;
import java.util.Map;
import java.util.OptionalDouble;

/** The tensors that stand for the arguments of a case in one run, and the number that the operation gave back. */
final class Values {
    /** The name of what an operation gives back. */
    static final String RETURNED = "result";

    private final Map<String, Tensor> tensors;
    private OptionalDouble returned = OptionalDouble.empty();

    Values(Map<String, Tensor> tensors) {
        this.tensors = Map.copyOf(tensors);
    }

    /** The tensor, or null where the case has none of this name: what is optional is left out there. */
    Tensor at(String name) {
        return tensors.get(name);
    }

    void returned(double value) {
        returned = OptionalDouble.of(value);
    }

    OptionalDouble returned() {
        return returned;
    }
}
