package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.AdamWStep;
import candor.ops.EightBitRow;
import candor.ops.op.Accumulate;
import candor.ops.op.AdamW;
import candor.ops.op.AdamW8bit;
import candor.ops.op.SumOfSquares;
import candor.ops.weight.DynamicMap;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The optimiser's passes over all parameters; threads share blocks of neighbours. */
final class OptimiserOps {
    /** Elements of a block; the sum over a block is one partial sum, so this is part of the result. */
    private static final int BLOCK = 4096;

    private static final NearestCode SIGNED = new NearestCode(DynamicMap.signed());
    private static final NearestCode UNSIGNED = new NearestCode(DynamicMap.unsigned());

    private final Workers workers;
    private final Parallel.Task accumulate = this::accumulateBlock;
    private final Parallel.Task square = this::squareBlock;
    private final Parallel.Task step = this::stepBlock;
    private final Parallel.Task narrowStep = this::narrowBlock;

    // The operation in hand.
    private double[] partial = new double[0];
    private int blocksInRow;
    private Tensor squared;
    private Accumulate sum;
    private AdamW job;
    private AdamW8bit narrowJob;
    private float scale;
    private float gain1;
    private float beta2;
    private float gain2;
    private float keep;
    private float rate;
    private float rootCorrection;
    private float epsilon;

    OptimiserOps(Workers workers) {
        this.workers = workers;
    }

    void run(Accumulate op) {
        sum = op;
        blocksInRow = Math.ceilDiv(op.y().cols(), BLOCK);
        workers.run(op.y().rows() * blocksInRow, accumulate);
    }

    void run(SumOfSquares op) {
        Tensor x = op.x();
        squared = x;
        blocksInRow = Math.ceilDiv(x.cols(), BLOCK);
        int blocks = x.rows() * blocksInRow;
        if (partial.length < blocks) {
            partial = new double[blocks];
        }
        workers.run(blocks, square);
        double sum = 0;
        for (int i = 0; i < blocks; i++) {
            sum += partial[i];
        }
        op.sum()[0] = sum;
    }

    void run(AdamW op) {
        job = op;
        fold(op.step());
        workers.run(Math.toIntExact(Math.ceilDiv(op.w().elements(), BLOCK)), step);
    }

    void run(AdamW8bit op) {
        narrowJob = op;
        fold(op.step());
        workers.run(EightBitRow.blocks(op.w().cols()), narrowStep);
    }

    private void fold(AdamWStep now) {
        scale = (float) now.gradScale();
        // 1 − β is small: taken after β is rounded, it would be wrong in the fifth digit.
        gain1 = (float) (1 - now.beta1());
        beta2 = (float) now.beta2();
        gain2 = (float) (1 - now.beta2());
        keep = (float) (1 - now.learningRate() * now.weightDecay());
        // lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε), grouped as PyTorch groups it.
        rate = (float) (now.learningRate() / (1 - Math.pow(now.beta1(), now.step())));
        rootCorrection = (float) (1 / Math.sqrt(1 - Math.pow(now.beta2(), now.step())));
        epsilon = (float) now.epsilon();
    }

    private void accumulateBlock(int block, int worker) {
        Tensor y = sum.y();
        Tensor x = sum.x();
        int row = block / blocksInRow;
        int start = block % blocksInRow * BLOCK;
        add(y.data(), y.offset(row, start), x.data(), x.offset(row, start), Math.min(BLOCK, y.cols() - start));
    }

    private static void add(MemorySegment ys, long to, MemorySegment xs, long from, int n) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromMemorySegment(S, ys, to + 4L * j, ORDER)
                    .add(FloatVector.fromMemorySegment(S, xs, from + 4L * j, ORDER))
                    .intoMemorySegment(ys, to + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            ys.set(FLOAT, to + 4L * j, ys.get(FLOAT, to + 4L * j) + xs.get(FLOAT, from + 4L * j));
        }
    }

    private void squareBlock(int block, int worker) {
        Tensor x = squared;
        int start = block % blocksInRow * BLOCK;
        int end = Math.min(x.cols(), start + BLOCK);
        long row = x.offset(block / blocksInRow, 0);
        double sum = 0;
        for (int j = start; j < end; j++) {
            double value = x.data().get(FLOAT, row + 4L * j);
            sum += value * value;
        }
        partial[block] = sum;
    }

    private void stepBlock(int block, int worker) {
        long start = (long) block * BLOCK;
        int n = (int) Math.min(BLOCK, job.w().elements() - start);
        update(job.w().data(), job.g().data(), job.m().data(), job.v().data(), 4 * start, n);
    }

    private void update(MemorySegment ws, MemorySegment gs, MemorySegment ms, MemorySegment vs, long at, int n) {
        FloatVector b1 = FloatVector.broadcast(S, gain1);
        FloatVector b2 = FloatVector.broadcast(S, gain2);
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            long o = at + 4L * j;
            FloatVector grad = FloatVector.fromMemorySegment(S, gs, o, ORDER).mul(scale);
            FloatVector first = FloatVector.fromMemorySegment(S, ms, o, ORDER);
            FloatVector second = FloatVector.fromMemorySegment(S, vs, o, ORDER);
            first = grad.sub(first).fma(b1, first);
            second = grad.mul(grad).fma(b2, second.mul(beta2));
            FloatVector root =
                    second.lanewise(VectorOperators.SQRT).mul(rootCorrection).add(epsilon);
            FloatVector weight = FloatVector.fromMemorySegment(S, ws, o, ORDER).mul(keep);
            weight = weight.sub(first.mul(rate).div(root));
            first.intoMemorySegment(ms, o, ORDER);
            second.intoMemorySegment(vs, o, ORDER);
            weight.intoMemorySegment(ws, o, ORDER);
        }
        for (; j < n; j++) {
            updateOne(ws, gs, ms, vs, at + 4L * j);
        }
    }

    private void narrowBlock(int block, int worker) {
        int start = block * EightBitRow.BLOCK;
        int n = Math.min(EightBitRow.BLOCK, narrowJob.w().cols() - start);
        float[] first = workers.floats(worker, 2 * EightBitRow.BLOCK);
        widen(narrowJob.m(), SIGNED, block, first, 0, n);
        widen(narrowJob.v(), UNSIGNED, block, first, EightBitRow.BLOCK, n);
        move(narrowJob.w().data(), narrowJob.g().data(), first, 4L * start, n);
        narrow(narrowJob.m(), SIGNED, block, first, 0, n);
        narrow(narrowJob.v(), UNSIGNED, block, first, EightBitRow.BLOCK, n);
    }

    private static void widen(EightBitRow row, NearestCode map, int block, float[] to, int at, int n) {
        MemorySegment codes = row.codes().data();
        float largest = row.largest().data().get(FLOAT, 4L * block);
        long start = (long) block * EightBitRow.BLOCK;
        for (int j = 0; j < n; j++) {
            to[at + j] = map.value(Byte.toUnsignedInt(codes.get(ValueLayout.JAVA_BYTE, start + j))) * largest;
        }
    }

    private static void narrow(EightBitRow row, NearestCode map, int block, float[] from, int at, int n) {
        float largest = 0;
        for (int j = 0; j < n; j++) {
            largest = Math.max(largest, Math.abs(from[at + j]));
        }
        MemorySegment codes = row.codes().data();
        row.largest().data().set(FLOAT, 4L * block, largest);
        long start = (long) block * EightBitRow.BLOCK;
        for (int j = 0; j < n; j++) {
            float value = largest == 0 ? 0 : from[at + j] / largest;
            codes.set(ValueLayout.JAVA_BYTE, start + j, (byte) map.of(value));
        }
    }

    /** The step of a block, whose moments lie one behind the other. */
    private void move(MemorySegment ws, MemorySegment gs, float[] moments, long at, int n) {
        for (int j = 0; j < n; j++) {
            long o = at + 4L * j;
            float grad = gs.get(FLOAT, o) * scale;
            float first = Math.fma(grad - moments[j], gain1, moments[j]);
            float second = Math.fma(grad * grad, gain2, moments[EightBitRow.BLOCK + j] * beta2);
            float root = (float) Math.sqrt(second) * rootCorrection + epsilon;
            moments[j] = first;
            moments[EightBitRow.BLOCK + j] = second;
            ws.set(FLOAT, o, ws.get(FLOAT, o) * keep - first * rate / root);
        }
    }

    /** One parameter: what a vector does, rounded where it rounds. */
    private void updateOne(MemorySegment ws, MemorySegment gs, MemorySegment ms, MemorySegment vs, long o) {
        float grad = gs.get(FLOAT, o) * scale;
        float before = ms.get(FLOAT, o);
        float first = Math.fma(grad - before, gain1, before);
        float second = Math.fma(grad * grad, gain2, vs.get(FLOAT, o) * beta2);
        float root = (float) Math.sqrt(second) * rootCorrection + epsilon;
        ms.set(FLOAT, o, first);
        vs.set(FLOAT, o, second);
        ws.set(FLOAT, o, ws.get(FLOAT, o) * keep - first * rate / root);
    }
}
