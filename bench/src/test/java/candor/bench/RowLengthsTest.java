package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RowLengthsTest {
    @Test
    void theFilesLengthsAreThoseOfChats() {
        int[] sorted = IntStream.of(RowLengths.upTo(2048, 64)).sorted().toArray();
        assertThat(sorted).hasSize(64);
        assertThat(sorted[31]).isBetween(280, 300);
        assertThat(sorted[32]).isBetween(300, 320);
        assertThat(sorted[63]).isEqualTo(2048);
        assertThat(IntStream.of(sorted).sum()).isEqualTo(27786);
    }

    @Test
    void theyAreScaledToTheLongest() {
        assertThat(IntStream.of(RowLengths.upTo(16, 64)).summaryStatistics())
                .returns(2, statistics -> statistics.getMin())
                .returns(16, statistics -> statistics.getMax());
        assertThat(RowLengths.upTo(1024, 1)).containsExactly(RowLengths.upTo(2048, 64)[0] / 2);
    }
}
