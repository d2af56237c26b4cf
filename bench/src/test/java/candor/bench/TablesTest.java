package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What stands in the tables of results. */
class TablesTest {
    @Test
    void columnsAreAlignedNumbersToTheRightAndEmptyOnesGone() {
        MarkdownTable table = new MarkdownTable("operation", "note", "µs");
        table.add("rope", "", "7");
        table.add("linear.gate", "", "1,234");
        assertThat(table).hasToString("""
                | operation   |    µs |
                |-------------|------:|
                | rope        |     7 |
                | linear.gate | 1,234 |
                """);
    }

    @Test
    void fourSignificantDigitsAndNoExponent() {
        assertThat(Numbers.show(570_479.29)).isEqualTo("570,479");
        assertThat(Numbers.show(12.3456)).isEqualTo("12.35");
        assertThat(Numbers.show(0.000123456)).isEqualTo("0.0001235");
        assertThat(Numbers.show(0)).isEqualTo("0");
        assertThat(Numbers.show(Double.NaN)).isEmpty();
        assertThat(Numbers.error(0.5, 12.3456)).isEqualTo("0.50");
    }

    /** Of nine, all but the outermost two: 1 − 2 · (1 + 9) / 2⁹ is 96.1 %, and one more pair off would leave 82 %. */
    @Test
    void theMediansIntervalStandsBetweenOrderStatistics() {
        assertThat(Median.of(new double[] {9, 1, 8, 2, 7, 3, 6, 4, 5})).isEqualTo(new Median(5, 2, 8, 9));
        assertThat(Median.of(new double[] {7, 1, 6, 2, 5, 3, 4})).isEqualTo(new Median(4, 1, 7, 7));
        assertThat(Median.of(new double[] {1, 4})).isEqualTo(new Median(2.5, 1, 4, 2));
    }
}
