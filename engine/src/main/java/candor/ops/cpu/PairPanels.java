package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

/**
 * Panels of bf16 as instructions for pairs read them: a row of a panel is {@link TileShape#COLUMNS} ints, whose halves are two rows of the matrix
 * that are neighbours in the depth, the upper one's in the lower half.
 */
record PairPanels(int[] pairs, int stride) implements PanelSet {
    /** Ints of one panel of this depth. */
    static int stride(int depth) {
        return Math.multiplyExact(Math.ceilDiv(depth, 2), COLUMNS);
    }

    static PairPanels zeros(int panels, int depth) {
        return new PairPanels(new int[Math.multiplyExact(panels, stride(depth))], stride(depth));
    }
}
