package candor.stats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.commons.statistics.ranking.NaturalRanking;

/**
 * How closely two numbers go together over points that come in groups, such as runs of arms: points of a group are alike, so that
 * the interval is that of a bootstrap over groups (Davison and Hinkley 1997, Bootstrap Methods and their Application, §3.8), its
 * percentiles.
 *
 * @param value    from −1 to 1; NaN where one of the numbers does not vary
 * @param interval unknown with fewer than {@value #LEAST} groups
 */
public record Correlation(double value, Interval interval) {
    private static final int LEAST = 4;

    /** One point: two numbers. */
    public record Point(double x, double y) {}

    /** Pearson's: of the numbers. */
    public static Correlation pearson(List<List<Point>> groups) {
        return of(groups, points -> value(points, Correlation::pearson));
    }

    /** Spearman's: of their ranks. */
    public static Correlation spearman(List<List<Point>> groups) {
        return of(groups, points -> value(points, Correlation::spearman));
    }

    private interface Coefficient {
        double of(double[] x, double[] y);
    }

    private static double value(List<List<Point>> groups, Coefficient coefficient) {
        List<Point> points = new ArrayList<>();
        groups.forEach(points::addAll);
        double[] x = points.stream().mapToDouble(Point::x).toArray();
        double[] y = points.stream().mapToDouble(Point::y).toArray();
        return coefficient.of(x, y);
    }

    /** Pearson's coefficient of pairs of numbers; NaN where one of the two does not vary. */
    public static double pearson(double[] x, double[] y) {
        if (!varies(x) || !varies(y)) {
            return Double.NaN;
        }
        double meanX = Arrays.stream(x).average().orElseThrow();
        double meanY = Arrays.stream(y).average().orElseThrow();
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.length; i++) {
            xx += (x[i] - meanX) * (x[i] - meanX);
            yy += (y[i] - meanY) * (y[i] - meanY);
            xy += (x[i] - meanX) * (y[i] - meanY);
        }
        return Math.clamp(xy / Math.sqrt(xx) / Math.sqrt(yy), -1, 1);
    }

    /** Spearman's coefficient of pairs of numbers, those that are equal sharing their ranks; NaN where one of the two does not vary. */
    public static double spearman(double[] x, double[] y) {
        NaturalRanking ranking = new NaturalRanking();
        return pearson(ranking.apply(x), ranking.apply(y));
    }

    private static boolean varies(double[] values) {
        return Arrays.stream(values).distinct().count() > 1;
    }

    private static Correlation of(List<List<Point>> groups, ToDoubleFunction<List<List<Point>>> statistic) {
        double value = statistic.applyAsDouble(groups);
        if (Double.isNaN(value) || groups.size() < LEAST) {
            return new Correlation(value, Interval.UNKNOWN);
        }
        double[] drawn = Bootstrap.DEFAULT.statistics(List.of(groups), statistic);
        Arrays.sort(drawn);
        double tail = (1 - Interval.LEVEL) / 2;
        return new Correlation(
                value,
                new Interval(
                        drawn[(int) (tail * drawn.length)], drawn[(int) Math.ceil((1 - tail) * drawn.length) - 1]));
    }
}
