package candor.ops;

import candor.tensor.Tensor;

/**
 * One of several linear layers with the same input, see {@link Ops#linears}.
 *
 * @param y    (N, O) =
 * @param t    (N, {@link Lora#paddedRank}) =, as in {@link Ops#linear}; null where {@code lora} is null
 * @param w    (O, I), frozen
 * @param bias (1, O), or null
 * @param lora the adapters on this layer, or null
 */
public record Linear(Tensor y, Tensor t, Tensor w, Tensor bias, Lora lora) {}
