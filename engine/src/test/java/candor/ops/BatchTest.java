package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchTest {
    private static final int NONE = Batch.NO_TARGET;

    @Test
    void onlyTargetsKeepsNeighboursOfASequenceTogether() {
        // Four sequences of 4, 2, 1 and 3 tokens: targets in the middle and at the end, none, one, and all but the
        // middle.
        Batch batch = new Batch(
                new int[] {10, 11, 12, 13, 20, 21, 30, 40, 41, 42},
                new int[] {5, 6, 7, 8, 0, 1, 3, 2, 3, 4},
                new int[] {NONE, 12, 13, 14, NONE, NONE, 31, 41, NONE, 43},
                new int[] {0, 4, 6, 7, 10},
                new int[] {Batch.BASE, Batch.BASE, 2, 2});
        Batch rows = batch.onlyTargets();
        PageTables tables =
                new PageTables(new int[] {1}, new int[] {2}, new int[] {3}, new int[] {4, 5}).of(batch, rows);

        assertThat(rows.tokenCount()).isEqualTo(6);
        assertThat(rows.targetCount()).isEqualTo(6);
        int[] from = {1, 2, 3, 6, 7, 9};
        for (int row = 0; row < from.length; row++) {
            assertThat(rows.token(row)).isEqualTo(batch.token(from[row]));
            assertThat(rows.position(row)).isEqualTo(batch.position(from[row]));
            assertThat(rows.target(row)).isEqualTo(batch.target(from[row]));
        }
        // The last sequence has a gap, and attention takes the rows of a sequence for neighbours: it becomes two.
        assertThat(rows.sequenceCount()).isEqualTo(4);
        assertThat(new int[] {rows.start(0), rows.start(1), rows.start(2), rows.start(3), rows.start(4)})
                .containsExactly(0, 3, 4, 5, 6);
        assertThat(new int[] {rows.slot(0), rows.slot(1), rows.slot(2), rows.slot(3)})
                .containsExactly(Batch.BASE, 2, 2, 2);
        assertThat(rows.runs()).containsExactly(new Batch.Run(Batch.BASE, 0, 3), new Batch.Run(2, 3, 6));

        assertThat(tables.sequences()).isEqualTo(4);
        assertThat(new int[] {tables.page(0, 0), tables.page(1, 0), tables.page(2, 1), tables.page(3, 0)})
                .containsExactly(1, 3, 5, 4);
    }

    @Test
    void positionsAreTablesRows() {
        assertThat(of(3, 7, 0).largestPosition()).isEqualTo(7);
        assertThatThrownBy(() -> of(0, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("row 1 has token 1, position -1 and target -1");
    }

    /** A sequence whose tokens are the numbers of their rows. */
    private static Batch of(int... positions) {
        int count = positions.length;
        int[] targets = new int[count];
        Arrays.fill(targets, NONE);
        return new Batch(
                IntStream.range(0, count).toArray(), positions, targets, new int[] {0, count}, new int[] {Batch.BASE});
    }
}
