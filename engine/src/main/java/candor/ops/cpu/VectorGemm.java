package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.ROWS;
import static candor.ops.cpu.TileShape.S;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Products by the loops of {@link PanelKernels}.
 *
 * <p>A is copied to where they want it, once for all products with it. The depth is cut into pieces, so that a
 * panel's piece stays in the first-level cache while the rows of A pass by; between pieces a tile of C waits in memory. The
 * last piece of a tile and its second product follow one another.
 *
 * <p>Where operands are rounded to bf16, the copies of A and A₂ are; panels come rounded. Sums are float32 in either case.
 */
final class VectorGemm extends Gemm {
    private static final int DEPTH = PanelKernels.DEPTH;

    /** How deep a copy of A goes: what a block of it takes of the second-level cache. Deeper products take turns. */
    private static final int COPY_DEPTH = 4 * DEPTH;

    /** Floats of both copies and of a widened panel, at most. */
    static final long MOST_COPIED =
            2L * (COPY_DEPTH / DEPTH) * Workers.TALL * PanelKernels.ROW + (long) PanelKernels.ROW * TileShape.COLUMNS;

    /** What a product starts from that starts from nothing; never written. */
    private static final float[] NOTHING = new float[TileShape.TILE];

    private final float[] tile = new float[TileShape.TILE];
    private final boolean rounds;

    /** Keeps the reads of {@link Tile#touch} from being dropped; means nothing. */
    private int touched;

    private float[] copy = new float[0];
    private int copiedFrom;
    private int copiedDepth;
    private int copiedRows;
    private float[] copy2 = new float[0];

    /** What B is widened from; null where it is float32. */
    private NarrowPanels narrow;

    private float[] widened = new float[0];

    /** Panels of rows that B names as they lie. */
    private float[] packed = new float[0];

    /** Elements of a panel's row. */
    private int panelRow;

    private int extra;

    /** @param rounds whether operands are rounded to bf16 */
    VectorGemm(boolean rounds) {
        this.rounds = rounds;
    }

    @Override
    void into(MemorySegment c, long at, long row, int rows, int cols, int depth) {
        if (bRows != null) {
            pack(cols, depth);
        }
        narrow = frozen instanceof NarrowPanels fewer ? fewer : null;
        panelRow = narrow == null ? COLUMNS : narrow.row();
        extra = joined ? depth2 : 0;
        if (fresh) {
            copiedFrom = -1;
            fresh = false;
        }
        if (apart()) {
            copy2 = alongRows(copy2, a2, a2At, a2Row, rows, depth2, rounds);
        }
        int from = 0;
        do { // once where the depth is 0, too: C = I
            int slice = Math.min(COPY_DEPTH, depth - from);
            copyA(rows, from, slice);
            if (extra > 0 && from + slice == depth) {
                copyExtra(rows, slice);
            }
            int p = 0;
            do {
                boolean last = from + p + DEPTH >= depth;
                int k = last ? slice - p + extra : DEPTH;
                piece(c, at, row, rows, cols, from, p, k, last);
                init(c, at, row);
                p += DEPTH;
            } while (p < slice);
            from += COPY_DEPTH;
        } while (from < depth);
    }

    private void pack(int cols, int depth) {
        int panel = Panels.floats(depth);
        int size = Panels.count(cols) * panel;
        packed = packed.length >= size ? packed : new float[size];
        for (int col = 0; col < cols; col += COLUMNS) {
            int width = Math.min(COLUMNS, cols - col);
            Panels.natural(packed, col / COLUMNS * panel, bRows, bRow, depth, bCol + col, width, 1f, rounds);
        }
        b = packed;
        bAt = 0;
        bPanel = panel;
    }

    /** All tiles, over {@code k} of the depth from {@code from + p} on. */
    private void piece(MemorySegment c, long at, long row, int rows, int cols, int from, int p, int k, boolean last) {
        for (int col = 0; col < cols; col += COLUMNS) {
            int width = Math.min(COLUMNS, cols - col);
            long shift = (long) col * Float.BYTES;
            int panel = bAt + col / COLUMNS * bPanel + (from + p) * panelRow;
            if (narrow != null) {
                widen(panel, col / COLUMNS, k, last ? extra : 0);
                panel = 0;
            }
            float[] panels = narrow != null ? widened : b;
            int panel2 = b2At + col / COLUMNS * b2Panel;
            for (int r = 0, step; r < rows; r += step) {
                step = transposed ? PanelKernels.ACROSS_ROWS : tall(rows - r);
                int height = Math.min(step, rows - r);
                long to = at + shift + r * row;
                float[] start = NOTHING;
                if (init != null) {
                    start = tile;
                    Tile.load(tile, init, initAt + shift + r * initRow, initRow, height, width);
                } else {
                    touched = Tile.touch(c, to, row, height, width);
                }
                if (transposed) {
                    PanelKernels.across4x2(copy, across(rows, r, p), panels, panel, k, start, tile);
                } else {
                    along(step, copy, along(rows, r, p), panels, panel, k, width, start);
                }
                if (last && apart()) {
                    second(step, rows, r, panel2, width);
                }
                Tile.store(tile, c, to, row, height, width);
            }
        }
    }

    /** Whether A₂·B₂ is a product of its own. */
    private boolean apart() {
        return depth2 > 0 && !joined;
    }

    /** A piece of a narrow panel, {@code k} rows deep, the last {@code more} of them B₂'s. */
    private void widen(int at, int panel, int k, int more) {
        if (widened.length == 0) {
            widened = new float[Panels.floats(DEPTH + PanelKernels.EXTRA)];
        }
        int own = k - more;
        narrow.widen(widened, at, own);
        if (more > 0) {
            System.arraycopy(b2, b2At + panel * b2Panel, widened, own * COLUMNS, Panels.floats(more));
        }
    }

    private void second(int step, int rows, int r, int panel, int width) {
        for (int p = 0; p < depth2; p += DEPTH) {
            along(step, copy2, along(rows, r, p), b2, panel + p * COLUMNS, Math.min(DEPTH, depth2 - p), width, tile);
        }
    }

    @Override
    long bytes() {
        return Float.BYTES * ((long) copy.length + copy2.length + widened.length + packed.length);
    }

    /** Rows of the next tile of so many: six and four where that fills tiles better than six alone. */
    private static int tall(int rows) {
        if (ROWS == 8) {
            return 8;
        }
        return rows <= 4 || rows == 7 || rows == 8 ? 4 : 6;
    }

    /** Rows of all tiles of so many. */
    private static int tiled(int rows) {
        return ROWS == 8 ? padded(rows, 8) : Math.max(4, padded(rows, 2));
    }

    private void along(int step, float[] x, int at, float[] panels, int panel, int k, int width, float[] start) {
        boolean wide = width > LANES;
        switch (step) {
            case 8 -> {
                if (wide) {
                    PanelKernels.along8x2(x, at, panels, panel, k, start, tile);
                } else {
                    PanelKernels.along8x1(x, at, panels, panel, k, start, tile);
                }
            }
            case 6 -> {
                if (wide) {
                    PanelKernels.along6x2(x, at, panels, panel, k, start, tile);
                } else {
                    PanelKernels.along6x1(x, at, panels, panel, k, start, tile);
                }
            }
            default -> {
                if (wide) {
                    PanelKernels.along4x2(x, at, panels, panel, k, start, tile);
                } else {
                    PanelKernels.along4x1(x, at, panels, panel, k, start, tile);
                }
            }
        }
    }

    private void copyA(int rows, int from, int depth) {
        if (copiedFrom == from && copiedDepth == depth && copiedRows == rows) {
            return;
        }
        copy = transposed
                ? acrossRows(copy, a, aAt + from * aStride, aStride, rows, depth, rounds)
                : alongRows(copy, a, aAt + (long) from * Float.BYTES, aStride, rows, depth, rounds);
        copiedFrom = from;
        copiedDepth = depth;
        copiedRows = rows;
    }

    /** A₂ behind the last of the {@code depth} columns that are copied. */
    private void copyExtra(int rows, int depth) {
        int last = depth - 1;
        for (int r = 0; r < rows; r++) {
            copy(a2, a2At + r * a2Row, copy, along(rows, r, last) + 1, extra, rounds);
        }
    }

    /** Where element (r, p) of a copy along the rows lies: the rows' first {@link #DEPTH} columns, then the next. */
    private static int along(int rows, int r, int p) {
        return (p / DEPTH * tiled(rows) + r) * PanelKernels.ROW + p % DEPTH;
    }

    /** Where element (r, p) of a copy across the rows lies: so many rows side by side, then the next. */
    private static int across(int rows, int r, int p) {
        int group = PanelKernels.GROUP;
        return p / DEPTH * padded(rows, group) * DEPTH + r / group * group * DEPTH + p % DEPTH * group + r % group;
    }

    private static int padded(int rows, int step) {
        return Math.ceilDiv(rows, step) * step;
    }

    /** The rows that only fill up the last tile are zero. */
    private static float[] alongRows(
            float[] to, MemorySegment x, long at, long row, int rows, int depth, boolean rounded) {
        int padded = tiled(rows);
        int size = Math.ceilDiv(depth, DEPTH) * padded * PanelKernels.ROW;
        float[] target = to.length >= size ? to : new float[size];
        for (int p = 0; p < depth; p += DEPTH) {
            int n = Math.min(DEPTH, depth - p);
            for (int r = 0; r < rows; r++) {
                copy(x, at + r * row + (long) p * Float.BYTES, target, along(rows, r, p), n, rounded);
            }
            Arrays.fill(target, along(rows, rows, p), along(rows, padded, p), 0f);
        }
        return target;
    }

    private static float[] acrossRows(
            float[] to, MemorySegment x, long at, long stride, int rows, int depth, boolean rounded) {
        int group = PanelKernels.GROUP;
        int size = Math.ceilDiv(depth, DEPTH) * padded(rows, group) * DEPTH;
        float[] target = to.length >= size ? to : new float[size];
        for (int r = 0; r < rows; r += group) {
            int n = Math.min(group, rows - r);
            for (int p = 0; p < depth; p++) {
                int start = across(rows, r, p);
                copy(x, at + p * stride + (long) r * Float.BYTES, target, start, n, rounded);
                if (n < group) {
                    Arrays.fill(target, start + n, start + group, 0f);
                }
            }
        }
        return target;
    }

    /** {@code n} neighbouring floats, rounded to bf16 or as they are. */
    static void copy(MemorySegment from, long at, float[] to, int start, int n, boolean rounded) {
        if (rounded) {
            Bf16.copy(from, at, to, start, n);
        } else {
            copy(from, at, to, start, n);
        }
    }

    private static void copy(MemorySegment from, long at, float[] to, int start, int n) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromMemorySegment(S, from, at + 4L * j, ORDER).intoArray(to, start + j);
        }
        for (; j < n; j++) {
            to[start + j] = from.get(TileShape.FLOAT, at + 4L * j);
        }
    }
}
