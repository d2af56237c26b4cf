package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.bindings.CpuLibrary;
import candor.bindings.generated.cpu.CandorCpu;
import candor.bindings.generated.cpu.candor_cpu_product;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Products by native loops, a block of C a call: {@code candor_cpu_multiply}. They copy A to a scratch of their own; blocks of more rows, or
 * with a wider A₂, than that holds take several calls.
 */
final class NativeGemm extends Gemm {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    private static final long A = candor_cpu_product.a$offset();
    private static final long A_ROW = candor_cpu_product.a_row$offset();
    private static final long A_COL = candor_cpu_product.a_col$offset();
    private static final long INIT = candor_cpu_product.init$offset();
    private static final long INIT_ROW = candor_cpu_product.init_row$offset();
    private static final long C = candor_cpu_product.c$offset();
    private static final long C_ROW = candor_cpu_product.c_row$offset();
    private static final long B_AT = candor_cpu_product.b_at$offset();
    private static final long B_PANEL = candor_cpu_product.b_panel$offset();
    private static final long A2 = candor_cpu_product.a2$offset();
    private static final long A2_ROW = candor_cpu_product.a2_row$offset();
    private static final long B2_AT = candor_cpu_product.b2_at$offset();
    private static final long B2_PANEL = candor_cpu_product.b2_panel$offset();
    private static final long ROWS = candor_cpu_product.rows$offset();
    private static final long COLS = candor_cpu_product.cols$offset();
    private static final long DEPTH = candor_cpu_product.depth$offset();
    private static final long DEPTH2 = candor_cpu_product.depth2$offset();
    private static final long FRESH = candor_cpu_product.fresh$offset();
    private static final long PANELS = candor_cpu_product.panels$offset();
    private static final long FIRST_PANEL = candor_cpu_product.first_panel$offset();
    private static final long FIRST_ROW = candor_cpu_product.first_row$offset();
    private static final long ACROSS = candor_cpu_product.across$offset();
    private static final long SCALE_STRIDE = candor_cpu_product.scale_stride$offset();
    private static final long SHARING = candor_cpu_product.sharing$offset();

    private final Products products;
    private final PanelLayout layout;
    private final MemorySegment job;
    private final MemorySegment scratch;
    private final HeapArray bMemory = new HeapArray();
    private final HeapArray b2Memory = new HeapArray();

    /** @param arena whose memory it works in, as long as it is used */
    NativeGemm(Products products, Arena arena) {
        this.products = products;
        layout = products.panels();
        job = candor_cpu_product.allocate(arena);
        candor_cpu_product.width(job, COLUMNS);
        candor_cpu_product.arithmetic(job, products.arithmetic());
        scratch = arena.allocate(CandorCpu.candor_cpu_scratch_bytes(), Long.BYTES);
    }

    @Override
    void into(MemorySegment c, long at, long row, int rows, int cols, int depth) {
        requireWritable(c);
        MemorySegment panels = panels();
        MemorySegment panels2 = panels2(depth);
        MemorySegment scales = scales();
        job.set(INT, COLS, cols);
        job.set(INT, DEPTH, depth);
        job.set(INT, DEPTH2, depth2);
        job.set(LONG, A_ROW, transposed ? 1 : aStride / Float.BYTES);
        job.set(LONG, A_COL, transposed ? aStride / Float.BYTES : 1);
        job.set(LONG, C_ROW, row / Float.BYTES);
        int most = depth2 == 0 ? CandorCpu.CANDOR_CPU_MOST_ROWS() : products.mostRows(depth2);
        for (int r = 0; r < rows; r += most) {
            job.set(LONG, A, address(a, aAt + r * (transposed ? Float.BYTES : aStride)));
            job.set(LONG, INIT, init == null ? 0 : address(init, initAt + r * initRow));
            job.set(LONG, INIT_ROW, initRow / Float.BYTES);
            job.set(LONG, C, address(c, at + r * row));
            if (depth2 > 0) {
                job.set(LONG, A2, address(a2, a2At + r * a2Row));
                job.set(LONG, A2_ROW, a2Row / Float.BYTES);
            }
            job.set(INT, ROWS, Math.min(most, rows - r));
            job.set(INT, FRESH, fresh || rows > most ? 1 : 0);
            CpuLibrary.multiply(products.kernels().number, job, scratch, panels, panels2, scales);
        }
        fresh = rows > most;
    }

    /** Native code takes addresses, which memory in the heap has not. */
    static long address(MemorySegment data, long at) {
        if (!data.isNative()) {
            throw new IllegalArgumentException("tensors of this backend lie outside the heap");
        }
        if (!data.scope().isAlive()) {
            throw new IllegalStateException("the memory of a tensor is closed");
        }
        return data.address() + at;
    }

    /** Native code would write all the same, or end the process. */
    static void requireWritable(MemorySegment data) {
        if (data.isReadOnly()) {
            throw new IllegalArgumentException("results go where nothing may be written");
        }
    }

    /** Where B lies; says to the job how. */
    private MemorySegment panels() {
        job.set(LONG, B_AT, bAt);
        job.set(LONG, B_PANEL, bPanel);
        if (bRows != null) {
            return rows(bRows, bRow, bCol);
        }
        return switch (frozen) {
            case null -> {
                job.set(INT, PANELS, products.panelForm());
                yield bMemory.of(b);
            }
            case PlainRows plain -> {
                yield rows(plain.w(), firstRow, firstPanel * COLUMNS);
            }
            case FloatPanels wide -> {
                job.set(INT, PANELS, CandorCpu.CANDOR_CPU_FLOAT_PANELS());
                yield wide.memory();
            }
            case PairPanels pairs -> {
                job.set(INT, PANELS, CandorCpu.CANDOR_CPU_PAIR_PANELS());
                yield pairs.memory();
            }
            case Bf16Pairs pairs -> {
                narrow(CandorCpu.CANDOR_CPU_BF16_PANELS(), 0, 0, 1);
                yield pairs.memory();
            }
            case PackedPanels packed -> {
                narrow(form(packed.kind()), packed.across(), packed.scaleStride(), packed.sharing());
                yield packed.codeMemory();
            }
        };
    }

    private MemorySegment rows(Tensor x, int row, int col) {
        boolean bf16 = x.dtype() == DType.BF16;
        job.set(INT, PANELS, bf16 ? CandorCpu.CANDOR_CPU_PLAIN_BF16() : CandorCpu.CANDOR_CPU_PLAIN_ROWS());
        job.set(LONG, B_PANEL, x.stride());
        job.set(LONG, B_AT, x.offset(row, col) / x.dtype().bytes());
        return x.data();
    }

    private static int form(Codes kind) {
        return switch (kind) {
            case NF4 -> CandorCpu.CANDOR_CPU_NF4_PANELS();
            case INT8 -> CandorCpu.CANDOR_CPU_INT8_PANELS();
            case FP8 -> CandorCpu.CANDOR_CPU_FP8_PANELS();
        };
    }

    private void narrow(int form, int across, int scaleStride, int sharing) {
        job.set(INT, PANELS, form);
        job.set(INT, FIRST_PANEL, firstPanel);
        job.set(INT, FIRST_ROW, firstRow);
        job.set(INT, ACROSS, across);
        job.set(INT, SCALE_STRIDE, scaleStride);
        job.set(INT, SHARING, sharing);
    }

    /** Where B₂ lies: in panels of its own, or behind B's. */
    private MemorySegment panels2(int depth) {
        if (depth2 == 0) {
            return MemorySegment.NULL;
        }
        boolean behind = b2 == null;
        job.set(LONG, B2_AT, behind ? bAt + layout.floats(depth) : b2At);
        job.set(LONG, B2_PANEL, behind ? bPanel : b2Panel);
        if (behind && frozen instanceof FloatPanels wide) {
            return wide.memory();
        }
        return b2Memory.of(behind ? b : b2);
    }

    private MemorySegment scales() {
        return frozen instanceof PackedPanels packed ? packed.scaleMemory() : MemorySegment.NULL;
    }

    /** What products work in, and whoever says that A's copy is not there any more. */
    MemorySegment scratch() {
        return scratch;
    }

    @Override
    long bytes() {
        return scratch.byteSize();
    }
}
