package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The masks as random numbers: how much is kept, and that nothing shares a mask with anything else. */
class DropoutMaskTest {
    private static final int COLUMNS = 1000;
    private static final int POSITIONS = 200;

    /** Elements kept of (POSITIONS, COLUMNS), and the sum of what they are multiplied by. */
    private static boolean[] kept(DropoutRates dropout, long key, int slot) {
        boolean[] kept = new boolean[POSITIONS * COLUMNS];
        int[] words = new int[DropoutRates.GROUP];
        for (int position = 0; position < POSITIONS; position++) {
            for (int column = 0; column < COLUMNS; column++) {
                dropout.words(words, key, position, column / DropoutRates.GROUP);
                kept[position * COLUMNS + column] =
                        DropoutRates.keeps(words[column % DropoutRates.GROUP], dropout.threshold(slot));
            }
        }
        return kept;
    }

    private static int count(boolean[] kept) {
        int count = 0;
        for (boolean each : kept) {
            count += each ? 1 : 0;
        }
        return count;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.1, 0.5, 0.9})
    void asMuchIsKeptAsIsSaid(double rate) {
        DropoutRates dropout = new DropoutRates(3, 0, rate);
        boolean[] kept = kept(dropout, 0x0123456789abcdefL, 1);
        double share = (double) count(kept) / kept.length;
        double deviation = Math.sqrt(rate * (1 - rate) / kept.length);
        assertThat(share).isCloseTo(1 - rate, within(5 * deviation));
        // The expectation of an element is the element.
        assertThat(share * dropout.scale(1)).isCloseTo(1, within(5 * deviation / (1 - rate)));
        // Neither a column nor a position is special.
        for (int column = 0; column < 8; column++) {
            int inColumn = 0;
            for (int position = 0; position < POSITIONS; position++) {
                inColumn += kept[position * COLUMNS + column] ? 1 : 0;
            }
            assertThat((double) inColumn / POSITIONS)
                    .isCloseTo(1 - rate, within(5 * Math.sqrt(rate * (1 - rate) / POSITIONS)));
        }
    }

    /** Two independent masks of a half agree on half of their elements. */
    @Test
    void sequencesLayersAndPositionsHaveMasksOfTheirOwn() {
        boolean[] one = kept(new DropoutRates(3, 0.5), 1, 0);
        assertIndependent(one, kept(new DropoutRates(4, 0.5), 1, 0));
        assertIndependent(one, kept(new DropoutRates(3, 0.5), 2, 0));
        assertIndependent(one, kept(new DropoutRates(3, 0.5), 1L << 32, 0));
        boolean[] moved = new boolean[one.length];
        System.arraycopy(one, COLUMNS, moved, 0, one.length - COLUMNS);
        System.arraycopy(one, 0, moved, one.length - COLUMNS, COLUMNS);
        assertIndependent(one, moved);
        assertThat(kept(new DropoutRates(3, 0.5), 1, 0)).isEqualTo(one);
    }

    private static void assertIndependent(boolean[] one, boolean[] other) {
        int same = 0;
        for (int i = 0; i < one.length; i++) {
            same += one[i] == other[i] ? 1 : 0;
        }
        assertThat((double) same / one.length).isCloseTo(0.5, within(5 * 0.5 / Math.sqrt(one.length)));
    }

    @Test
    void ratesThatDropAllOrLessThanNothingAreRefused() {
        for (double rate : new double[] {-0.1, 1, Double.NaN}) {
            assertThatThrownBy(() -> new DropoutRates(0, rate)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(new DropoutRates(0, 0, 0.5).drops(0)).isFalse();
        assertThat(new DropoutRates(0, 0, 0.5).drops(1)).isTrue();
        assertThat(new DropoutRates(0, 0, 0.5).drops(2)).isFalse();
        assertThat(new DropoutRates(0, 0.5).drops(Batch.BASE)).isFalse();
    }
}
