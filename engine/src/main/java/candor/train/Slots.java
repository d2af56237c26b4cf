package candor.train;

import candor.ops.Batch;
import java.util.List;

/**
 * Where the rows of a run go through.
 *
 * @param policy    the slot of the adapter that is trained; {@link Batch#BASE} for the model's own weights
 * @param reference the slot of its frozen copy, or {@link Batch#BASE}
 * @param twins     slots of the same adapter with gradients of their own, for more micro-batches in a pass
 */
public record Slots(int policy, int reference, List<Integer> twins) {
    public Slots {
        twins = List.copyOf(twins);
    }

    /** One micro-batch in a pass. */
    public Slots(int policy, int reference) {
        this(policy, reference, List.of());
    }

    /** Where a micro-batch goes through that has so many of its run before it in its pass. */
    int policy(int before) {
        return before == 0 ? policy : twins.get(before - 1);
    }
}
