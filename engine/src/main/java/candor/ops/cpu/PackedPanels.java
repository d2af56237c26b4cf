package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Panels of a packed weight in as many bits as its codes have. A vector of ints holds some rows of a panel: lane l has, from its lowest bits
 * up, the codes of columns l and LANES + l of the first row, then those of the next. Beside them are scales: one for each column of some
 * rows ({@link #across}), or one for each row.
 *
 * <p>Values are the weight's own, bit by bit: code times scale in float32, rounded to bf16.
 */
final class PackedPanels implements NarrowPanels {
    static final VectorSpecies<Integer> I = S.withLanes(int.class).check(int.class);

    private final Codes kind;
    private final int[] codes;
    private final int stride;
    private final float[] scales;
    private final MemorySegment codeMemory;
    private final MemorySegment scaleMemory;

    /** Whether each column has a scale of its own, for so many rows; 0 where each row has one. */
    private final int across;

    /** Of one panel's scales to the next's, and how many panels have the same. */
    private final int scaleStride;

    private final int sharing;

    /** @param depth rows of a panel */
    PackedPanels(Codes kind, int panels, int depth, float[] scales, int across, int scaleStride, int sharing) {
        this.kind = kind;
        this.scales = scales;
        this.across = across;
        this.scaleStride = scaleStride;
        this.sharing = sharing;
        stride = stride(kind, depth);
        codes = new int[Math.multiplyExact(panels, stride)];
        Arrays.fill(codes, kind.zeros());
        codeMemory = MemorySegment.ofArray(codes);
        scaleMemory = MemorySegment.ofArray(scales);
    }

    /** Ints of one panel of this depth. */
    static int stride(Codes kind, int depth) {
        return Math.multiplyExact(Math.ceilDiv(depth, kind.rows()), LANES);
    }

    /** Sets a code, once. */
    void put(int panel, int p, int column, int code) {
        int at = panel * stride + p / kind.rows() * LANES + column % LANES;
        int shift = (p % kind.rows() * 2 + column / LANES) * kind.bits();
        int mask = (1 << kind.bits()) - 1;
        codes[at] = codes[at] & ~(mask << shift) | (code & mask) << shift;
    }

    Codes kind() {
        return kind;
    }

    MemorySegment codeMemory() {
        return codeMemory;
    }

    MemorySegment scaleMemory() {
        return scaleMemory;
    }

    int across() {
        return across;
    }

    int scaleStride() {
        return scaleStride;
    }

    int sharing() {
        return sharing;
    }

    @Override
    public int stride() {
        return stride;
    }

    @Override
    public int row() {
        return LANES / kind.rows();
    }

    @Override
    public void widen(float[] to, int at, int depth) {
        int panel = at / stride;
        int first = at % stride / row();
        int scaleAt = panel / sharing * scaleStride;
        if (across == 0) {
            rows(to, first, at, depth, scaleAt + first);
            return;
        }
        for (int p = 0; p < depth; ) {
            int group = (first + p) / across;
            int n = Math.min(depth - p, (group + 1) * across - first - p);
            columns(to, p, at + p / kind.rows() * LANES, n, scaleAt + group * COLUMNS);
            p += n;
        }
    }

    private void columns(float[] to, int p, int at, int n, int scaleAt) {
        switch (kind) {
            case NF4 -> nf4Columns(to, p * COLUMNS, codes, at, n, scales, scaleAt);
            case INT8 -> int8Columns(to, p * COLUMNS, codes, at, n, scales, scaleAt);
            case FP8 -> fp8Columns(to, p * COLUMNS, codes, at, n, scales, scaleAt);
        }
    }

    private void rows(float[] to, int first, int at, int n, int scaleAt) {
        assert first % kind.rows() == 0;
        switch (kind) {
            case NF4 -> nf4Rows(to, codes, at, n, scales, scaleAt);
            case INT8 -> int8Rows(to, codes, at, n, scales, scaleAt);
            case FP8 -> fp8Rows(to, codes, at, n, scales, scaleAt);
        }
    }

    // Each loop goes over whole groups of rows; what it writes beyond the last is overwritten, or not read.

    private static void nf4Columns(float[] to, int t, int[] codes, int at, int n, float[] scales, int scaleAt) {
        FloatVector s0 = FloatVector.fromArray(S, scales, scaleAt);
        FloatVector s1 = FloatVector.fromArray(S, scales, scaleAt + LANES);
        for (int p = 0; p < n; p += 4, at += LANES, t += 4 * COLUMNS) {
            IntVector v = IntVector.fromArray(I, codes, at);
            rounded(Codes.nf4(v, 0).mul(s0)).intoArray(to, t);
            rounded(Codes.nf4(v, 4).mul(s1)).intoArray(to, t + LANES);
            rounded(Codes.nf4(v, 8).mul(s0)).intoArray(to, t + COLUMNS);
            rounded(Codes.nf4(v, 12).mul(s1)).intoArray(to, t + COLUMNS + LANES);
            rounded(Codes.nf4(v, 16).mul(s0)).intoArray(to, t + 2 * COLUMNS);
            rounded(Codes.nf4(v, 20).mul(s1)).intoArray(to, t + 2 * COLUMNS + LANES);
            rounded(Codes.nf4(v, 24).mul(s0)).intoArray(to, t + 3 * COLUMNS);
            rounded(Codes.nf4(v, 28).mul(s1)).intoArray(to, t + 3 * COLUMNS + LANES);
        }
    }

    private static void nf4Rows(float[] to, int[] codes, int at, int n, float[] scales, int scaleAt) {
        for (int p = 0, t = 0; p < n; p += 4, at += LANES, t += 4 * COLUMNS) {
            IntVector v = IntVector.fromArray(I, codes, at);
            float s0 = scales[scaleAt + p];
            float s1 = scales[scaleAt + p + 1];
            float s2 = scales[scaleAt + p + 2];
            float s3 = scales[scaleAt + p + 3];
            rounded(Codes.nf4(v, 0).mul(s0)).intoArray(to, t);
            rounded(Codes.nf4(v, 4).mul(s0)).intoArray(to, t + LANES);
            rounded(Codes.nf4(v, 8).mul(s1)).intoArray(to, t + COLUMNS);
            rounded(Codes.nf4(v, 12).mul(s1)).intoArray(to, t + COLUMNS + LANES);
            rounded(Codes.nf4(v, 16).mul(s2)).intoArray(to, t + 2 * COLUMNS);
            rounded(Codes.nf4(v, 20).mul(s2)).intoArray(to, t + 2 * COLUMNS + LANES);
            rounded(Codes.nf4(v, 24).mul(s3)).intoArray(to, t + 3 * COLUMNS);
            rounded(Codes.nf4(v, 28).mul(s3)).intoArray(to, t + 3 * COLUMNS + LANES);
        }
    }

    private static void int8Columns(float[] to, int t, int[] codes, int at, int n, float[] scales, int scaleAt) {
        FloatVector s0 = FloatVector.fromArray(S, scales, scaleAt);
        FloatVector s1 = FloatVector.fromArray(S, scales, scaleAt + LANES);
        for (int p = 0; p < n; p += 2, at += LANES, t += 2 * COLUMNS) {
            IntVector v = IntVector.fromArray(I, codes, at);
            rounded(Codes.int8(v, 0).mul(s0)).intoArray(to, t);
            rounded(Codes.int8(v, 8).mul(s1)).intoArray(to, t + LANES);
            rounded(Codes.int8(v, 16).mul(s0)).intoArray(to, t + COLUMNS);
            rounded(Codes.int8(v, 24).mul(s1)).intoArray(to, t + COLUMNS + LANES);
        }
    }

    private static void int8Rows(float[] to, int[] codes, int at, int n, float[] scales, int scaleAt) {
        for (int p = 0, t = 0; p < n; p += 2, at += LANES, t += 2 * COLUMNS) {
            IntVector v = IntVector.fromArray(I, codes, at);
            float s0 = scales[scaleAt + p];
            float s1 = scales[scaleAt + p + 1];
            rounded(Codes.int8(v, 0).mul(s0)).intoArray(to, t);
            rounded(Codes.int8(v, 8).mul(s0)).intoArray(to, t + LANES);
            rounded(Codes.int8(v, 16).mul(s1)).intoArray(to, t + COLUMNS);
            rounded(Codes.int8(v, 24).mul(s1)).intoArray(to, t + COLUMNS + LANES);
        }
    }

    private static void fp8Columns(float[] to, int t, int[] codes, int at, int n, float[] scales, int scaleAt) {
        FloatVector s0 = FloatVector.fromArray(S, scales, scaleAt);
        FloatVector s1 = FloatVector.fromArray(S, scales, scaleAt + LANES);
        for (int p = 0; p < n; p += 2, at += LANES, t += 2 * COLUMNS) {
            IntVector v = IntVector.fromArray(I, codes, at);
            rounded(Codes.fp8(v, 0).mul(s0)).intoArray(to, t);
            rounded(Codes.fp8(v, 8).mul(s1)).intoArray(to, t + LANES);
            rounded(Codes.fp8(v, 16).mul(s0)).intoArray(to, t + COLUMNS);
            rounded(Codes.fp8(v, 24).mul(s1)).intoArray(to, t + COLUMNS + LANES);
        }
    }

    private static void fp8Rows(float[] to, int[] codes, int at, int n, float[] scales, int scaleAt) {
        for (int p = 0, t = 0; p < n; p += 2, at += LANES, t += 2 * COLUMNS) {
            IntVector v = IntVector.fromArray(I, codes, at);
            float s0 = scales[scaleAt + p];
            float s1 = scales[scaleAt + p + 1];
            rounded(Codes.fp8(v, 0).mul(s0)).intoArray(to, t);
            rounded(Codes.fp8(v, 8).mul(s0)).intoArray(to, t + LANES);
            rounded(Codes.fp8(v, 16).mul(s1)).intoArray(to, t + COLUMNS);
            rounded(Codes.fp8(v, 24).mul(s1)).intoArray(to, t + COLUMNS + LANES);
        }
    }

    /** To bf16, ties to even; there are no NaNs. */
    private static FloatVector rounded(FloatVector values) {
        IntVector bits = values.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        return bits.add(odd).add(0x7fff).and(0xffff0000).reinterpretAsFloats();
    }
}
