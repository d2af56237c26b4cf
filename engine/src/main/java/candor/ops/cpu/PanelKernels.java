package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops of every product with a packed B: tile = from + A·B over {@code k} of the depth, for a tile of C that
 * lives in registers. A was copied into an array, B lies in panels in one, and every stride is a constant.
 *
 * <p>What else an iteration does beside multiply-adds decides the speed where a core is shared with another's thread, or its
 * front end is narrow. On arrays C2 moves all checks out of the loop and addresses the operands by their index; with memory
 * segments, or strides that it does not know, it computes addresses or checks bounds each time. The benchmark {@code
 * TileBenchmark} has the rungs side by side.
 *
 * <p>Where there are but 16 registers (tiles of six and of four rows), {@code along…} runs over B's index, and A's is a
 * second one beside it. With one index for both, and rows of A that lie one after the other, six rows by two vectors ran
 * at 0.6 of the speed of four: C2 loads all rows ahead of the multiply-adds, and has no registers for them. With two they
 * run 1.2 to 1.4 times as fast as four.
 *
 * <p>Every element is one chain of fused multiply-adds over p in rising order, whatever the tile. So a result does not
 * depend on how a matrix is cut into tiles, on the vector width, or on the number of threads.
 */
final class PanelKernels {
    /** The deepest piece of a product. */
    static final int DEPTH = 256;

    /** Floats from one row of a copied A to the next; no power of two, so that rows do not share the sets of a cache. */
    static final int ROW = DEPTH + 16;

    /** Columns of such a row that may follow the last piece of a product: a second one, of so small a depth, goes with it. */
    static final int EXTRA = ROW - DEPTH;

    /** Rows side by side in an A that was copied across its rows. */
    static final int GROUP = LANES;

    /** Rows of a tile whose A was copied across its rows. */
    static final int ACROSS_ROWS = 4;

    private PanelKernels() {}

    /** 8 rows, 2 vectors of columns; A's element (i, p) is at {@code ao + i·ROW + p}. */
    static void along8x2(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, from, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, from, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, from, 3 * COLUMNS + LANES);
        FloatVector c40 = FloatVector.fromArray(S, from, 4 * COLUMNS);
        FloatVector c41 = FloatVector.fromArray(S, from, 4 * COLUMNS + LANES);
        FloatVector c50 = FloatVector.fromArray(S, from, 5 * COLUMNS);
        FloatVector c51 = FloatVector.fromArray(S, from, 5 * COLUMNS + LANES);
        FloatVector c60 = FloatVector.fromArray(S, from, 6 * COLUMNS);
        FloatVector c61 = FloatVector.fromArray(S, from, 6 * COLUMNS + LANES);
        FloatVector c70 = FloatVector.fromArray(S, from, 7 * COLUMNS);
        FloatVector c71 = FloatVector.fromArray(S, from, 7 * COLUMNS + LANES);
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
            FloatVector a4 = FloatVector.broadcast(S, a[ao + 4 * ROW + p]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, a[ao + 5 * ROW + p]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            FloatVector a6 = FloatVector.broadcast(S, a[ao + 6 * ROW + p]);
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            FloatVector a7 = FloatVector.broadcast(S, a[ao + 7 * ROW + p]);
            c70 = a7.fma(b0, c70);
            c71 = a7.fma(b1, c71);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
        c40.intoArray(tile, 4 * COLUMNS);
        c41.intoArray(tile, 4 * COLUMNS + LANES);
        c50.intoArray(tile, 5 * COLUMNS);
        c51.intoArray(tile, 5 * COLUMNS + LANES);
        c60.intoArray(tile, 6 * COLUMNS);
        c61.intoArray(tile, 6 * COLUMNS + LANES);
        c70.intoArray(tile, 7 * COLUMNS);
        c71.intoArray(tile, 7 * COLUMNS + LANES);
    }

    /** 8 rows, 1 vector of columns; A's element (i, p) is at {@code ao + i·ROW + p}. */
    static void along8x1(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c40 = FloatVector.fromArray(S, from, 4 * COLUMNS);
        FloatVector c50 = FloatVector.fromArray(S, from, 5 * COLUMNS);
        FloatVector c60 = FloatVector.fromArray(S, from, 6 * COLUMNS);
        FloatVector c70 = FloatVector.fromArray(S, from, 7 * COLUMNS);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bo + p * COLUMNS);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + ROW + p]);
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * ROW + p]);
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * ROW + p]);
            c30 = a3.fma(b0, c30);
            FloatVector a4 = FloatVector.broadcast(S, a[ao + 4 * ROW + p]);
            c40 = a4.fma(b0, c40);
            FloatVector a5 = FloatVector.broadcast(S, a[ao + 5 * ROW + p]);
            c50 = a5.fma(b0, c50);
            FloatVector a6 = FloatVector.broadcast(S, a[ao + 6 * ROW + p]);
            c60 = a6.fma(b0, c60);
            FloatVector a7 = FloatVector.broadcast(S, a[ao + 7 * ROW + p]);
            c70 = a7.fma(b0, c70);
        }
        c00.intoArray(tile, 0);
        c10.intoArray(tile, COLUMNS);
        c20.intoArray(tile, 2 * COLUMNS);
        c30.intoArray(tile, 3 * COLUMNS);
        c40.intoArray(tile, 4 * COLUMNS);
        c50.intoArray(tile, 5 * COLUMNS);
        c60.intoArray(tile, 6 * COLUMNS);
        c70.intoArray(tile, 7 * COLUMNS);
    }

    /** 6 rows, 2 vectors of columns; A's element (i, p) is at {@code ao + i·ROW + p}. */
    static void along6x2(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, from, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, from, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, from, 3 * COLUMNS + LANES);
        FloatVector c40 = FloatVector.fromArray(S, from, 4 * COLUMNS);
        FloatVector c41 = FloatVector.fromArray(S, from, 4 * COLUMNS + LANES);
        FloatVector c50 = FloatVector.fromArray(S, from, 5 * COLUMNS);
        FloatVector c51 = FloatVector.fromArray(S, from, 5 * COLUMNS + LANES);
        int end = bo + k * COLUMNS;
        for (int q = bo, p = ao; q < end; q += COLUMNS, p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, q);
            FloatVector b1 = FloatVector.fromArray(S, b, q + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[p + ROW]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[p + 2 * ROW]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[p + 3 * ROW]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(S, a[p + 4 * ROW]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, a[p + 5 * ROW]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
        c40.intoArray(tile, 4 * COLUMNS);
        c41.intoArray(tile, 4 * COLUMNS + LANES);
        c50.intoArray(tile, 5 * COLUMNS);
        c51.intoArray(tile, 5 * COLUMNS + LANES);
    }

    /** 6 rows, 1 vector of columns; A's element (i, p) is at {@code ao + i·ROW + p}. */
    static void along6x1(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c40 = FloatVector.fromArray(S, from, 4 * COLUMNS);
        FloatVector c50 = FloatVector.fromArray(S, from, 5 * COLUMNS);
        int end = bo + k * COLUMNS;
        for (int q = bo, p = ao; q < end; q += COLUMNS, p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, q);
            FloatVector a0 = FloatVector.broadcast(S, a[p]);
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(S, a[p + ROW]);
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(S, a[p + 2 * ROW]);
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(S, a[p + 3 * ROW]);
            c30 = a3.fma(b0, c30);
            FloatVector a4 = FloatVector.broadcast(S, a[p + 4 * ROW]);
            c40 = a4.fma(b0, c40);
            FloatVector a5 = FloatVector.broadcast(S, a[p + 5 * ROW]);
            c50 = a5.fma(b0, c50);
        }
        c00.intoArray(tile, 0);
        c10.intoArray(tile, COLUMNS);
        c20.intoArray(tile, 2 * COLUMNS);
        c30.intoArray(tile, 3 * COLUMNS);
        c40.intoArray(tile, 4 * COLUMNS);
        c50.intoArray(tile, 5 * COLUMNS);
    }

    /** 4 rows, 2 vectors of columns; A's element (i, p) is at {@code ao + i·ROW + p}. */
    static void along4x2(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, from, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, from, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, from, 3 * COLUMNS + LANES);
        int end = bo + k * COLUMNS;
        for (int q = bo, p = ao; q < end; q += COLUMNS, p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, q);
            FloatVector b1 = FloatVector.fromArray(S, b, q + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[p + ROW]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[p + 2 * ROW]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[p + 3 * ROW]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
    }

    /** 4 rows, 1 vector of columns; A's element (i, p) is at {@code ao + i·ROW + p}. */
    static void along4x1(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        int end = bo + k * COLUMNS;
        for (int q = bo, p = ao; q < end; q += COLUMNS, p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, q);
            FloatVector a0 = FloatVector.broadcast(S, a[p]);
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(S, a[p + ROW]);
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(S, a[p + 2 * ROW]);
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(S, a[p + 3 * ROW]);
            c30 = a3.fma(b0, c30);
        }
        c00.intoArray(tile, 0);
        c10.intoArray(tile, COLUMNS);
        c20.intoArray(tile, 2 * COLUMNS);
        c30.intoArray(tile, 3 * COLUMNS);
    }

    /** 4 rows, 2 vectors of columns; A's element (i, p) is at {@code ao + p·GROUP + i}. */
    static void across4x2(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, from, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, from, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, from, 3 * COLUMNS + LANES);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bo + p * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(S, b, bo + p * COLUMNS + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p * GROUP]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + p * GROUP + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + p * GROUP + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + p * GROUP + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
    }
}
