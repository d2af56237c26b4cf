package candor.model;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.tensor.Tensor;

/**
 * One layer in one pass: everything that its operations want to know beside the residual stream.
 *
 * @param number    0 for the lowest
 * @param weights   its weights
 * @param gradients those of its weights; {@link LayerWeights#NONE} where they are frozen
 * @param heads     its heads, and how far they look
 * @param rope      (P, D), the rotations of its queries and keys
 * @param saved     what it computes on its way
 * @param bank      the adapters, or null
 * @param batch     the rows that go through it
 * @param kept      whether the way back reads what it computes now
 * @param cache     where the tokens before the batch's are, and its own will be; null where the batch holds whole sequences
 */
record Layer(
        int number,
        LayerWeights weights,
        LayerWeights gradients,
        Heads heads,
        Tensor rope,
        Saved saved,
        Adapters bank,
        Batch batch,
        boolean kept,
        KeyValues cache) {

    /** What adapters add to a linear layer, or null. */
    Lora lora(Projection projection) {
        return bank == null ? null : bank.lora(number, projection);
    }

    /** What an adapter makes of a linear layer's result, or null. */
    Affine affine(Projection projection, int slot) {
        return bank == null ? null : bank.affine(number, projection, slot);
    }

    /** Whether no row's result is scaled or has a bias of its slot's own. */
    boolean plain(Projection projection) {
        return bank == null || SlotParts.none(batch, slot -> bank.affine(number, projection, slot));
    }

    /** Whether somebody wants the gradient of its input: below the first layer there is only the embedding, which may be frozen. */
    boolean wantsInputGradient() {
        return number > 0 || gradients != LayerWeights.NONE;
    }

    /** The same layer for the rows with a target alone, in tensors for these. */
    Layer onlyTargets(Saved rows) {
        Batch targets = batch.onlyTargets();
        PageTables tables = cache.tables().of(batch, targets);
        return new Layer(
                number,
                weights,
                gradients,
                heads,
                rope,
                rows,
                bank,
                targets,
                kept,
                new KeyValues(cache.layers(), tables));
    }
}
