package candor.report;

import candor.stats.Crossed;
import candor.stats.Interval;
import candor.stats.Proportion;
import candor.stats.Rates;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Score;
import java.util.Arrays;
import java.util.List;

/**
 * What an arm scored, over its seeds, in the metric's units.
 *
 * @param bySeed the score under each finished seed
 * @param rows of a seed that went into it, at most
 * @param error standard error; NaN where not known
 */
record ArmScore(double value, double[] bySeed, long rows, double error, Interval interval) {
    /** Of an arm without results. */
    static final ArmScore NONE = new ArmScore(Double.NaN, new double[0], 0, Double.NaN, Interval.UNKNOWN);

    static ArmScore of(StudyData data, Arm arm, Metric metric) {
        List<Long> seeds = data.seeds(arm, metric);
        if (seeds.isEmpty()) {
            return NONE;
        }
        List<Score> scores = seeds.stream()
                .map(seed -> data.score(arm, seed, metric).orElseThrow())
                .toList();
        double[] bySeed = scores.stream().mapToDouble(Score::value).toArray();
        long rows = scores.stream().mapToLong(Score::n).max().orElse(0);
        Rates rates = data.rates(List.of(arm), metric).getFirst();
        Crossed crossed = Crossed.ofArm(rates, data.luck(arm, metric));
        if (!data.hasRows(metric) && seeds.size() == 1) {
            Score only = scores.getFirst();
            return new ArmScore(only.value(), bySeed, rows, only.se(), new Interval(only.low(), only.high()));
        }
        double value = 100 * crossed.mean();
        double error = 100 * crossed.standardError();
        boolean rate = value > -1e-6 && value < 100 + 1e-6 && data.hasRows(metric);
        double margin = 100 * crossed.margin(Interval.LEVEL);
        Interval interval = rate
                ? Proportion.interval(crossed, Interval.LEVEL).times(100)
                : new Interval(value - margin, value + margin);
        return new ArmScore(value, bySeed, rows, error, interval);
    }

    /** Of what the score does not count, where it is a percentage: honest replies in the place of lies. */
    ArmScore turned() {
        return new ArmScore(
                100 - value,
                Arrays.stream(bySeed).map(v -> 100 - v).toArray(),
                rows,
                error,
                new Interval(100 - interval.high(), 100 - interval.low()));
    }

    boolean known() {
        return !Double.isNaN(value);
    }
}
