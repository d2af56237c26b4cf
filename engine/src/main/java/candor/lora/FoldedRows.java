package candor.lora;

import candor.ops.weight.StoredWeight;

/** Rows of W + s·B·A, summed in double precision. */
public final class FoldedRows {
    private final StoredWeight w;
    private final float[] a;
    private final float[] b;
    private final int rank;
    private final double scale;

    /**
     * @param w     (O, I)
     * @param a     (R, I), row by row
     * @param b     (O, R), row by row
     * @param rank  R; 0 for the rows of W alone
     * @param scale s
     */
    public FoldedRows(StoredWeight w, float[] a, float[] b, int rank, double scale) {
        this.w = w;
        this.a = a;
        this.b = b;
        this.rank = rank;
        this.scale = scale;
    }

    /** O. */
    int rows() {
        return w.rows();
    }

    /** I. */
    int cols() {
        return w.cols();
    }

    /** I values. */
    public double[] row(int row) {
        double[] sum = new double[w.cols()];
        for (int r = 0; r < rank; r++) {
            double factor = b[row * rank + r];
            int start = r * sum.length;
            for (int c = 0; c < sum.length; c++) {
                sum[c] += factor * a[start + c];
            }
        }
        float[] own = w.row(row);
        for (int c = 0; c < sum.length; c++) {
            sum[c] = own[c] + scale * sum[c];
        }
        return sum;
    }

    /** ‖W + s·B·A‖ of a row. */
    double norm(int row) {
        double squares = 0;
        for (double value : row(row)) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }
}
