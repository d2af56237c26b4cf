package candor.ops.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of every matrix product: C = I + A·B on a tile that lives in registers.
 *
 * <p>A is read one scalar at a time and broadcast, so that it may lie in any order: element (r, p) is at byte {@code ao +
 * r·rs + p·ks}. B is read in whole vectors: row p begins at byte {@code bo + p·bs}. The accumulators start from I, row r
 * at {@code io + r·is} (a stride of zero repeats a bias, or zeros), and end in C, row r at {@code co + r·cs}.
 *
 * <p>Every element is one chain of fused multiply-adds over p in rising order, whatever the tile. So a result does not
 * depend on how a matrix is cut into tiles, on the vector width, or on the number of threads.
 *
 * <p>The methods are small on purpose: C2 gives up on larger tiles (24 accumulators ran ten times slower than these
 * 16), and eight rows by two vectors of 16 floats already keep the multipliers of a core with AVX-512 busy.
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

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** Bytes of a vector. */
    private static final long BYTES = S.vectorByteSize();

    private TileKernels() {}

    /** 8 rows, 2 vectors of columns. */
    static void tile8x2(
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, int k,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        FloatVector c00 = FloatVector.fromMemorySegment(S, i, io, ORDER);
        FloatVector c01 = FloatVector.fromMemorySegment(S, i, io + BYTES, ORDER);
        FloatVector c10 = FloatVector.fromMemorySegment(S, i, io + is, ORDER);
        FloatVector c11 = FloatVector.fromMemorySegment(S, i, io + is + BYTES, ORDER);
        FloatVector c20 = FloatVector.fromMemorySegment(S, i, io + 2 * is, ORDER);
        FloatVector c21 = FloatVector.fromMemorySegment(S, i, io + 2 * is + BYTES, ORDER);
        FloatVector c30 = FloatVector.fromMemorySegment(S, i, io + 3 * is, ORDER);
        FloatVector c31 = FloatVector.fromMemorySegment(S, i, io + 3 * is + BYTES, ORDER);
        FloatVector c40 = FloatVector.fromMemorySegment(S, i, io + 4 * is, ORDER);
        FloatVector c41 = FloatVector.fromMemorySegment(S, i, io + 4 * is + BYTES, ORDER);
        FloatVector c50 = FloatVector.fromMemorySegment(S, i, io + 5 * is, ORDER);
        FloatVector c51 = FloatVector.fromMemorySegment(S, i, io + 5 * is + BYTES, ORDER);
        FloatVector c60 = FloatVector.fromMemorySegment(S, i, io + 6 * is, ORDER);
        FloatVector c61 = FloatVector.fromMemorySegment(S, i, io + 6 * is + BYTES, ORDER);
        FloatVector c70 = FloatVector.fromMemorySegment(S, i, io + 7 * is, ORDER);
        FloatVector c71 = FloatVector.fromMemorySegment(S, i, io + 7 * is + BYTES, ORDER);
        for (int p = 0; p < k; p++, ao += ks, bo += bs) {
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
        c00.intoMemorySegment(c, co, ORDER);
        c01.intoMemorySegment(c, co + BYTES, ORDER);
        c10.intoMemorySegment(c, co + cs, ORDER);
        c11.intoMemorySegment(c, co + cs + BYTES, ORDER);
        c20.intoMemorySegment(c, co + 2 * cs, ORDER);
        c21.intoMemorySegment(c, co + 2 * cs + BYTES, ORDER);
        c30.intoMemorySegment(c, co + 3 * cs, ORDER);
        c31.intoMemorySegment(c, co + 3 * cs + BYTES, ORDER);
        c40.intoMemorySegment(c, co + 4 * cs, ORDER);
        c41.intoMemorySegment(c, co + 4 * cs + BYTES, ORDER);
        c50.intoMemorySegment(c, co + 5 * cs, ORDER);
        c51.intoMemorySegment(c, co + 5 * cs + BYTES, ORDER);
        c60.intoMemorySegment(c, co + 6 * cs, ORDER);
        c61.intoMemorySegment(c, co + 6 * cs + BYTES, ORDER);
        c70.intoMemorySegment(c, co + 7 * cs, ORDER);
        c71.intoMemorySegment(c, co + 7 * cs + BYTES, ORDER);
    }

    /** 8 rows, 1 vector of columns. */
    static void tile8x1(
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, int k,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        FloatVector c00 = FloatVector.fromMemorySegment(S, i, io, ORDER);
        FloatVector c10 = FloatVector.fromMemorySegment(S, i, io + is, ORDER);
        FloatVector c20 = FloatVector.fromMemorySegment(S, i, io + 2 * is, ORDER);
        FloatVector c30 = FloatVector.fromMemorySegment(S, i, io + 3 * is, ORDER);
        FloatVector c40 = FloatVector.fromMemorySegment(S, i, io + 4 * is, ORDER);
        FloatVector c50 = FloatVector.fromMemorySegment(S, i, io + 5 * is, ORDER);
        FloatVector c60 = FloatVector.fromMemorySegment(S, i, io + 6 * is, ORDER);
        FloatVector c70 = FloatVector.fromMemorySegment(S, i, io + 7 * is, ORDER);
        for (int p = 0; p < k; p++, ao += ks, bo += bs) {
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
        c00.intoMemorySegment(c, co, ORDER);
        c10.intoMemorySegment(c, co + cs, ORDER);
        c20.intoMemorySegment(c, co + 2 * cs, ORDER);
        c30.intoMemorySegment(c, co + 3 * cs, ORDER);
        c40.intoMemorySegment(c, co + 4 * cs, ORDER);
        c50.intoMemorySegment(c, co + 5 * cs, ORDER);
        c60.intoMemorySegment(c, co + 6 * cs, ORDER);
        c70.intoMemorySegment(c, co + 7 * cs, ORDER);
    }

    /** 4 rows, 2 vectors of columns. */
    static void tile4x2(
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, int k,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        FloatVector c00 = FloatVector.fromMemorySegment(S, i, io, ORDER);
        FloatVector c01 = FloatVector.fromMemorySegment(S, i, io + BYTES, ORDER);
        FloatVector c10 = FloatVector.fromMemorySegment(S, i, io + is, ORDER);
        FloatVector c11 = FloatVector.fromMemorySegment(S, i, io + is + BYTES, ORDER);
        FloatVector c20 = FloatVector.fromMemorySegment(S, i, io + 2 * is, ORDER);
        FloatVector c21 = FloatVector.fromMemorySegment(S, i, io + 2 * is + BYTES, ORDER);
        FloatVector c30 = FloatVector.fromMemorySegment(S, i, io + 3 * is, ORDER);
        FloatVector c31 = FloatVector.fromMemorySegment(S, i, io + 3 * is + BYTES, ORDER);
        for (int p = 0; p < k; p++, ao += ks, bo += bs) {
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
        c00.intoMemorySegment(c, co, ORDER);
        c01.intoMemorySegment(c, co + BYTES, ORDER);
        c10.intoMemorySegment(c, co + cs, ORDER);
        c11.intoMemorySegment(c, co + cs + BYTES, ORDER);
        c20.intoMemorySegment(c, co + 2 * cs, ORDER);
        c21.intoMemorySegment(c, co + 2 * cs + BYTES, ORDER);
        c30.intoMemorySegment(c, co + 3 * cs, ORDER);
        c31.intoMemorySegment(c, co + 3 * cs + BYTES, ORDER);
    }

    /** 4 rows, 1 vector of columns. */
    static void tile4x1(
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, int k,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        FloatVector c00 = FloatVector.fromMemorySegment(S, i, io, ORDER);
        FloatVector c10 = FloatVector.fromMemorySegment(S, i, io + is, ORDER);
        FloatVector c20 = FloatVector.fromMemorySegment(S, i, io + 2 * is, ORDER);
        FloatVector c30 = FloatVector.fromMemorySegment(S, i, io + 3 * is, ORDER);
        for (int p = 0; p < k; p++, ao += ks, bo += bs) {
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
        c00.intoMemorySegment(c, co, ORDER);
        c10.intoMemorySegment(c, co + cs, ORDER);
        c20.intoMemorySegment(c, co + 2 * cs, ORDER);
        c30.intoMemorySegment(c, co + 3 * cs, ORDER);
    }

    /** 1 rows, 2 vectors of columns. */
    static void tile1x2(
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, int k,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        FloatVector c00 = FloatVector.fromMemorySegment(S, i, io, ORDER);
        FloatVector c01 = FloatVector.fromMemorySegment(S, i, io + BYTES, ORDER);
        for (int p = 0; p < k; p++, ao += ks, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
        }
        c00.intoMemorySegment(c, co, ORDER);
        c01.intoMemorySegment(c, co + BYTES, ORDER);
    }

    /** 1 rows, 1 vector of columns. */
    static void tile1x1(
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, int k,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        FloatVector c00 = FloatVector.fromMemorySegment(S, i, io, ORDER);
        for (int p = 0; p < k; p++, ao += ks, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
        }
        c00.intoMemorySegment(c, co, ORDER);
    }
}
