package candor.generate;

import candor.model.KeyValues;
import candor.ops.Batch;
import java.util.List;

/**
 * What one pass computes.
 *
 * @param batch     the tokens, packed
 * @param cache     the pages of their sequences
 * @param sequences those of the batch, in its order
 */
record Step(Batch batch, KeyValues cache, List<Sequence> sequences) {}
