package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Batch;
import candor.ops.op.EmbedBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.RmsNormWeightGradient;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Gradients of a base's own weights, each a sum over the tokens in their order. Threads share what is summed into, so that
 * nothing is summed twice and nothing depends on their number.
 */
final class WeightGradients {
    /** Tokens at a time: their part of x, packed, stays in the first-level cache while the outputs pass by. */
    private static final int DEPTH = 192;

    /** Outputs of a task: enough for a packed part of x to be worth its packing. */
    private static final int OUTPUTS = 128;

    /** Panels of a task of native loops, at most: for so many products A is copied once. */
    private static final int PANELS = 8;

    private final Workers workers;
    private final Parallel.Task linear = this::linearTask;
    private final Parallel.Task bias = this::biasTask;
    private final Parallel.Task norm = this::normTask;
    private final Parallel.Task embedding = this::embeddingTask;

    // The operation in hand.
    private LinearWeightGradient ofLinear;
    private LinearBiasGradient ofBias;
    private RmsNormWeightGradient ofNorm;
    private EmbedBackward ofEmbedding;
    private int taskCols;
    private int columnTasks;

    WeightGradients(Workers workers) {
        this.workers = workers;
    }

    void run(LinearWeightGradient op) {
        ofLinear = op;
        int panels = Panels.count(op.dw().cols());
        taskCols = COLUMNS * (workers.products.areNative() ? Math.clamp(panels / 2, 1, PANELS) : 1);
        columnTasks = Math.ceilDiv(op.dw().cols(), taskCols);
        workers.run(columnTasks * Math.ceilDiv(op.dw().rows(), OUTPUTS), linear);
    }

    private void linearTask(int index, int worker) {
        Tensor dw = ofLinear.dw();
        Tensor dy = ofLinear.dy();
        Tensor x = ofLinear.x();
        int col = index % columnTasks * taskCols;
        int cols = Math.min(taskCols, dw.cols() - col);
        int row = index / columnTasks * OUTPUTS;
        int rows = Math.min(OUTPUTS, dw.rows() - row);
        int most = workers.products.areNative() ? x.rows() : DEPTH;
        for (int n = 0; n < x.rows(); n += most) {
            int depth = Math.min(most, x.rows() - n);
            workers.gemm(worker).aTransposed(dy, n, row).bRows(x, n, col).addTo(dw, row, col, rows, cols, depth);
        }
    }

    void run(LinearBiasGradient op) {
        ofBias = op;
        workers.run(Panels.count(op.db().cols()), bias);
    }

    private void biasTask(int index, int worker) {
        Tensor db = ofBias.db();
        Tensor dy = ofBias.dy();
        int col = index * COLUMNS;
        int end = Math.min(db.cols(), col + COLUMNS);
        for (int n = 0; n < dy.rows(); n++) {
            add(db.data(), db.offset(0, col), dy.data(), dy.offset(n, col), end - col);
        }
    }

    void run(RmsNormWeightGradient op) {
        ofNorm = op;
        workers.run(Math.ceilDiv(op.dw().cols(), LANES), norm);
    }

    private void normTask(int index, int worker) {
        int col = index * LANES;
        int cols = ofNorm.dw().cols();
        if (col + LANES <= cols) {
            normVector(ofNorm.dw(), ofNorm.dy(), ofNorm.x(), ofNorm.rstd(), col);
            return;
        }
        for (int d = col; d < cols; d++) {
            normElement(ofNorm.dw(), ofNorm.dy(), ofNorm.x(), ofNorm.rstd(), d);
        }
    }

    private static void normVector(Tensor dw, Tensor dy, Tensor x, Tensor rstd, int col) {
        int width = dw.cols();
        FloatVector sum = FloatVector.fromMemorySegment(S, dw.data(), dw.offset(0, col), ORDER);
        for (int row = 0; row < x.rows(); row++) {
            for (int g = 0; g < rstd.cols(); g++) {
                FloatVector v = FloatVector.fromMemorySegment(S, x.data(), x.offset(row, g * width + col), ORDER);
                FloatVector d = FloatVector.fromMemorySegment(S, dy.data(), dy.offset(row, g * width + col), ORDER);
                sum = v.mul(rstd.data().get(FLOAT, rstd.offset(row, g))).fma(d, sum);
            }
        }
        sum.intoMemorySegment(dw.data(), dw.offset(0, col), ORDER);
    }

    private static void normElement(Tensor dw, Tensor dy, Tensor x, Tensor rstd, int d) {
        int width = dw.cols();
        float sum = dw.data().get(FLOAT, dw.offset(0, d));
        for (int row = 0; row < x.rows(); row++) {
            for (int g = 0; g < rstd.cols(); g++) {
                float v = x.data().get(FLOAT, x.offset(row, g * width + d));
                float r = rstd.data().get(FLOAT, rstd.offset(row, g));
                sum = Math.fma(v * r, dy.data().get(FLOAT, dy.offset(row, g * width + d)), sum);
            }
        }
        dw.data().set(FLOAT, dw.offset(0, d), sum);
    }

    void run(EmbedBackward op) {
        ofEmbedding = op;
        workers.run(Panels.count(op.dTable().cols()), embedding);
    }

    private void embeddingTask(int index, int worker) {
        Tensor dTable = ofEmbedding.dTable();
        Tensor dx = ofEmbedding.dx();
        Batch batch = ofEmbedding.batch();
        int col = index * COLUMNS;
        int end = Math.min(dTable.cols(), col + COLUMNS);
        for (int n = 0; n < dx.rows(); n++) {
            add(dTable.data(), dTable.offset(batch.token(n), col), dx.data(), dx.offset(n, col), end - col);
        }
    }

    private static void add(MemorySegment sum, long sumAt, MemorySegment from, long at, int n) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, from, at + 4L * j, ORDER);
            FloatVector.fromMemorySegment(S, sum, sumAt + 4L * j, ORDER)
                    .add(v)
                    .intoMemorySegment(sum, sumAt + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            sum.set(FLOAT, sumAt + 4L * j, sum.get(FLOAT, sumAt + 4L * j) + from.get(FLOAT, at + 4L * j));
        }
    }
}
