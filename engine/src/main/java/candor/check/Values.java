package candor.check;

import candor.tensor.Tensor;
import java.util.Map;

/** The tensors that stand for the arguments of a case in one run. */
final class Values {
    /** The name of what an operation gives back. */
    static final String RETURNED = "result";

    private final Map<String, Tensor> tensors;

    Values(Map<String, Tensor> tensors) {
        this.tensors = Map.copyOf(tensors);
    }

    /** The tensor, or null where the case has none of this name: what is optional is left out there. */
    Tensor at(String name) {
        return tensors.get(name);
    }
}
