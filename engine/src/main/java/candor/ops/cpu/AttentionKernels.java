package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import jdk.incubator.vector.FloatVector;

/**
 * The tile loops of attention's small products, on arrays whose strides are constants, as {@link PanelKernels} has them for
 * the large ones. Tiles are four rows high on every machine: products of 32 rows with few panels end often, and a tall
 * tile has much to store each time.
 *
 * <p>A lies in rows {@link #ROW} floats apart, and is read along them or across. B is in packed panels. Each element is one
 * chain of fused multiply-adds in rising order.
 */
final class AttentionKernels {
    /** Rows of a tile. */
    static final int ROWS = 4;

    /** Floats from one row to the next in a block's arrays. */
    static final int ROW = PanelKernels.ROW;

    /** Columns of such a row that are used; longer rows go on in the block's next piece. */
    static final int DEPTH = PanelKernels.DEPTH;

    /** Zeros to start from, for both kinds of rows. */
    static final float[] ZEROS = new float[ROWS * ROW];

    private AttentionKernels() {}

    /** C = from + A·B with A's element (i, p) at {@code ao + i·ROW + p}; rows of C and of from are ROW apart. */
    static void along(float[] a, int ao, float[] b, int bo, int k, float[] from, int fo, float[] c, int at) {
        FloatVector c00 = FloatVector.fromArray(S, from, fo);
        FloatVector c01 = FloatVector.fromArray(S, from, fo + LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, fo + ROW);
        FloatVector c11 = FloatVector.fromArray(S, from, fo + ROW + LANES);
        FloatVector c20 = FloatVector.fromArray(S, from, fo + 2 * ROW);
        FloatVector c21 = FloatVector.fromArray(S, from, fo + 2 * ROW + LANES);
        FloatVector c30 = FloatVector.fromArray(S, from, fo + 3 * ROW);
        FloatVector c31 = FloatVector.fromArray(S, from, fo + 3 * ROW + LANES);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bo + p * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(S, b, bo + p * COLUMNS + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + ROW + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * ROW + p]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * ROW + p]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(c, at);
        c01.intoArray(c, at + LANES);
        c10.intoArray(c, at + ROW);
        c11.intoArray(c, at + ROW + LANES);
        c20.intoArray(c, at + 2 * ROW);
        c21.intoArray(c, at + 2 * ROW + LANES);
        c30.intoArray(c, at + 3 * ROW);
        c31.intoArray(c, at + 3 * ROW + LANES);
    }

    /** C += A·B with A's element (i, p) at {@code ao + p·ROW + i}; rows of C are {@link TileShape#COLUMNS} apart. */
    static void across(float[] a, int ao, float[] b, int bo, int k, float[] c, int at) {
        FloatVector c00 = FloatVector.fromArray(S, c, at);
        FloatVector c01 = FloatVector.fromArray(S, c, at + LANES);
        FloatVector c10 = FloatVector.fromArray(S, c, at + COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, c, at + COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, c, at + 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, c, at + 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, c, at + 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, c, at + 3 * COLUMNS + LANES);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bo + p * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(S, b, bo + p * COLUMNS + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p * ROW]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + p * ROW + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + p * ROW + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + p * ROW + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(c, at);
        c01.intoArray(c, at + LANES);
        c10.intoArray(c, at + COLUMNS);
        c11.intoArray(c, at + COLUMNS + LANES);
        c20.intoArray(c, at + 2 * COLUMNS);
        c21.intoArray(c, at + 2 * COLUMNS + LANES);
        c30.intoArray(c, at + 3 * COLUMNS);
        c31.intoArray(c, at + 3 * COLUMNS + LANES);
    }
}
