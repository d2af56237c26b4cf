package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.weight.Fp8Weight;
import candor.ops.weight.Int8Weight;
import candor.ops.weight.Nf4Weight;
import candor.ops.weight.PackedWeight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Panels of a packed weight: kept in its own codes ({@link PackedPanels}), else widened as they are packed. */
final class PackedSource implements PanelSource {
    private final PackedWeight w;
    private final PanelSource widened;
    private final Codes kind;
    private final MemorySegment codes;

    private PackedSource(PackedWeight w) {
        this.w = w;
        widened = new WidenedSource(w);
        kind = switch (w) {
            case Nf4Weight _ -> Codes.NF4;
            case Int8Weight _ -> Codes.INT8;
            case Fp8Weight _ -> Codes.FP8;
        };
        codes = switch (w) {
            case Nf4Weight nf4 -> nf4.codes();
            case Int8Weight int8 -> int8.codes();
            case Fp8Weight fp8 -> fp8.codes();
        };
    }

    /** Where blocks end within rows, or vectors are short, a weight is widened as any other. */
    static PanelSource of(PackedWeight w) {
        boolean whole = !(w instanceof Nf4Weight) || w.cols() % Nf4Weight.BLOCK == 0;
        return whole && Codes.fits() ? new PackedSource(w) : new WidenedSource(w);
    }

    @Override
    public int rows() {
        return w.rows();
    }

    @Override
    public int cols() {
        return w.cols();
    }

    @Override
    public void transposed(float[] to, int at, int row, int rows) {
        widened.transposed(to, at, row, rows);
    }

    @Override
    public void natural(float[] to, int at, int row, int depth, int col, int cols) {
        widened.natural(to, at, row, depth, col, cols);
    }

    @Override
    public int stride(int depth) {
        return PackedPanels.stride(kind, depth);
    }

    @Override
    public Layout forward() {
        int panels = Panels.count(rows());
        int across =
                switch (w) {
                    case Nf4Weight _ -> Nf4Weight.BLOCK;
                    case Int8Weight _ -> kind.rows() * Math.ceilDiv(cols(), kind.rows());
                    case Fp8Weight _ -> Fp8Weight.BLOCK;
                };
        int groups = Math.ceilDiv(cols(), across);
        float[] scales = new float[panels * groups * COLUMNS];
        PackedPanels to = new PackedPanels(kind, panels, cols(), scales, across, groups * COLUMNS, 1);
        return new Layout(to, panel -> {
            for (int j = 0; j < Panels.width(rows(), panel); j++) {
                int row = panel * COLUMNS + j;
                for (int group = 0; group < groups; group++) {
                    scales[(panel * groups + group) * COLUMNS + j] = scale(row, group * across);
                }
                for (int p = 0; p < cols(); p++) {
                    to.put(panel, p, j, code((long) row * cols() + p));
                }
            }
        });
    }

    @Override
    public Layout backward() {
        int panels = Panels.count(cols());
        int sharing =
                switch (w) {
                    case Nf4Weight _ -> Nf4Weight.BLOCK / COLUMNS;
                    case Int8Weight _ -> panels;
                    case Fp8Weight _ -> Fp8Weight.BLOCK / COLUMNS;
                };
        int padded = kind.rows() * Math.ceilDiv(rows(), kind.rows());
        float[] scales = new float[Math.ceilDiv(panels, sharing) * padded];
        PackedPanels to = new PackedPanels(kind, panels, rows(), scales, 0, padded, sharing);
        return new Layout(to, panel -> {
            int col = panel * COLUMNS;
            for (int p = 0; p < rows(); p++) {
                if (panel % sharing == 0) {
                    scales[panel / sharing * padded + p] = scale(p, col);
                }
                for (int j = 0; j < Panels.width(cols(), panel); j++) {
                    to.put(panel, p, j, code((long) p * cols() + col + j));
                }
            }
        });
    }

    /** Of an element. */
    private float scale(int row, int col) {
        return switch (w) {
            case Nf4Weight nf4 -> nf4.absmax().of(((long) row * cols() + col) / Nf4Weight.BLOCK);
            case Int8Weight int8 -> int8.step(row);
            case Fp8Weight fp8 -> fp8.scale(row, col);
        };
    }

    private int code(long element) {
        if (kind == Codes.NF4) {
            int both = codes.get(ValueLayout.JAVA_BYTE, element / 2);
            return element % 2 == 0 ? both >> 4 : both;
        }
        return codes.get(ValueLayout.JAVA_BYTE, element);
    }
}
