package candor.model;

import candor.ops.Lora;

/**
 * The adapters over a model, as its decoder sees them: what each slot adds to each linear layer. The same projections
 * have adapters, of the same ranks, in every decoder layer.
 */
public interface Adapters {
    /** What the slots do to a linear layer; null where none touches it. */
    Lora lora(int layer, Projection projection);

    /** Changes whenever a slot does: what was laid out for the adapters that were there has to be laid out anew. */
    long revision();
}
