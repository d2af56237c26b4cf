package candor.ops.cpu;

import candor.tensor.Tensor;

/**
 * A frozen matrix as it lies, float32 or bf16, which native loops lay out as they read it: for blocks of many rows that costs next to nothing,
 * and no memory.
 */
record PlainRows(Tensor w) implements PanelSet {
    @Override
    public int stride() {
        return 0; // there are no panels
    }
}
