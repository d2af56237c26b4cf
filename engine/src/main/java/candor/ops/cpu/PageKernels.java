package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops of attention to a cache: C += A·B, where B stays as it lies in a page. A page is read once a step, and to copy
 * it would be to read it twice; A and C are arrays, small ones, that stay in the first-level cache.
 *
 * <p>A's element (i, p) is at {@code ao + i·as + p}; row p of B begins at byte {@code bo + p·bs} and is read in whole vectors; C's
 * row i begins at {@code co + i·cs}. Every element is one chain of fused multiply-adds over p in rising order, whatever the tile. Eight
 * such chains hide what an addition takes; a tile of fewer is for what is left over.
 */
final class PageKernels {
    /** Bytes of a vector. */
    private static final long BYTES = S.vectorByteSize();

    private PageKernels() {}

    /**
     * C += A·B.
     *
     * @param rows of A and C
     * @param cols of B and C; both can be read, and C written, in whole vectors, up to a multiple of four
     * @param k    columns of A, rows of B
     */
    static void addTo(
            float[] c,
            int co,
            int cs,
            float[] a,
            int ao,
            int as,
            MemorySegment b,
            long bo,
            long bs,
            int rows,
            int cols,
            int k) {
        for (int r = 0; r < rows; ) {
            int height = rows - r >= 4 ? 4 : rows - r >= 2 ? 2 : 1;
            for (int col = 0; col < cols; ) {
                boolean wide = height < 4 && cols - col > 2 * LANES;
                int x = ao + r * as;
                int y = co + r * cs + col;
                long z = bo + col * (long) Float.BYTES;
                if (height == 4) {
                    rows4x2(a, x, as, b, z, bs, k, c, y, cs);
                } else if (height == 2) {
                    if (wide) {
                        rows2x4(a, x, as, b, z, bs, k, c, y, cs);
                    } else {
                        rows2x2(a, x, as, b, z, bs, k, c, y, cs);
                    }
                } else if (wide) {
                    rows1x4(a, x, as, b, z, bs, k, c, y, cs);
                } else {
                    rows1x2(a, x, as, b, z, bs, k, c, y, cs);
                }
                col += (wide ? 4 : 2) * LANES;
            }
            r += height;
        }
    }

    /** 4 rows, 2 vectors of columns. */
    static void rows4x2(
            float[] a, int ao, int as, MemorySegment b, long bo, long bs, int k, float[] c, int co, int cs) {
        FloatVector c00 = FloatVector.fromArray(S, c, co);
        FloatVector c01 = FloatVector.fromArray(S, c, co + LANES);
        FloatVector c10 = FloatVector.fromArray(S, c, co + cs);
        FloatVector c11 = FloatVector.fromArray(S, c, co + cs + LANES);
        FloatVector c20 = FloatVector.fromArray(S, c, co + 2 * cs);
        FloatVector c21 = FloatVector.fromArray(S, c, co + 2 * cs + LANES);
        FloatVector c30 = FloatVector.fromArray(S, c, co + 3 * cs);
        FloatVector c31 = FloatVector.fromArray(S, c, co + 3 * cs + LANES);
        for (int p = 0; p < k; p++, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + as + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * as + p]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * as + p]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
        c10.intoArray(c, co + cs);
        c11.intoArray(c, co + cs + LANES);
        c20.intoArray(c, co + 2 * cs);
        c21.intoArray(c, co + 2 * cs + LANES);
        c30.intoArray(c, co + 3 * cs);
        c31.intoArray(c, co + 3 * cs + LANES);
    }

    /** 2 rows, 4 vectors of columns. */
    static void rows2x4(
            float[] a, int ao, int as, MemorySegment b, long bo, long bs, int k, float[] c, int co, int cs) {
        FloatVector c00 = FloatVector.fromArray(S, c, co);
        FloatVector c01 = FloatVector.fromArray(S, c, co + LANES);
        FloatVector c02 = FloatVector.fromArray(S, c, co + 2 * LANES);
        FloatVector c03 = FloatVector.fromArray(S, c, co + 3 * LANES);
        FloatVector c10 = FloatVector.fromArray(S, c, co + cs);
        FloatVector c11 = FloatVector.fromArray(S, c, co + cs + LANES);
        FloatVector c12 = FloatVector.fromArray(S, c, co + cs + 2 * LANES);
        FloatVector c13 = FloatVector.fromArray(S, c, co + cs + 3 * LANES);
        for (int p = 0; p < k; p++, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(S, b, bo + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(S, b, bo + 3 * BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            c03 = a0.fma(b3, c03);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + as + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            c13 = a1.fma(b3, c13);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
        c02.intoArray(c, co + 2 * LANES);
        c03.intoArray(c, co + 3 * LANES);
        c10.intoArray(c, co + cs);
        c11.intoArray(c, co + cs + LANES);
        c12.intoArray(c, co + cs + 2 * LANES);
        c13.intoArray(c, co + cs + 3 * LANES);
    }

    /** 2 rows, 2 vectors of columns. */
    static void rows2x2(
            float[] a, int ao, int as, MemorySegment b, long bo, long bs, int k, float[] c, int co, int cs) {
        FloatVector c00 = FloatVector.fromArray(S, c, co);
        FloatVector c01 = FloatVector.fromArray(S, c, co + LANES);
        FloatVector c10 = FloatVector.fromArray(S, c, co + cs);
        FloatVector c11 = FloatVector.fromArray(S, c, co + cs + LANES);
        for (int p = 0; p < k; p++, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + as + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
        c10.intoArray(c, co + cs);
        c11.intoArray(c, co + cs + LANES);
    }

    /** 1 row, 4 vectors of columns. */
    static void rows1x4(
            float[] a, int ao, int as, MemorySegment b, long bo, long bs, int k, float[] c, int co, int cs) {
        FloatVector c00 = FloatVector.fromArray(S, c, co);
        FloatVector c01 = FloatVector.fromArray(S, c, co + LANES);
        FloatVector c02 = FloatVector.fromArray(S, c, co + 2 * LANES);
        FloatVector c03 = FloatVector.fromArray(S, c, co + 3 * LANES);
        for (int p = 0; p < k; p++, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(S, b, bo + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(S, b, bo + 3 * BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            c03 = a0.fma(b3, c03);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
        c02.intoArray(c, co + 2 * LANES);
        c03.intoArray(c, co + 3 * LANES);
    }

    /** 1 row, 2 vectors of columns. */
    static void rows1x2(
            float[] a, int ao, int as, MemorySegment b, long bo, long bs, int k, float[] c, int co, int cs) {
        FloatVector c00 = FloatVector.fromArray(S, c, co);
        FloatVector c01 = FloatVector.fromArray(S, c, co + LANES);
        for (int p = 0; p < k; p++, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
    }
}
