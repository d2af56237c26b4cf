package candor.train;

import candor.ops.Batch;

/**
 * Where the rows of a run go through.
 *
 * @param policy    the slot of the adapter that is trained; {@link Batch#BASE} for the model's own weights
 * @param reference the slot of its frozen copy, or {@link Batch#BASE}
 */
public record Slots(int policy, int reference) {}
