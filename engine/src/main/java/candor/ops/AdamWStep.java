package candor.ops;

/**
 * The numbers of one AdamW step (Loshchilov and Hutter 2019, algorithm 2; as PyTorch computes it).
 *
 * @param learningRate the rate of this step
 * @param beta1        decay of the first moment
 * @param beta2        decay of the second moment
 * @param epsilon      added to the root of the second moment, after its bias correction
 * @param weightDecay  decoupled: the parameter shrinks by {@code learningRate · weightDecay} of itself
 * @param gradScale    every gradient is multiplied by this first (clipping by global norm)
 * @param step         1 for the first step: for the bias corrections
 */
public record AdamWStep(
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double gradScale,
        long step) {}
