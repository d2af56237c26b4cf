package candor.ops.cpu;

/**
 * A frozen matrix in panels, each {@code stride} elements behind the one before: float32, as {@link PanelKernels} read it, or
 * bf16, two to an int, as {@link Bf16Pairs} lays them out. One of the arrays is null.
 */
record PanelSet(float[] floats, int[] pairs, int stride) {
    /** Whether a panel has to be widened before it is read. */
    boolean paired() {
        return pairs != null;
    }
}
