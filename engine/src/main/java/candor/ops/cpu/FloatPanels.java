package candor.ops.cpu;

import java.lang.foreign.MemorySegment;

/**
 * Panels of float32, as {@link PanelKernels} read them. Behind each there is room for {@link PanelKernels#EXTRA} rows, where an
 * operation may put what it multiplies with in the same go.
 */
record FloatPanels(float[] floats, int stride, MemorySegment memory) implements PanelSet {
    private FloatPanels(float[] floats, int stride) {
        this(floats, stride, MemorySegment.ofArray(floats));
    }

    /** Floats from one panel to the next. */
    static int stride(int depth) {
        return Panels.floats(depth + PanelKernels.EXTRA);
    }

    static FloatPanels zeros(int panels, int depth) {
        return new FloatPanels(new float[panels * stride(depth)], stride(depth));
    }
}
