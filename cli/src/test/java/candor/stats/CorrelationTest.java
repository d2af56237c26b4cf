package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.stats.Correlation.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Correlations by hand, and what their intervals hold. */
class CorrelationTest {
    @Test
    void valuesAreThoseOfTheFormulas() {
        List<List<Point>> groups =
                List.of(List.of(new Point(1, 2), new Point(2, 1)), List.of(new Point(3, 4)), List.of(new Point(4, 30)));
        // Means 2.5 and 9.25: Σdx·dy = 43.5, Σdx² = 5, Σdy² = 578.75. Ranks 1 2 3 4 and 2 1 3 4: 1 − 6·2 / (4·15).
        assertThat(Correlation.pearson(groups).value()).isCloseTo(43.5 / Math.sqrt(5 * 578.75), within(1e-12));
        assertThat(Correlation.spearman(groups).value()).isCloseTo(0.8, within(1e-12));
        assertThat(Correlation.spearman(groups).interval().known()).isFalse();
    }

    @Test
    void whatDoesNotVaryHasNone() {
        List<List<Point>> flat = IntStream.range(0, 6)
                .mapToObj(i -> List.of(new Point(i, 7), new Point(i + 0.5, 7)))
                .toList();
        assertThat(Correlation.pearson(flat).value()).isNaN();
        assertThat(Correlation.pearson(flat).interval().known()).isFalse();
    }

    /** Points of a group are nearly the same: three times as many say no more, and the interval is as wide. */
    @Test
    void theIntervalIsOverGroups() {
        SplittableRandom random = new SplittableRandom(3);
        List<List<Point>> once = new ArrayList<>();
        List<List<Point>> thrice = new ArrayList<>();
        for (int g = 0; g < 12; g++) {
            Point point = new Point(g, g + 6 * random.nextDouble());
            once.add(List.of(point));
            thrice.add(List.of(point, point, point));
        }
        Correlation one = Correlation.pearson(once);
        Correlation three = Correlation.pearson(thrice);
        assertThat(three.value()).isCloseTo(one.value(), within(1e-12));
        assertThat(three.interval().low()).isCloseTo(one.interval().low(), within(1e-9));
        assertThat(one.interval().low()).isBetween(0.5, one.value());
        assertThat(one.interval().high()).isBetween(one.value(), 1.0);
    }
}
