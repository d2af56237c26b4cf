package candor.ops.cpu;

/**
 * Panels that take fewer bytes than float32 does: a piece of one is widened to an array of a thread's own, once for all rows of a
 * block, and read from there. Nothing lies behind them.
 */
sealed interface NarrowPanels extends PanelSet permits Bf16Pairs, PackedPanels {
    /** Elements of a panel's row. */
    int row();

    /** {@code depth} rows of a panel, from element {@code at} on, as float32 from the beginning of {@code to} on. */
    void widen(float[] to, int at, int depth);
}
