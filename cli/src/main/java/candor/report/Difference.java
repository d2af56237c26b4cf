package candor.report;

import candor.evaluate.JudgeFailures;
import candor.stats.Contrast;
import candor.stats.Crossed;
import candor.stats.Interval;
import candor.stats.Rates;
import candor.stats.SignFlip;
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
 * @param rows that have a part, of the arm with fewest; 0 where there are none, and seeds' scores were compared
 * @param rowsP of the permutation test over rows, the training runs taken as they are; NaN where there are no rows
 * @param holm the p-value corrected within its family
 * @param judgeFailed the largest share of rows that the judge failed on, of the arms that are compared
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
        double holm,
        double judgeFailed) {
    static Difference of(StudyData data, Metric metric, Arm arm, Arm reference) {
        List<Rates> rates = data.rates(List.of(reference, arm), metric);
        double before = rates.getFirst().value();
        double relative = before == 0 ? Double.NaN : 100 * (rates.getLast().value() / before - 1);
        String what = Words.quoted(arm.label()) + " against " + Words.quoted(reference.label());
        return of(data, metric, List.of(reference, arm), reference, what, relative, rates, new double[] {-1, 1});
    }

    /** The change of a metric as a dose grows by {@code per}, by least squares through the arms. */
    static Difference trend(StudyData data, Metric metric, List<Arm> arms, double[] doses, double per, String what) {
        double mean = Arrays.stream(doses).average().orElseThrow();
        double squares = Arrays.stream(doses).map(d -> (d - mean) * (d - mean)).sum();
        double[] weights =
                Arrays.stream(doses).map(d -> per * (d - mean) / squares).toArray();
        return of(data, metric, arms, null, what, Double.NaN, data.rates(arms, metric), weights);
    }

    private static Difference of(
            StudyData data,
            Metric metric,
            List<Arm> compared,
            Arm reference,
            String what,
            double relative,
            List<Rates> rates,
            double[] weights) {
        Arm arm = compared.getLast();
        Rates[] arms = rates.toArray(new Rates[0]);
        double reach = Arrays.stream(weights).map(Math::abs).sum() / 2;
        Crossed crossed = Crossed.ofContrast(weights, data.luck(arm, metric), arms);
        Contrast contrast = crossed.contrast(reach, Interval.LEVEL).times(100);
        boolean rows = data.hasRows(metric);
        return new Difference(
                metric,
                arm,
                reference,
                what,
                contrast.value(),
                contrast.standardError(),
                contrast.interval(),
                relative,
                crossed.seeds(),
                rows ? crossed.rows() : 0,
                contrast.p(),
                rows ? SignFlip.p(byRow(Rates.combine(weights, arms))) : Double.NaN,
                Double.NaN,
                compared.stream()
                        .mapToDouble(each -> data.judgeFailed(each, metric))
                        .max()
                        .orElse(0));
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
                metric, arm, reference, what, value, error, interval, relative, seeds, rows, p, rowsP, by, judgeFailed);
    }

    /** Whether it stands after the correction; nothing does where the judge failed too often. */
    boolean clear() {
        return holm < 1 - Interval.LEVEL && judged();
    }

    /** Whether the judge gave enough verdicts for this to be evidence of anything. */
    boolean judged() {
        return judgeFailed <= JudgeFailures.DEFAULT_BOUND;
    }

    /** Whether it goes the way that is bad. */
    boolean worse() {
        return metric.better() == Metric.Better.HIGHER ? value < 0 : value > 0;
    }
}
