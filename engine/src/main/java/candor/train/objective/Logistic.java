package candor.train.objective;

/** The logistic function, exact at both ends. */
final class Logistic {
    private Logistic() {}

    /** σ(x) = 1 / (1 + e^−x). */
    static double sigmoid(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    /** log σ(x). */
    static double logSigmoid(double x) {
        return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }
}
