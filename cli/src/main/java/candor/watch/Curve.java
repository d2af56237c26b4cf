package candor.watch;

import candor.report.figure.LineChart.Point;
import java.util.ArrayList;
import java.util.List;

/** Values by step, in as many stretches as a chart can show: each has the mean of its steps, and they become longer as there are more. */
final class Curve {
    private static final int MOST = 240;
    private static final double LARGEST_STEP = 1e12;

    /** Of a stretch: the sum of steps, the sum of values, how many. */
    private double[][] bins = new double[MOST][3];

    private double width = 1;

    /** Takes a value in; one that is not finite, or at no step, is passed over. */
    void add(double step, double value) {
        if (!(step >= 0 && step <= LARGEST_STEP) || !Double.isFinite(value)) {
            return;
        }
        while (step / width >= MOST) {
            double[][] wider = new double[MOST][3];
            for (int i = 0; i < MOST; i++) {
                for (int k = 0; k < 3; k++) {
                    wider[i / 2][k] += bins[i][k];
                }
            }
            bins = wider;
            width *= 2;
        }
        double[] bin = bins[(int) (step / width)];
        bin[0] += step;
        bin[1] += value;
        bin[2]++;
    }

    List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (double[] bin : bins) {
            if (bin[2] > 0) {
                points.add(new Point(bin[0] / bin[2], bin[1] / bin[2], Double.NaN, Double.NaN));
            }
        }
        return points;
    }
}
