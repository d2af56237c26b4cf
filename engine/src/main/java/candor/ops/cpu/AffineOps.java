package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.op.Affine;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Columns scaled and shifted in place, for adapters that do more than add; threads share the rows. */
final class AffineOps {
    private final Workers workers;
    private final Workers.Rows affine = this::affineRows;

    // The operation in hand.
    private Affine job;

    AffineOps(Workers workers) {
        this.workers = workers;
    }

    void run(Affine op) {
        job = op;
        workers.rows(op.y().rows(), op.y().cols(), affine);
    }

    private void affineRows(int from, int end, int worker) {
        Tensor y = job.y();
        Tensor scale = job.scale();
        Tensor bias = job.bias();
        Tensor residual = job.residual();
        MemorySegment out = y.data();
        for (int row = from; row < end; row++) {
            long at = y.offset(row, 0);
            for (int j = 0; j < y.cols(); j++) {
                float value = out.get(FLOAT, at + 4L * j);
                value = scale == null ? value : scale.data().get(FLOAT, scale.offset(0, j)) * value;
                value = bias == null ? value : value + bias.data().get(FLOAT, bias.offset(0, j));
                value = residual == null ? value : value + residual.data().get(FLOAT, residual.offset(row, j));
                out.set(FLOAT, at + 4L * j, value);
            }
        }
    }
}
