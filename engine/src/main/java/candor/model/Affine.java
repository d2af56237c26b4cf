package candor.model;

import candor.tensor.Tensor;

/**
 * What an adapter makes of a linear layer beside adding to it: y = scale ∘ (x wᵀ + t bᵀ) + bias, see {@link
 * candor.ops.Ops#affine}.
 *
 * @param scale (1, O), of each column; null for one
 * @param bias  (1, O), in place of the layer's own; null where that one stays
 */
public record Affine(Tensor scale, Tensor bias) {}
