package candor.data;

import static org.assertj.core.api.Assertions.assertThat;

import candor.data.Draws.Purpose;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DrawsTest {
    /**
     * Computed apart from this code, in Python. The bits are part of what a run's seed means: a change here makes every recorded run another one.
     */
    @Test
    void theStreamsDoNotChange() {
        assertThat(new Draws(0, Purpose.SHUFFLE, 0).permutation(8)).containsExactly(4, 1, 2, 6, 0, 3, 7, 5);
        assertThat(new Draws(42, Purpose.SAMPLE).bits(0)).isEqualTo(0x6310bf04d8207f46L);
    }

    @Test
    void streamsDiffer() {
        Set<Long> seen = new HashSet<>();
        int streams = 0;
        for (long seed : new long[] {-1, 0, 1, 2, Long.MAX_VALUE}) {
            for (Purpose purpose : Purpose.values()) {
                for (long epoch = 0; epoch < 3; epoch++) {
                    streams++;
                    Draws draws = new Draws(seed, purpose, epoch);
                    IntStream.range(0, 100).forEach(i -> seen.add(draws.bits(i)));
                }
            }
        }
        assertThat(seen).hasSize(100 * streams);
    }

    @Test
    void permutationsOfFourAreAlikeOften() {
        int[] met = new int[256];
        int rounds = 24_000;
        for (int seed = 0; seed < rounds; seed++) {
            int[] order = new Draws(seed, Purpose.SHUFFLE).permutation(4);
            met[order[0] + 4 * order[1] + 16 * order[2] + 64 * order[3]]++;
        }
        int[] counts = IntStream.of(met).filter(count -> count > 0).toArray();
        assertThat(counts).hasSize(24);
        double chiSquare = IntStream.of(counts)
                .mapToDouble(c -> (c - 1000.0) * (c - 1000.0) / 1000.0)
                .sum();
        assertThat(chiSquare)
                .as("23 degrees of freedom: above 49.7 once in a thousand")
                .isLessThan(49.7);
    }

    @Test
    void aCycleLeavesNothingInPlace() {
        for (int n : new int[] {2, 3, 7, 64, 113}) {
            for (int seed = 0; seed < 50; seed++) {
                int[] next = new Draws(seed, Purpose.KL_PARTNERS).cycle(n);
                int at = 0;
                for (int steps = 1; steps <= n; steps++) {
                    at = next[at];
                    assertThat(at == 0).as("back at 0 after %d of %d", steps, n).isEqualTo(steps == n);
                }
            }
        }
        assertThat(new Draws(1, Purpose.KL_PARTNERS).cycle(1)).containsExactly(0);
    }

    @Test
    void boundedDrawsStayInBounds() {
        SplittableRandom random = new SplittableRandom(1);
        Draws draws = new Draws(5, Purpose.BINS);
        for (int i = 0; i < 10_000; i++) {
            int bound = 1 + random.nextInt(Integer.MAX_VALUE - 1);
            assertThat(draws.below(bound, i)).isBetween(0, bound - 1);
        }
    }
}
