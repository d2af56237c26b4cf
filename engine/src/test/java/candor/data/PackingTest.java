package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.Batch;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PackingTest {
    private static EncodedRow row(int[] ids, boolean... target) {
        return new EncodedRow(0, ids, target, 0, null);
    }

    @Test
    void rowsStandOneAfterAnother() {
        Batch batch = Packing.of(
                List.of(
                        row(new int[] {10, 11, 12, 13}, true, false, true, true),
                        row(new int[] {20}, true),
                        row(new int[] {30, 31}, false, true)),
                2);
        assertThat(IntStream.range(0, 7).map(batch::token)).containsExactly(10, 11, 12, 13, 20, 30, 31);
        assertThat(IntStream.range(0, 7).map(batch::position)).containsExactly(0, 1, 2, 3, 0, 0, 1);
        assertThat(IntStream.range(0, 7).map(batch::target))
                .as("a flagged first token has nothing before it that could predict it")
                .containsExactly(-1, 12, 13, -1, -1, 31, -1);
        assertThat(IntStream.rangeClosed(0, 3).map(batch::start)).containsExactly(0, 4, 5, 7);
        assertThat(IntStream.range(0, 3).map(batch::slot)).containsOnly(2);
        assertThat(batch.targetCount()).isEqualTo(3);
    }

    @Test
    void everyRowHasItsOwnSlot() {
        EncodedRow row = row(new int[] {1, 2}, false, true);
        Batch batch = Packing.of(List.of(new Packing.Sequence(row, 1), new Packing.Sequence(row, Batch.BASE)));
        assertThat(batch.runs()).containsExactly(new Batch.Run(1, 0, 2), new Batch.Run(Batch.BASE, 2, 4));
        assertThatThrownBy(() -> Packing.of(List.of(
                        new Packing.Sequence(row, 1), new Packing.Sequence(row, 0), new Packing.Sequence(row, 1))))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
