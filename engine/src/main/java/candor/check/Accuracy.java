package candor.check;

/**
 * An error and what it may be.
 *
 * <p>Both are relative to the size of the tensor, in two norms: the largest difference over the largest value (one wrong
 * element), and the root mean square of the differences over that of the values (many slightly wrong ones). An
 * implementation may err twice as much as the yardstick does on the same case, plus {@link #FLOOR}: on short sums the
 * yardstick is exact by luck, and another order of additions or another exponential function is not.
 *
 * @param name  the tensor
 * @param error of the norm that is closer to its bound
 * @param bound for that norm
 */
record Accuracy(String name, double error, double bound) {
    /** Half the distance from 1 to the next float32. */
    static final double ROUNDOFF = 0x1p-24;

    /** Eight roundings: about what one chain of exp, division and product may lose anywhere. */
    static final double FLOOR = 8 * ROUNDOFF;

    /** Of a case that did not come so far. */
    static final Accuracy UNKNOWN = new Accuracy("", Double.NaN, Double.NaN);

    /** Of a case that has nothing to compute. */
    static final Accuracy PERFECT = new Accuracy("", 0, 0);

    /** Elements that the truth leaves alone (NaN) do not count. */
    static Accuracy of(Arg arg, boolean exact, double[] truth, float[] yardstick, float[] values) {
        double largest = arg.magnitude();
        double squares = 0;
        int count = 0;
        for (double value : truth) {
            if (!Double.isNaN(value)) {
                largest = Math.max(largest, Math.abs(value));
                squares += value * value;
                count++;
            }
        }
        double root = Math.max(arg.magnitude(), Math.sqrt(squares / Math.max(1, count)));
        double floor = exact ? 0 : FLOOR;
        Accuracy max = new Accuracy(
                arg.name(),
                ratio(farthest(truth, values), largest),
                2 * ratio(farthest(truth, yardstick), largest) + floor);
        Accuracy rms = new Accuracy(
                arg.name(), ratio(spread(truth, values), root), 2 * ratio(spread(truth, yardstick), root) + floor);
        return worse(max, rms);
    }

    /** A sum of {@code terms} numbers in double precision, in whatever order. */
    static Accuracy ofSum(double truth, double value, int terms) {
        return new Accuracy(Values.RETURNED, ratio(Math.abs(value - truth), Math.abs(truth)), terms * 0x1p-53);
    }

    static Accuracy worse(Accuracy one, Accuracy other) {
        return other.share() >= one.share() ? other : one;
    }

    /** False for NaN, too. */
    boolean holds() {
        return error <= bound;
    }

    /** How much of the bound is used up. */
    private double share() {
        return error == 0 ? 0 : error / bound;
    }

    private static double farthest(double[] truth, float[] values) {
        double farthest = 0;
        for (int i = 0; i < truth.length; i++) {
            farthest = Double.isNaN(truth[i]) ? farthest : Math.max(farthest, Math.abs(values[i] - truth[i]));
        }
        return farthest;
    }

    private static double spread(double[] truth, float[] values) {
        double squares = 0;
        int count = 0;
        for (int i = 0; i < truth.length; i++) {
            if (!Double.isNaN(truth[i])) {
                squares += (values[i] - truth[i]) * (values[i] - truth[i]);
                count++;
            }
        }
        return Math.sqrt(squares / Math.max(1, count));
    }

    private static double ratio(double difference, double size) {
        return difference == 0 ? 0 : difference / size;
    }
}
