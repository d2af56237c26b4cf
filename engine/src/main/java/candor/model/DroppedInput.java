package candor.model;

import candor.ops.Lora;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.HashMap;
import java.util.Map;

/**
 * What adapters see of a linear layer's input where they drop some of it, and the gradient of that: scratch of one linear
 * layer, since a mask is as quickly made again as kept. There is none of it where no adapter drops anything.
 */
final class DroppedInput {
    /** For passes in which nothing is dropped. */
    static final DroppedInput NONE = new DroppedInput();

    private final Map<Integer, Tensor> inputs = new HashMap<>();
    private final Map<Integer, Tensor> gradients = new HashMap<>();

    private DroppedInput() {}

    /** @param train whether a backward pass follows */
    DroppedInput(Workspace workspace, DType type, ModelConfig config, Adapters bank, int n, boolean train) {
        int widest = 0;
        for (int layer = 0; bank != null && layer < config.layers(); layer++) {
            for (Projection projection : Projection.values()) {
                Lora lora = bank.lora(layer, projection);
                widest = lora == null || lora.dropped() == null ? widest : Math.max(widest, projection.inputs(config));
            }
        }
        if (widest == 0) {
            return;
        }
        Tensor input = workspace.take(type, n, widest);
        Tensor gradient = train ? workspace.take(type, n, widest) : null;
        for (Projection projection : Projection.values()) {
            int width = projection.inputs(config);
            if (width <= widest) {
                inputs.put(width, input.columns(0, width));
                if (train) {
                    gradients.put(width, gradient.columns(0, width));
                }
            }
        }
    }

    /** (N, I) */
    Tensor input(Tensor x) {
        return inputs.get(x.cols());
    }

    /** (N, I), of {@link #input}. */
    Tensor gradient(Tensor x) {
        return gradients.get(x.cols());
    }
}
