package candor.data;

import candor.ops.Batch;
import java.util.Arrays;
import java.util.List;

/** Writes rows one after another into a {@link Batch}. */
public final class Packing {
    /** A row and the slot of the adapter that it passes through, or {@link Batch#BASE}. */
    public record Sequence(EncodedRow row, int slot) {}

    private Packing() {}

    /** All rows through one adapter. */
    public static Batch of(List<EncodedRow> rows, int slot) {
        return of(rows.stream().map(row -> new Sequence(row, slot)).toList());
    }

    /**
     * Rows in the order given, which must keep those of one slot side by side. Token t's target is token t+1 where that
     * is flagged in its row; a row's last token has none.
     */
    public static Batch of(List<Sequence> sequences) {
        int n = 0;
        for (Sequence sequence : sequences) {
            n = Math.addExact(n, sequence.row.length());
        }
        int[] tokens = new int[n];
        int[] positions = new int[n];
        int[] targets = new int[n];
        int[] starts = new int[sequences.size() + 1];
        int[] slots = new int[sequences.size()];
        Arrays.fill(targets, Batch.NO_TARGET);
        int start = 0;
        for (int s = 0; s < slots.length; s++) {
            EncodedRow row = sequences.get(s).row;
            slots[s] = sequences.get(s).slot;
            System.arraycopy(row.ids(), 0, tokens, start, row.length());
            for (int t = 0; t < row.length(); t++) {
                positions[start + t] = t;
                if (t + 1 < row.length() && row.target()[t + 1]) {
                    targets[start + t] = row.ids()[t + 1];
                }
            }
            start += row.length();
            starts[s + 1] = start;
        }
        return new Batch(tokens, positions, targets, starts, slots);
    }
}
