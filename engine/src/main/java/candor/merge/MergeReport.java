package candor.merge;

import candor.tensor.DType;

/**
 * How far a merged model is from base and adapter, on sample texts.
 *
 * @param tokens        rows of logits that were compared
 * @param agreements    of how many the likeliest token is the same
 * @param largest       the largest difference of a logit
 * @param difference    root mean square of the differences
 * @param adapterEffect root mean square of what the adapter changes in the base's logits
 * @param spread        standard deviation of the logits
 */
public record MergeReport(
        int tokens, int agreements, double largest, double difference, double adapterEffect, double spread) {
    /** Whether the difference is no more than rounding to this type explains. */
    boolean explainedBy(DType dtype) {
        double share =
                switch (dtype) {
                    case F32 -> 1e-4;
                    case F16 -> 0.02;
                    default -> 0.1;
                };
        return Double.isFinite(largest) && difference <= share * spread;
    }

    boolean finite() {
        return Double.isFinite(largest);
    }

    /** Whether rounding has moved the logits more than a tenth as far as the adapter does. */
    public boolean blurred() {
        return difference > 0.1 * adapterEffect;
    }
}
