package candor.train.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sums of gradients take on the host, counted by hand, in rows of a million float32. */
class GradientSumBytesTest {
    private static final int COLUMNS = 1_024_000;

    /**
     * Of ten micro-batches, three processes have 0–2, 3–5 and 6–9: nodes 0–1, 2 | 3, 4–5 | 6–7, 8–9. So two rows wait in a process
     * at most, and six pieces of a third of a row come together.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 1, false, 0",
        "8, 1, false, 3",
        "8, 1, true, 4",
        "10, 3, false, 4",
        "10, 3, true, 5",
        "2, 2, false, 2"
    })
    void countsRowsAndPieces(int microBatches, int processes, boolean device, double rows) {
        double bytes = GradientSum.hostBytes(COLUMNS, microBatches, processes, device);
        assertThat(bytes).isBetween(rows * 4 * COLUMNS, rows * 4 * COLUMNS * 1.002);
    }

    @Test
    void noShareIsLargerThanTheMost() {
        for (int decayed : new int[] {0, 1, 255, 256, 700, 1000}) {
            for (int size = 1; size < 9; size++) {
                RowShares shares = new RowShares(1000, decayed, size);
                for (int rank = 0; rank < size; rank++) {
                    assertThat((long) shares.of(rank).length()).isLessThanOrEqualTo(RowShares.most(1000, size));
                }
            }
        }
    }
}
