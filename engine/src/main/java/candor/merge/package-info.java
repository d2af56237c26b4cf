/**
 * An adapter folded into the weights that it was made for: a checkpoint that any program loads, and whose logits were
 * compared with those of base and adapter before it took its place.
 */
package candor.merge;
