package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DrawsTest {
    /** As Well19937c of Commons Math 3.6.1 draws from this seed, which all published intervals were made with. */
    @Test
    void theNumbersAreThoseOfCommonsMath() {
        Draws draws = new Draws(7);
        assertThat(IntStream.range(0, 4).map(i -> draws.below(1000))).containsExactly(366, 122, 794, 707);
        assertThat(draws.below(1 << 20)).isEqualTo(226_171);
        assertThat(draws.bits()).isEqualTo(-8_683_099_757_140_383_202L);
        assertThat(draws.below(Integer.MAX_VALUE)).isEqualTo(977_048_086);
        Draws wide = new Draws(1L << 40 | 5);
        assertThat(wide.below(1000)).isEqualTo(586);
        assertThat(wide.bits()).isEqualTo(-3_681_486_642_110_453_696L);
    }

    @Test
    void everyNumberBelowTheBoundIsAsLikely() {
        for (int bound : new int[] {1, 2, 3, 7, 8}) {
            Draws draws = new Draws(bound);
            int[] seen = new int[bound];
            IntStream.range(0, 10_000 * bound).forEach(i -> seen[draws.below(bound)]++);
            assertThat(Arrays.stream(seen))
                    .as("below %d", bound)
                    .allMatch(n -> Math.abs(n - 10_000) <= 400); // four deviations
        }
    }

    /** Of draws from 0 to 2³¹ − 1, those above the last multiple of the bound are left out: a quarter of them here. */
    @Test
    void aLargeBoundFavoursNothing() {
        int bound = (1 << 30) + (1 << 29);
        Draws draws = new Draws(1);
        long low = IntStream.range(0, 10_000)
                .map(i -> draws.below(bound))
                .filter(v -> v < bound / 2)
                .count();
        assertThat(low).isBetween(4_800L, 5_200L);
    }
}
