package candor.ops.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of products whose operands stay where they lie, in memory segments ({@link PageGemm}); all others end in
 * {@link PanelKernels}. tile = from + A·B, for a tile of C that lives in registers.
 *
 * <p>A is read one scalar at a time and broadcast: element (r, p) is at byte {@code ao + r·rs}, p floats behind. B is read in whole vectors: row p begins at byte {@code bo + p·bs}. Tiles are arrays of rows of {@link
 * #COLUMNS} floats: the accumulators start from one and end in one, which may be the same; {@link Tile} moves them from
 * and to C.
 *
 * <p>Every element is one chain of fused multiply-adds over p in rising order, whatever the tile. So a result does not
 * depend on how a matrix is cut into tiles, on the vector width, or on the number of threads.
 *
 * <p>The methods are small on purpose. C2 gives up on larger tiles (24 accumulators ran ten times slower than these
 * 16), and C1 runs out of registers where the tile is read from memory segments too; a method that C1 refused in the
 * middle of a loop is never compiled again, and stays a thousand times slower. Eight rows by two vectors of 16 floats
 * keep the multipliers of a core with AVX-512 busy.
 */
final class TileKernels {
    /** The widest vectors that the machine likes. */
    static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

    /** Floats in a vector. */
    static final int LANES = S.length();

    /** Columns of the widest tile. */
    static final int COLUMNS = 2 * LANES;

    /** Rows of the tallest tile: as many as leave the accumulators, one A and two B in registers. */
    static final int ROWS = LANES >= 16 ? 8 : 4;

    /** Floats of a tile. */
    static final int TILE = ROWS * COLUMNS;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** Bytes of a vector. */
    private static final long BYTES = S.vectorByteSize();

    private TileKernels() {}

    /** 8 rows, 2 vectors of columns. */
    static void tile8x2(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
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
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a.get(FLOAT, ao + 2 * rs));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a.get(FLOAT, ao + 3 * rs));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(S, a.get(FLOAT, ao + 4 * rs));
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, a.get(FLOAT, ao + 5 * rs));
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            FloatVector a6 = FloatVector.broadcast(S, a.get(FLOAT, ao + 6 * rs));
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            FloatVector a7 = FloatVector.broadcast(S, a.get(FLOAT, ao + 7 * rs));
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

    /** 8 rows, 1 vector of columns. */
    static void tile8x1(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c40 = FloatVector.fromArray(S, from, 4 * COLUMNS);
        FloatVector c50 = FloatVector.fromArray(S, from, 5 * COLUMNS);
        FloatVector c60 = FloatVector.fromArray(S, from, 6 * COLUMNS);
        FloatVector c70 = FloatVector.fromArray(S, from, 7 * COLUMNS);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(S, a.get(FLOAT, ao + 2 * rs));
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(S, a.get(FLOAT, ao + 3 * rs));
            c30 = a3.fma(b0, c30);
            FloatVector a4 = FloatVector.broadcast(S, a.get(FLOAT, ao + 4 * rs));
            c40 = a4.fma(b0, c40);
            FloatVector a5 = FloatVector.broadcast(S, a.get(FLOAT, ao + 5 * rs));
            c50 = a5.fma(b0, c50);
            FloatVector a6 = FloatVector.broadcast(S, a.get(FLOAT, ao + 6 * rs));
            c60 = a6.fma(b0, c60);
            FloatVector a7 = FloatVector.broadcast(S, a.get(FLOAT, ao + 7 * rs));
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

    /** 4 rows, 2 vectors of columns. */
    static void tile4x2(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, from, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, from, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, from, 3 * COLUMNS + LANES);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a.get(FLOAT, ao + 2 * rs));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a.get(FLOAT, ao + 3 * rs));
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

    /** 4 rows, 1 vector of columns. */
    static void tile4x1(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c20 = FloatVector.fromArray(S, from, 2 * COLUMNS);
        FloatVector c30 = FloatVector.fromArray(S, from, 3 * COLUMNS);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(S, a.get(FLOAT, ao + 2 * rs));
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(S, a.get(FLOAT, ao + 3 * rs));
            c30 = a3.fma(b0, c30);
        }
        c00.intoArray(tile, 0);
        c10.intoArray(tile, COLUMNS);
        c20.intoArray(tile, 2 * COLUMNS);
        c30.intoArray(tile, 3 * COLUMNS);
    }

    /** 2 rows, 2 vectors of columns. */
    static void tile2x2(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, from, COLUMNS + LANES);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
    }

    /** 2 rows, 1 vector of columns. */
    static void tile2x1(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c10 = FloatVector.fromArray(S, from, COLUMNS);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
        }
        c00.intoArray(tile, 0);
        c10.intoArray(tile, COLUMNS);
    }

    /** 1 row, 2 vectors of columns. */
    static void tile1x2(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        FloatVector c01 = FloatVector.fromArray(S, from, LANES);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
    }

    /** 1 row, 1 vector of columns. */
    static void tile1x1(
            MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, int k, float[] from, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, from, 0);
        for (int p = 0; p < k; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
        }
        c00.intoArray(tile, 0);
    }
}
