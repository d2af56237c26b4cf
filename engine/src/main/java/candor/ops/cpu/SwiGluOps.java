package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The gated activation of the feed-forward block, forward and backward; threads share the rows. */
final class SwiGluOps {
    private final Workers workers;
    private final Workers.Rows forward = this::forwardRows;
    private final Workers.Rows backward = this::backwardRows;

    // The operation in hand.
    private Tensor y;
    private Tensor dGateUp;
    private Tensor gateUp;
    private int width;

    SwiGluOps(Workers workers) {
        this.workers = workers;
    }

    void swiGlu(Tensor yOut, Tensor gateUpIn) {
        y = yOut;
        gateUp = gateUpIn;
        width = y.cols();
        workers.rows(y.rows(), width, forward);
    }

    void swiGluBackward(Tensor dGateUpOut, Tensor dy, Tensor gateUpIn) {
        y = dy;
        dGateUp = dGateUpOut;
        gateUp = gateUpIn;
        width = y.cols();
        workers.rows(y.rows(), width, backward);
    }

    private void forwardRows(int from, int end, int worker) {
        for (int row = from; row < end; row++) {
            long gate = gateUp.offset(row, 0);
            forwardRow(y.data(), y.offset(row, 0), gateUp.data(), gate, gate + 4L * width, width);
        }
    }

    private void backwardRows(int from, int end, int worker) {
        for (int row = from; row < end; row++) {
            backwardRow(
                    dGateUp.data(),
                    dGateUp.offset(row, 0),
                    y.data(),
                    y.offset(row, 0),
                    gateUp.data(),
                    gateUp.offset(row, 0),
                    width);
        }
    }

    private static void forwardRow(MemorySegment y, long at, MemorySegment x, long gate, long up, int n) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, x, up + 4L * j, ORDER);
            g.mul(sigmoid(g)).mul(u).intoMemorySegment(y, at + 4L * j, ORDER);
        }
        if (j < n) {
            VectorMask<Float> mask = S.indexInRange(j, n);
            FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER, mask);
            FloatVector u = FloatVector.fromMemorySegment(S, x, up + 4L * j, ORDER, mask);
            g.mul(sigmoid(g)).mul(u).intoMemorySegment(y, at + 4L * j, ORDER, mask);
        }
    }

    /** Whole vectors; without masks, which the compilers take seconds over. */
    private static void backwardRow(
            MemorySegment d, long dAt, MemorySegment dy, long dyAt, MemorySegment x, long gate, int n) {
        long up = 4L * n;
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, x, gate + up + 4L * j, ORDER);
            FloatVector e = FloatVector.fromMemorySegment(S, dy, dyAt + 4L * j, ORDER);
            FloatVector s = sigmoid(g);
            e.mul(u).mul(slope(g, s)).intoMemorySegment(d, dAt + 4L * j, ORDER);
            e.mul(g.mul(s)).intoMemorySegment(d, dAt + up + 4L * j, ORDER);
        }
        if (j < n) {
            backwardRest(d, dAt, dy, dyAt, x, gate, j, n);
        }
    }

    /** The columns from {@code j} on, less than a vector. */
    private static void backwardRest(
            MemorySegment d, long dAt, MemorySegment dy, long dyAt, MemorySegment x, long gate, int j, int n) {
        long up = 4L * n;
        VectorMask<Float> mask = S.indexInRange(j, n);
        FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER, mask);
        FloatVector u = FloatVector.fromMemorySegment(S, x, gate + up + 4L * j, ORDER, mask);
        FloatVector e = FloatVector.fromMemorySegment(S, dy, dyAt + 4L * j, ORDER, mask);
        FloatVector s = sigmoid(g);
        e.mul(u).mul(slope(g, s)).intoMemorySegment(d, dAt + 4L * j, ORDER, mask);
        e.mul(g.mul(s)).intoMemorySegment(d, dAt + up + 4L * j, ORDER, mask);
    }

    /** The derivative of g·σ(g), which is σ(1 + g(1 − σ)) = σ + g·σ·(1 − σ). */
    private static FloatVector slope(FloatVector g, FloatVector sigma) {
        return FloatVector.broadcast(S, 1f).sub(sigma).fma(g.mul(sigma), sigma);
    }

    private static FloatVector sigmoid(FloatVector g) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        return one.div(Exp.of(g.neg()).add(one));
    }
}
