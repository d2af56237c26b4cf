package candor.model;

import candor.ops.Lora;
import candor.ops.weight.FrozenWeight;

/**
 * The adapters over a model, as its decoder sees them: what each slot adds to each linear layer, and what it has in place of
 * the model's own. From layer to layer all that may differ, but for the width of the intermediate products.
 */
public interface Adapters {
    /**
     * What the slots add to a linear layer; null where none touches it. Of one projection, all layers' have {@link
     * #paddedRank(Projection)}.
     */
    Lora lora(int layer, Projection projection);

    /** Columns of a projection's intermediate product, see {@link Lora#paddedRank}; 0 where no layer has factors. */
    int paddedRank(Projection projection);

    /** What becomes of a linear layer's result in the rows of a slot; null where it stays as it is. */
    Affine affine(int layer, Projection projection, int slot);

    /** (V, C), with which a slot embeds its tokens; null for the model's own. */
    FrozenWeight embedding(int slot);

    /** (V, C), the head of a slot; null for the model's own. */
    FrozenWeight head(int slot);

    /** Changes whenever a slot does: what was laid out for the adapters that were there has to be laid out anew. */
    long revision();
}
