package candor.ops.cuda;

import candor.ops.Batch;
import java.util.Arrays;

/** What the kernels want of the batch in hand, copied when another one comes. */
final class BatchOnDevice {
    private final Integers integers;
    private Batch current;
    private int tokens;
    private int positions;
    private int sequences;
    private int sources;
    private int targetRows;
    private int targets;
    private int starts;
    private int dropoutKeys;
    private int[] sourceOfRow = new int[0];

    BatchOnDevice(Device device, Staging staging) {
        integers = new Integers(device, staging);
    }

    /** Makes a batch the one in hand. */
    BatchOnDevice of(Batch batch) {
        if (batch != current) {
            current = null; // half copied is not copied
            copy(batch);
            current = batch;
        }
        return this;
    }

    private void copy(Batch batch) {
        int n = batch.tokenCount();
        integers.clear();
        tokens = integers.count();
        for (int row = 0; row < n; row++) {
            integers.add(batch.token(row));
        }
        positions = integers.count();
        for (int row = 0; row < n; row++) {
            integers.add(batch.position(row));
        }
        sequences = integers.count();
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int row = batch.start(s); row < batch.start(s + 1); row++) {
                integers.add(s);
            }
        }
        sourceOfRow = sourceOfRow.length < n ? new int[n + n / 2] : sourceOfRow;
        Arrays.fill(sourceOfRow, 0, n, -1);
        targetRows = integers.count();
        for (int i = 0; i < batch.targetCount(); i++) {
            sourceOfRow[batch.targetRow(i)] = i;
            integers.add(batch.targetRow(i));
        }
        targets = integers.count();
        for (int i = 0; i < batch.targetCount(); i++) {
            integers.add(batch.target(batch.targetRow(i)));
        }
        sources = integers.count();
        for (int row = 0; row < n; row++) {
            integers.add(sourceOfRow[row]);
        }
        starts = integers.count();
        for (int s = 0; s <= batch.sequenceCount(); s++) {
            integers.add(batch.start(s));
        }
        dropoutKeys = integers.count();
        for (int s = 0; batch.drops() && s < batch.sequenceCount(); s++) {
            long key = batch.dropoutKey(s);
            integers.add((int) key);
            integers.add((int) (key >>> 32));
        }
        integers.copy();
    }

    /** (S, 2), the lower half of each key first; of a batch that drops. */
    long dropoutKeys() {
        return integers.at(dropoutKeys);
    }

    /** (N) */
    long tokens() {
        return integers.at(tokens);
    }

    /** (N) */
    long positions() {
        return integers.at(positions);
    }

    /** (N): the sequence of each row. */
    long sequences() {
        return integers.at(sequences);
    }

    /** (N): which target each row is, or −1. */
    long sources() {
        return integers.at(sources);
    }

    /** (T) */
    long targetRows() {
        return integers.at(targetRows);
    }

    /** (T) */
    long targets() {
        return integers.at(targets);
    }

    /** (S + 1) */
    long starts() {
        return integers.at(starts);
    }
}
