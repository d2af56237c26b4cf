package candor.report;

import candor.report.stats.Crossed;
import candor.report.stats.Interval;
import candor.report.stats.Rates;
import candor.report.stats.SignFlip;
import candor.study.record.Arm;
import candor.study.record.Metric;
import java.util.Arrays;
import java.util.List;

/**
 * An arm against its reference, in points of the metric, over the seeds and rows that both have.
 *
 * @param reference the arm that it is held against; null for a trend over several arms
 * @param what is compared, in words
 * @param relative change in percent of the reference; NaN for a trend
 * @param rows 0 where there are none, and seeds' scores were compared
 * @param rowsP of the permutation test over rows, the training runs taken as they are; NaN where there are no rows
 * @param holm the p-value corrected within its family
 */
record Difference(
        Metric metric,
        Arm arm,
        Arm reference,
        String what,
        double value,
        double error,
        Interval interval,
        double relative,
        int seeds,
        int rows,
        double p,
        double rowsP,
        double holm) {
    static Difference of(StudyData data, Metric metric, Arm arm, Arm reference) {
        List<Rates> rates = data.rates(List.of(reference, arm), metric);
        double before = rates.getFirst().value();
        double relative = before == 0 ? Double.NaN : 100 * (rates.getLast().value() / before - 1);
        String what = arm.label() + " against " + reference.label();
        return of(data, metric, arm, reference, what, relative, rates, new double[] {-1, 1});
    }

    /** The change of a metric as a dose grows by {@code per}, by least squares through the arms. */
    static Difference trend(StudyData data, Metric metric, List<Arm> arms, double[] doses, double per, String what) {
        double mean = Arrays.stream(doses).average().orElseThrow();
        double squares = Arrays.stream(doses).map(d -> (d - mean) * (d - mean)).sum();
        double[] weights =
                Arrays.stream(doses).map(d -> per * (d - mean) / squares).toArray();
        return of(data, metric, arms.getLast(), null, what, Double.NaN, data.rates(arms, metric), weights);
    }

    private static Difference of(
            StudyData data,
            Metric metric,
            Arm arm,
            Arm reference,
            String what,
            double relative,
            List<Rates> rates,
            double[] weights) {
        double[][] table = Rates.combine(weights, rates.toArray(new Rates[0]));
        Crossed crossed = Crossed.ofContrast(table, weights, data.luck(arm, metric));
        double margin = 100 * crossed.margin(Estimate.LEVEL);
        double value = 100 * crossed.mean();
        return new Difference(
                metric,
                arm,
                reference,
                what,
                value,
                100 * crossed.standardError(),
                new Interval(value - margin, value + margin),
                relative,
                crossed.seeds(),
                data.hasRows(metric) ? crossed.rows() : 0,
                crossed.p(),
                data.hasRows(metric) ? SignFlip.p(byRow(table)) : Double.NaN,
                Double.NaN);
    }

    private static double[] byRow(double[][] table) {
        double[] byRow = new double[table[0].length];
        for (double[] seed : table) {
            for (int r = 0; r < byRow.length; r++) {
                byRow[r] += seed[r] / table.length;
            }
        }
        return byRow;
    }

    Difference corrected(double by) {
        return new Difference(
                metric, arm, reference, what, value, error, interval, relative, seeds, rows, p, rowsP, by);
    }

    /** Whether it stands after the correction. */
    boolean clear() {
        return holm < 1 - Estimate.LEVEL;
    }

    /** Whether it goes the way that is bad. */
    boolean worse() {
        return metric.better() == Metric.Better.HIGHER ? value < 0 : value > 0;
    }
}
