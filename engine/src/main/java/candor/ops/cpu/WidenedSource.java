package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.weight.StoredWeight;
import java.util.Arrays;

/** Panels of a weight of any form: its rows are widened, some elements at a time. */
record WidenedSource(StoredWeight w) implements PanelSource {
    private static final ThreadLocal<float[]> PIECE = ThreadLocal.withInitial(() -> new float[Panels.DEPTH]);

    @Override
    public int rows() {
        return w.rows();
    }

    @Override
    public int cols() {
        return w.cols();
    }

    @Override
    public void transposed(float[] to, int at, int row, int rows) {
        float[] piece = PIECE.get();
        for (int p0 = 0; p0 < w.cols(); p0 += Panels.DEPTH) {
            int n = Math.min(Panels.DEPTH, w.cols() - p0);
            for (int j = 0; j < COLUMNS; j++) {
                int target = at + p0 * COLUMNS + j;
                if (j < rows) {
                    w.widen(piece, 0, row + j, p0, n);
                    scatter(to, target, piece, n);
                } else {
                    Panels.scatterZero(to, target, n);
                }
            }
        }
    }

    private static void scatter(float[] to, int at, float[] piece, int n) {
        for (int p = 0; p < n; p++) {
            to[at + p * COLUMNS] = piece[p];
        }
    }

    @Override
    public void natural(float[] to, int at, int row, int depth, int col, int cols) {
        for (int p = 0; p < depth; p++) {
            int target = at + p * COLUMNS;
            w.widen(to, target, row + p, col, cols);
            Arrays.fill(to, target + cols, target + COLUMNS, 0f);
        }
    }
}
