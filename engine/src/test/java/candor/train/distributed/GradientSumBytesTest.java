package candor.train.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sums of gradients take, counted by hand, in rows of a million float32. */
class GradientSumBytesTest {
    private static final int COLUMNS = 1_024_000;

    /**
     * Of ten micro-batches, three processes have 0–2, 3–5 and 6–9: nodes 0–1, 2 | 3, 4–5 | 6–7, 8–9. So two rows wait in a process
     * at most beside the gradients (3 and 4 while 5 is computed), and six pieces of a third of a row come together. From a device
     * two rows go to the host, and there is one for the whole. Where a device's sums are on the host, that has them, and one as it comes.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 1, false, true, 0, 0",
        "1, 1, true, true, 0, 0",
        "1, 1, true, false, 0, 0",
        "8, 1, false, true, 3, 0",
        "8, 1, true, true, 3, 0",
        "8, 1, true, false, 0, 4",
        "10, 3, false, true, 2, 2",
        "10, 3, true, true, 2, 5",
        "10, 3, true, false, 0, 5",
        "2, 2, false, true, 0, 1",
        "2, 2, true, true, 0, 3",
        "2, 2, true, false, 0, 3"
    })
    void countsRowsAndPieces(
            int microBatches, int processes, boolean device, boolean near, double computed, double host) {
        GradientSum.Bytes bytes = GradientSum.bytes(COLUMNS, microBatches, processes, device, near);
        assertThat((double) bytes.computed()).isEqualTo(computed * 4 * COLUMNS);
        assertThat((double) bytes.host()).isBetween(host * 4 * COLUMNS, host * 4 * COLUMNS * 1.002);
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
