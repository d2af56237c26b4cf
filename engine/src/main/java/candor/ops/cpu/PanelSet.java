package candor.ops.cpu;

/** A frozen matrix in panels, each as many elements of 32 bits behind the one before. */
sealed interface PanelSet permits FloatPanels, PairPanels, NarrowPanels, PlainRows {
    /** Elements from one panel to the next. */
    int stride();
}
