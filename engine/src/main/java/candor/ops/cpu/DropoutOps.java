package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Write;
import candor.ops.op.Dropout;
import candor.tensor.Tensor;

/** Dropout of rows whose slot drops something; threads share the rows. */
final class DropoutOps {
    private final Workers workers;
    private final Workers.Rows task = this::rows;

    // The operation in hand.
    private Dropout job;

    DropoutOps(Workers workers) {
        this.workers = workers;
    }

    void run(Dropout op) {
        job = op;
        workers.rows(op.x().rows(), op.x().cols(), task);
    }

    private void rows(int from, int end, int worker) {
        Batch batch = job.batch();
        int[] words = new int[DropoutRates.GROUP];
        int sequence = 0;
        for (int row = from; row < end; row++) {
            while (batch.start(sequence + 1) <= row) {
                sequence++;
            }
            if (job.rates().drops(batch.slot(sequence))) {
                row(row, sequence, words);
            }
        }
    }

    private void row(int row, int sequence, int[] words) {
        Tensor y = job.y();
        Tensor x = job.x();
        DropoutRates rates = job.rates();
        Batch batch = job.batch();
        boolean add = job.write() == Write.ADD;
        int slot = batch.slot(sequence);
        int threshold = rates.threshold(slot);
        float scale = rates.scale(slot);
        long key = batch.dropoutKey(sequence);
        int position = batch.position(row);
        long from = x.offset(row, 0);
        long to = y.offset(row, 0);
        for (int col = 0; col < x.cols(); col += DropoutRates.GROUP) {
            rates.words(words, key, position, col / DropoutRates.GROUP);
            for (int j = col; j < Math.min(x.cols(), col + DropoutRates.GROUP); j++) {
                float value =
                        DropoutRates.keeps(words[j - col], threshold) ? x.data().get(FLOAT, from + 4L * j) * scale : 0f;
                long at = to + 4L * j;
                y.data().set(FLOAT, at, add ? y.data().get(FLOAT, at) + value : value);
            }
        }
    }
}
