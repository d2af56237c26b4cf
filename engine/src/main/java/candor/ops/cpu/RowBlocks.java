package candor.ops.cpu;

import candor.ops.Batch;
import java.util.Arrays;

/** Cuts the runs, or the sequences, of a batch into blocks of rows, none across two of them. Made once, filled anew. */
final class RowBlocks {
    private int[] run = new int[16];
    private int[] start = new int[16];
    private int[] end = new int[16];
    private int count;

    void cut(Batch batch, int blockRows) {
        count = 0;
        for (int r = 0; r < batch.runs().size(); r++) {
            Batch.Run rows = batch.runs().get(r);
            for (int row = rows.start(); row < rows.end(); row += blockRows) {
                add(r, row, Math.min(row + blockRows, rows.end()));
            }
        }
    }

    /** Rows of any slot, where the slot does not matter. */
    void cut(int rows, int blockRows) {
        count = 0;
        for (int row = 0; row < rows; row += blockRows) {
            add(0, row, Math.min(row + blockRows, rows));
        }
    }

    /** The same by sequence instead of run. */
    void cutSequences(Batch batch, int blockRows) {
        count = 0;
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int row = batch.start(s); row < batch.start(s + 1); row += blockRows) {
                add(s, row, Math.min(row + blockRows, batch.start(s + 1)));
            }
        }
    }

    private void add(int ofRun, int from, int to) {
        if (count == run.length) {
            run = Arrays.copyOf(run, 2 * count);
            start = Arrays.copyOf(start, 2 * count);
            end = Arrays.copyOf(end, 2 * count);
        }
        run[count] = ofRun;
        start[count] = from;
        end[count] = to;
        count++;
    }

    int count() {
        return count;
    }

    /** The run, or sequence, that a block belongs to. */
    int run(int block) {
        return run[block];
    }

    int start(int block) {
        return start[block];
    }

    int rows(int block) {
        return end[block] - start[block];
    }
}
