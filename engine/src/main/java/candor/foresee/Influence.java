package candor.foresee;

/**
 * What a small step on a row would do to honesty, from the row's gradient.
 *
 * <p>A step on a row with loss ℓ moves parameters by −η Γ ∇ℓ, and an objective H by −η ∇H · Γ ∇ℓ to first order. So these are
 * larger for a row that does more harm:
 *
 * <ul>
 *   <li>{@link Score#gradientProduct}: ∇H · ∇ℓ, for plain gradient descent (TracIn: Pruthi et al. 2020, equation 1, at one
 *       checkpoint)
 *   <li>{@link Score#stepProduct}: ∇H · Γ ∇ℓ, where Γ = 1 / (√v̂ + ε) has Adam's second moments
 *   <li>{@link Score#cosine}: the cosine of ∇H and Γ ∇ℓ, which does not grow with the length of a row or its loss (LESS: Xia et al.
 *       2024, section 2.3; they let the row's own gradient into the moments, which are held fixed here, so that scores are linear in
 *       the gradient)
 * </ul>
 *
 * <p>Sums are in double precision, in the order in which pieces come: the same for every row, whatever shares its pass.
 */
public final class Influence implements RowGradients.Sink {
    /** The scores of a row; higher is more harm. */
    public record Score(double cosine, double stepProduct, double gradientProduct) {}

    private static final class Sums {
        double gradientProduct;
        double stepProduct;
        double stepSquares;
        /** Projected, or null. */
        double[] step;

        double[] gradient;
    }

    private final float[] probe;
    private final float[] steps;
    private final SignProjection projection;
    private final double probeNorm;
    private final double[] projectedProbe;
    private Sums[] rows = new Sums[0];

    /**
     * For one gradient of an objective.
     *
     * @param probe      (P) ∇H, over an adapter's row of parameters
     * @param steps      (P) the diagonal of Γ
     * @param projection what gradients go through before they are compared, or null to compare them whole
     */
    public Influence(float[] probe, float[] steps, SignProjection projection) {
        this.probe = probe;
        this.steps = steps;
        this.projection = projection;
        if (projection == null) {
            projectedProbe = null;
            probeNorm = norm(probe);
        } else {
            projectedProbe = new double[projection.width()];
            projection.add(projectedProbe, 0, probe, probe.length);
            probeNorm = Math.sqrt(product(projectedProbe, projectedProbe));
        }
    }

    /** Γ from Adam's second moments, which are v̂ = v / (1 − β₂ᵗ) after t steps (Kingma and Ba 2015, algorithm 1). */
    public static float[] steps(float[] secondMoments, double beta2, long stepsDone, double epsilon) {
        float[] steps = new float[secondMoments.length];
        double correction = 1 - Math.pow(beta2, stepsDone);
        for (int p = 0; p < steps.length; p++) {
            // Where nothing was ever learnt, no step is known: Adam itself would not divide by a moment of zero.
            steps[p] = secondMoments[p] == 0 ? 0 : (float) (1 / (Math.sqrt(secondMoments[p] / correction) + epsilon));
        }
        return steps;
    }

    /** Makes room for a batch of so many rows. */
    public void begin(int count) {
        rows = new Sums[count];
        for (int row = 0; row < count; row++) {
            rows[row] = new Sums();
            if (projection != null) {
                rows[row].step = new double[projection.width()];
                rows[row].gradient = new double[projection.width()];
            }
        }
    }

    @Override
    public void add(int row, long start, float[] gradient, int length) {
        Sums sums = rows[row];
        int from = Math.toIntExact(start);
        if (projection != null) {
            float[] step = new float[length];
            for (int i = 0; i < length; i++) {
                step[i] = gradient[i] * steps[from + i];
            }
            projection.add(sums.gradient, start, gradient, length);
            projection.add(sums.step, start, step, length);
            return;
        }
        double gradientProduct = 0;
        double stepProduct = 0;
        double stepSquares = 0;
        for (int i = 0; i < length; i++) {
            double step = (double) gradient[i] * steps[from + i];
            gradientProduct += (double) gradient[i] * probe[from + i];
            stepProduct += step * probe[from + i];
            stepSquares += step * step;
        }
        sums.gradientProduct += gradientProduct;
        sums.stepProduct += stepProduct;
        sums.stepSquares += stepSquares;
    }

    /** The scores of a row whose pass is over. */
    public Score score(int row) {
        Sums sums = rows[row];
        double stepProduct = projection == null ? sums.stepProduct : product(projectedProbe, sums.step);
        double gradientProduct = projection == null ? sums.gradientProduct : product(projectedProbe, sums.gradient);
        double norm = Math.sqrt(projection == null ? sums.stepSquares : product(sums.step, sums.step));
        double lengths = probeNorm * norm;
        return new Score(lengths == 0 ? 0 : stepProduct / lengths, stepProduct, gradientProduct);
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static double product(double[] one, double[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += one[i] * other[i];
        }
        return sum;
    }
}
