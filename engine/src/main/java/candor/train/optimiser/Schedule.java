package candor.train.optimiser;

/**
 * The learning rate over a run, as transformers computes it: a straight rise over the warm-up, then the shape. The rate of
 * a step is read before the schedule moves on, so the first step of a warm-up has rate zero.
 *
 * @param shape       what follows the warm-up
 * @param peak        the rate at the end of the warm-up
 * @param warmupSteps steps of the warm-up, 0 for none
 * @param totalSteps  optimiser steps of the whole run
 */
public record Schedule(Shape shape, double peak, int warmupSteps, int totalSteps) {
    /** What follows the warm-up. */
    public enum Shape {
        /** Half a cosine wave down to zero at the end of the run. */
        COSINE,
        /** A straight line down to zero at the end of the run. */
        LINEAR,
        /** Stays at the peak. */
        CONSTANT
    }

    public Schedule {
        if (!(peak >= 0) || warmupSteps < 0 || totalSteps < 1) {
            throw new IllegalArgumentException(peak + ", " + warmupSteps + " of " + totalSteps);
        }
    }

    /** Warm-up steps of a run: given as a number they stand, otherwise the share of the run, rounded up. */
    public static int warmupSteps(int steps, double ratio, int totalSteps) {
        return steps > 0 ? steps : (int) Math.ceil(totalSteps * ratio);
    }

    /** The rate of a step, the first being 0. */
    public double rate(int step) {
        return peak * factor(step);
    }

    private double factor(int step) {
        if (step < warmupSteps) {
            return (double) step / Math.max(1, warmupSteps);
        }
        double rest = Math.max(1, totalSteps - warmupSteps);
        return switch (shape) {
            case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((step - warmupSteps) / rest))));
            case LINEAR -> Math.max(0, (totalSteps - step) / rest);
            case CONSTANT -> 1;
        };
    }
}
