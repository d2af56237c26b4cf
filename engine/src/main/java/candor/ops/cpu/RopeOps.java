package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Batch;
import candor.ops.op.Rope;
import candor.ops.op.RopeBackward;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Rotary position embedding in place, forward and backward; threads share the rows. */
final class RopeOps {
    private final Workers workers;
    private final Workers.Rows task = this::rows;

    // The operation in hand.
    private Rope job;
    private float sign;

    RopeOps(Workers workers) {
        this.workers = workers;
    }

    void run(Rope op) {
        rotate(op, 1);
    }

    void run(RopeBackward op) {
        rotate(new Rope(op.dx(), op.table(), op.batch()), -1);
    }

    private void rotate(Rope op, float direction) {
        job = op;
        sign = direction;
        workers.rows(op.x().rows(), op.x().cols(), task);
    }

    private void rows(int from, int end, int worker) {
        Tensor x = job.x();
        Tensor table = job.table();
        Batch batch = job.batch();
        int width = table.cols();
        for (int row = from; row < end; row++) {
            long angles = table.offset(batch.position(row), 0);
            for (int head = 0; head < x.cols(); head += width) {
                head(x.data(), x.offset(row, head), table.data(), angles, width / 2, sign);
            }
        }
    }

    private static void head(MemorySegment x, long at, MemorySegment table, long angles, int half, float sign) {
        int whole = S.loopBound(half);
        for (int j = 0; j < whole; j += LANES) {
            wholeVector(x, at + 4L * j, table, angles + 4L * j, 4L * half, sign);
        }
        if (whole < half) {
            lastVector(x, at + 4L * whole, table, angles + 4L * whole, 4L * half, sign, half - whole);
        }
    }

    private static void wholeVector(
            MemorySegment x, long at, MemorySegment table, long angle, long second, float sign) {
        FloatVector x1 = FloatVector.fromMemorySegment(S, x, at, ORDER);
        FloatVector x2 = FloatVector.fromMemorySegment(S, x, at + second, ORDER);
        FloatVector c = FloatVector.fromMemorySegment(S, table, angle, ORDER);
        FloatVector s =
                FloatVector.fromMemorySegment(S, table, angle + second, ORDER).mul(sign);
        x1.mul(c).sub(x2.mul(s)).intoMemorySegment(x, at, ORDER);
        x2.mul(c).add(x1.mul(s)).intoMemorySegment(x, at + second, ORDER);
    }

    private static void lastVector(
            MemorySegment x, long at, MemorySegment table, long angle, long second, float sign, int n) {
        VectorMask<Float> mask = S.indexInRange(0, n); // made here: an argument would go through the heap
        FloatVector x1 = FloatVector.fromMemorySegment(S, x, at, ORDER, mask);
        FloatVector x2 = FloatVector.fromMemorySegment(S, x, at + second, ORDER, mask);
        FloatVector c = FloatVector.fromMemorySegment(S, table, angle, ORDER, mask);
        FloatVector s = FloatVector.fromMemorySegment(S, table, angle + second, ORDER, mask)
                .mul(sign);
        x1.mul(c).sub(x2.mul(s)).intoMemorySegment(x, at, ORDER, mask);
        x2.mul(c).add(x1.mul(s)).intoMemorySegment(x, at + second, ORDER, mask);
    }
}
