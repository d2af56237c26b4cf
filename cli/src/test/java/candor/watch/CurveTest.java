package candor.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import candor.report.figure.LineChart.Point;
import java.util.List;
import org.junit.jupiter.api.Test;

class CurveTest {
    @Test
    void aFewPointsStayAsTheyAre() {
        Curve curve = new Curve();
        curve.add(0, 3);
        curve.add(1, 2.5);
        curve.add(7, 2);
        assertThat(curve.points())
                .extracting(Point::x, Point::y)
                .containsExactly(tuple(0.0, 3.0), tuple(1.0, 2.5), tuple(7.0, 2.0));
    }

    @Test
    void manyBecomeMeansOfStretches() {
        Curve curve = new Curve();
        for (int step = 0; step < 1000; step++) {
            curve.add(step, 2 * step);
        }
        List<Point> points = curve.points();
        assertThat(points).hasSize(125);
        assertThat(points.getFirst().x()).isEqualTo(3.5);
        assertThat(points.getFirst().y()).isEqualTo(7);
        assertThat(points.getLast().x()).isEqualTo(995.5);
        assertThat(points.stream().mapToDouble(Point::y).average().orElseThrow())
                .isCloseTo(999, within(1e-9));
    }

    @Test
    void whatIsNoNumberOfAStepIsPassedOver() {
        Curve curve = new Curve();
        curve.add(-1, 1);
        curve.add(Double.NaN, 1);
        curve.add(1e300, 1);
        curve.add(1, Double.POSITIVE_INFINITY);
        assertThat(curve.points()).isEmpty();
        curve.add(1e12, 4);
        assertThat(curve.points()).hasSize(1);
    }
}
