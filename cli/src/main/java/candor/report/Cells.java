package candor.report;

import candor.report.html.Exact;
import candor.stats.Interval;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Numbers as cells of tables: {@link Words} where they are read, all their digits in the CSV. */
final class Cells {
    static final Exact UNKNOWN = Exact.of(Words.UNKNOWN, Double.NaN);

    private Cells() {}

    static Exact number(double value, int digits) {
        return Exact.of(Words.number(value, digits), value);
    }

    static Exact one(double value) {
        return number(value, 1);
    }

    static Exact signed(double value) {
        return Exact.of(Words.signed(value), value);
    }

    static Exact any(double value) {
        return Exact.of(Words.any(value), value);
    }

    static Exact p(double p) {
        return Exact.of(Words.p(p), p);
    }

    static Exact ps(double[] ps) {
        return Exact.each(Arrays.stream(ps).mapToObj(Words::p).collect(Collectors.joining(", ")), ps);
    }

    static Exact ones(double[] values) {
        return Exact.each(Arrays.stream(values).mapToObj(Words::one).collect(Collectors.joining(", ")), values);
    }

    static Exact interval(Interval interval) {
        return Exact.between(Words.interval(interval), interval.low(), interval.high());
    }

    static Exact interval(Interval interval, int digits) {
        String words = interval.known()
                ? Words.number(interval.low(), digits) + " to " + Words.number(interval.high(), digits)
                : Words.UNKNOWN;
        return Exact.between(words, interval.low(), interval.high());
    }

    static Exact signed(Interval interval) {
        return Exact.between(Words.signed(interval), interval.low(), interval.high());
    }

    /** A share in per cent, for a column that says so. */
    static Exact percent(double share) {
        String words = Words.percent(share);
        return Exact.of(
                words.substring(0, words.length() - " %".length()),
                BigDecimal.valueOf(share).movePointRight(2).doubleValue());
    }
}
