package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The gated activation of the feed-forward block, forward and backward; threads share the rows. Both activations are g·σ(u) with
 * u = g·(a + b·g²), so the same loops serve them: with b = 0 nothing is rounded that SiLU alone would not round.
 */
final class GatedOps {
    /** What the gate goes through. */
    enum Activation {
        /** g·σ(g). */
        SILU(1, 0),
        /** The tanh form: u = 2√(2/π)·(g + 0.044715·g³). */
        GELU(2 * Math.sqrt(2 / Math.PI), 2 * Math.sqrt(2 / Math.PI) * 0.044715);

        private final float a;
        private final float b;

        Activation(double a, double b) {
            this.a = (float) a;
            this.b = (float) b;
        }
    }

    private final Workers workers;
    private final Workers.Rows forward = this::forwardRows;
    private final Workers.Rows backward = this::backwardRows;

    // The operation in hand.
    private Tensor y;
    private Tensor dGateUp;
    private Tensor gateUp;
    private int width;
    private float a;
    private float b;

    GatedOps(Workers workers) {
        this.workers = workers;
    }

    void forward(Activation activation, Tensor yOut, Tensor gateUpIn) {
        take(activation, yOut, gateUpIn);
        workers.rows(y.rows(), width, forward);
    }

    void backward(Activation activation, Tensor dGateUpOut, Tensor dy, Tensor gateUpIn) {
        take(activation, dy, gateUpIn);
        dGateUp = dGateUpOut;
        workers.rows(y.rows(), width, backward);
    }

    private void take(Activation activation, Tensor yOrGradient, Tensor gateUpIn) {
        a = activation.a;
        b = activation.b;
        y = yOrGradient;
        gateUp = gateUpIn;
        width = y.cols();
    }

    private void forwardRows(int from, int end, int worker) {
        for (int row = from; row < end; row++) {
            long gate = gateUp.offset(row, 0);
            forwardRow(y.data(), y.offset(row, 0), gateUp.data(), gate, gate + 4L * width, width, a, b);
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
                    width,
                    a,
                    b);
        }
    }

    private static void forwardRow(
            MemorySegment y, long at, MemorySegment x, long gate, long up, int n, float a, float b) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, x, up + 4L * j, ORDER);
            g.mul(sigmoid(inner(g, a, b))).mul(u).intoMemorySegment(y, at + 4L * j, ORDER);
        }
        if (j < n) {
            VectorMask<Float> mask = S.indexInRange(j, n);
            FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER, mask);
            FloatVector u = FloatVector.fromMemorySegment(S, x, up + 4L * j, ORDER, mask);
            g.mul(sigmoid(inner(g, a, b))).mul(u).intoMemorySegment(y, at + 4L * j, ORDER, mask);
        }
    }

    /** Whole vectors; without masks, which the compilers take seconds over. */
    private static void backwardRow(
            MemorySegment d,
            long dAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment x,
            long gate,
            int n,
            float a,
            float b) {
        long up = 4L * n;
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, x, gate + up + 4L * j, ORDER);
            FloatVector e = FloatVector.fromMemorySegment(S, dy, dyAt + 4L * j, ORDER);
            FloatVector s = sigmoid(inner(g, a, b));
            e.mul(u).mul(slope(g, s, a, b)).intoMemorySegment(d, dAt + 4L * j, ORDER);
            e.mul(g.mul(s)).intoMemorySegment(d, dAt + up + 4L * j, ORDER);
        }
        if (j < n) {
            backwardRest(d, dAt, dy, dyAt, x, gate, j, n, a, b);
        }
    }

    /** The columns from {@code j} on, less than a vector. */
    private static void backwardRest(
            MemorySegment d,
            long dAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment x,
            long gate,
            int j,
            int n,
            float a,
            float b) {
        long up = 4L * n;
        VectorMask<Float> mask = S.indexInRange(j, n);
        FloatVector g = FloatVector.fromMemorySegment(S, x, gate + 4L * j, ORDER, mask);
        FloatVector u = FloatVector.fromMemorySegment(S, x, gate + up + 4L * j, ORDER, mask);
        FloatVector e = FloatVector.fromMemorySegment(S, dy, dyAt + 4L * j, ORDER, mask);
        FloatVector s = sigmoid(inner(g, a, b));
        e.mul(u).mul(slope(g, s, a, b)).intoMemorySegment(d, dAt + 4L * j, ORDER, mask);
        e.mul(g.mul(s)).intoMemorySegment(d, dAt + up + 4L * j, ORDER, mask);
    }

    /** u. The weight comes before the square, which for large gates leaves float32: then 0 times it would be NaN. */
    private static FloatVector inner(FloatVector g, float a, float b) {
        return g.mul(g.mul(b).fma(g, FloatVector.broadcast(S, a)));
    }

    /** The derivative of g·σ(u), which is σ + g·σ·(1 − σ)·u′ with u′ = a + 3b·g². */
    private static FloatVector slope(FloatVector g, FloatVector sigma, float a, float b) {
        FloatVector change = g.mul(3 * b).fma(g, FloatVector.broadcast(S, a));
        return FloatVector.broadcast(S, 1f).sub(sigma).fma(g.mul(sigma).mul(change), sigma);
    }

    private static FloatVector sigmoid(FloatVector g) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        return one.div(Exp.of(g.neg()).add(one));
    }
}
