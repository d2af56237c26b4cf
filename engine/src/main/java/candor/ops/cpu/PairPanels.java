package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import java.lang.foreign.MemorySegment;

/**
 * Panels of bf16 as instructions for pairs read them: a row of a panel is {@link TileShape#COLUMNS} ints, whose halves are two rows of the matrix
 * that are neighbours in the depth, the upper one's in the lower half.
 */
record PairPanels(int[] pairs, int stride, MemorySegment memory) implements PanelSet {
    private PairPanels(int[] pairs, int stride) {
        this(pairs, stride, MemorySegment.ofArray(pairs));
    }

    /** Ints of one panel of this depth. */
    static int stride(int depth) {
        return Math.multiplyExact(Math.ceilDiv(depth, 2), COLUMNS);
    }

    static PairPanels zeros(int panels, int depth) {
        return new PairPanels(new int[Math.multiplyExact(panels, stride(depth))], stride(depth));
    }
}
