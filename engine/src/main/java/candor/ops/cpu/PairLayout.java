package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.bindings.CpuLibrary;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Panels of pairs of bf16 ({@link PairPanels}), which native code lays out. */
record PairLayout(CpuKernels kernels) implements PanelLayout {
    private static final ThreadLocal<HeapArray> ARRAY = ThreadLocal.withInitial(HeapArray::new);

    @Override
    public int floats(int depth) {
        return PairPanels.stride(depth);
    }

    @Override
    public void transposed(float[] to, int at, Tensor w, int row, int col, int rows, int depth, float scale) {
        transposed(ARRAY.get().of(to), at, w, row, col, rows, depth, scale);
    }

    @Override
    public void natural(float[] to, int at, Tensor w, int row, int depth, int col, int cols, float scale) {
        natural(ARRAY.get().of(to), at, w, row, depth, col, cols, scale);
    }

    /** As above, of float32 or, where scale is 1, of bf16. */
    void transposed(MemorySegment to, int at, Tensor w, int row, int col, int rows, int depth, float scale) {
        pack(to, at, w, row, col, true, depth, rows, scale);
    }

    void natural(MemorySegment to, int at, Tensor w, int row, int depth, int col, int cols, float scale) {
        pack(to, at, w, row, col, false, depth, cols, scale);
    }

    private void pack(
            MemorySegment to, int at, Tensor w, int row, int col, boolean across, int depth, int cols, float scale) {
        CpuLibrary.packPairs(
                kernels.number,
                to,
                at,
                NativeGemm.address(w.data(), w.offset(row, col)),
                w.stride(),
                w.dtype() == DType.BF16,
                across,
                depth,
                cols,
                COLUMNS,
                scale);
    }

    @Override
    public PanelSource source(StoredWeight weight) {
        return PairSource.of(weight, this);
    }
}
