package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Write;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Root-mean-square norms, forward and backward; threads share the rows. */
final class NormOps {
    private final Workers workers;
    private final Workers.Rows forward = this::forwardRows;
    private final Workers.Rows backward = this::backwardRows;

    // The operation in hand.
    private RmsNorm norm;
    private RmsNormBackward gradient;

    NormOps(Workers workers) {
        this.workers = workers;
    }

    void run(RmsNorm op) {
        norm = op;
        workers.rows(op.x().rows(), op.x().cols(), forward);
    }

    void run(RmsNormBackward op) {
        gradient = op;
        workers.rows(op.x().rows(), op.x().cols(), backward);
    }

    private void forwardRows(int from, int end, int worker) {
        Tensor y = norm.y();
        Tensor x = norm.x();
        Tensor w = norm.w();
        Tensor rstd = norm.rstd();
        float eps = norm.eps();
        int width = w.cols();
        LaneSum lanes = workers.sum(worker);
        for (int row = from; row < end; row++) {
            for (int g = 0; g < rstd.cols(); g++) {
                long at = x.offset(row, g * width);
                float r = (float) (1 / Math.sqrt(squares(lanes, x.data(), at, width) / width + eps));
                rstd.data().set(FLOAT, rstd.offset(row, g), r);
                scaled(y.data(), y.offset(row, g * width), x.data(), at, w.data(), w.offset(0, 0), width, r);
            }
        }
    }

    private void backwardRows(int from, int end, int worker) {
        Tensor dy = gradient.dy();
        Tensor x = gradient.x();
        Tensor w = gradient.w();
        Tensor rstd = gradient.rstd();
        int width = w.cols();
        LaneSum lanes = workers.sum(worker);
        for (int row = from; row < end; row++) {
            for (int g = 0; g < rstd.cols(); g++) {
                long xAt = x.offset(row, g * width);
                long dyAt = dy.offset(row, g * width);
                float r = rstd.data().get(FLOAT, rstd.offset(row, g));
                double sum = products(lanes, dy.data(), dyAt, w.data(), w.offset(0, 0), x.data(), xAt, width);
                // x̂ · mean(w·dy·x̂) · rstd = x · [rstd³ · mean(w·dy·x)]
                float c = (float) (sum / width * r * r * r);
                write(gradient.dx().offset(row, g * width), dyAt, xAt, width, r, c);
            }
        }
    }

    /** Σ u². */
    private static float squares(LaneSum lanes, MemorySegment u, long uAt, int n) {
        FloatVector sum = FloatVector.zero(S);
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector a = FloatVector.fromMemorySegment(S, u, uAt + 4L * j, ORDER);
            sum = a.fma(a, sum);
        }
        float total = lanes.of(sum);
        for (; j < n; j++) {
            float a = u.get(FLOAT, uAt + 4L * j);
            total = Math.fma(a, a, total);
        }
        return total;
    }

    /** Σ u·v·z. */
    private static float products(
            LaneSum lanes, MemorySegment u, long uAt, MemorySegment v, long vAt, MemorySegment z, long zAt, int n) {
        FloatVector sum = FloatVector.zero(S);
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector a = FloatVector.fromMemorySegment(S, u, uAt + 4L * j, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(S, v, vAt + 4L * j, ORDER);
            FloatVector c = FloatVector.fromMemorySegment(S, z, zAt + 4L * j, ORDER);
            sum = a.mul(b).fma(c, sum);
        }
        float total = lanes.of(sum);
        for (; j < n; j++) {
            float uv = u.get(FLOAT, uAt + 4L * j) * v.get(FLOAT, vAt + 4L * j);
            total = Math.fma(uv, z.get(FLOAT, zAt + 4L * j), total);
        }
        return total;
    }

    /** y = x·r·w. */
    private static void scaled(
            MemorySegment y, long yAt, MemorySegment x, long xAt, MemorySegment w, long wAt, int n, float r) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, x, xAt + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, w, wAt + 4L * j, ORDER);
            v.mul(r).mul(u).intoMemorySegment(y, yAt + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            y.set(FLOAT, yAt + 4L * j, x.get(FLOAT, xAt + 4L * j) * r * w.get(FLOAT, wAt + 4L * j));
        }
    }

    /** dx = or += w·dy·r − x·c. */
    private void write(long dxAt, long dyAt, long xAt, int n, float r, float c) {
        MemorySegment dx = gradient.dx().data();
        MemorySegment dy = gradient.dy().data();
        MemorySegment x = gradient.x().data();
        Tensor w = gradient.w();
        if (gradient.write() == Write.ADD) {
            added(dx, dxAt, dy, dyAt, w.data(), w.offset(0, 0), x, xAt, n, r, c);
        } else {
            set(dx, dxAt, dy, dyAt, w.data(), w.offset(0, 0), x, xAt, n, r, c);
        }
    }

    private static void set(
            MemorySegment dx,
            long dxAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment w,
            long wAt,
            MemorySegment x,
            long xAt,
            int n,
            float r,
            float c) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(S, dy, dyAt + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, w, wAt + 4L * j, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(S, x, xAt + 4L * j, ORDER);
            g.mul(u).mul(r).sub(v.mul(c)).intoMemorySegment(dx, dxAt + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            dx.set(FLOAT, dxAt + 4L * j, gradient(dy, dyAt, w, wAt, x, xAt, j, r, c));
        }
    }

    private static void added(
            MemorySegment dx,
            long dxAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment w,
            long wAt,
            MemorySegment x,
            long xAt,
            int n,
            float r,
            float c) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(S, dy, dyAt + 4L * j, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(S, w, wAt + 4L * j, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(S, x, xAt + 4L * j, ORDER);
            g.mul(u)
                    .mul(r)
                    .sub(v.mul(c))
                    .add(FloatVector.fromMemorySegment(S, dx, dxAt + 4L * j, ORDER))
                    .intoMemorySegment(dx, dxAt + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            float sofar = dx.get(FLOAT, dxAt + 4L * j);
            dx.set(FLOAT, dxAt + 4L * j, gradient(dy, dyAt, w, wAt, x, xAt, j, r, c) + sofar);
        }
    }

    /** One column of what a vector does. */
    private static float gradient(
            MemorySegment dy,
            long dyAt,
            MemorySegment w,
            long wAt,
            MemorySegment x,
            long xAt,
            int j,
            float r,
            float c) {
        float scaled = dy.get(FLOAT, dyAt + 4L * j) * w.get(FLOAT, wAt + 4L * j) * r;
        return scaled - x.get(FLOAT, xAt + 4L * j) * c;
    }
}
