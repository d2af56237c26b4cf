package candor.ops.cpu;

import candor.bindings.generated.cpu.CandorCpu;
import candor.ops.PassShape;
import candor.ops.PassShape.LinearShape;

/** Bytes of memory that the operations of a pass take for themselves, at most: each thread's own, and what all share. */
public final class ScratchBytes {
    private ScratchBytes() {}

    /** @param threads how many compute */
    public static long of(PassShape pass, int threads) {
        return threads * ofOneThread(pass) + shared(pass);
    }

    private static long ofOneThread(PassShape pass) {
        long own = CpuKernels.taken() == CpuKernels.JAVA
                ? 0
                : CandorCpu.candor_cpu_scratch_bytes()
                        + grown(NativeAttention.bytes(pass.longest(), pass.heads(), pass.training()));
        return ofJavaLoops(pass) + own;
    }

    private static long ofJavaLoops(PassShape pass) {
        long width = pass.heads().width();
        long length = padded(pass.longest(), TileShape.COLUMNS);
        long panelled = padded(width, TileShape.COLUMNS) * length;
        long pieces = Math.ceilDiv(length, PanelKernels.DEPTH) * Workers.BLOCK * PanelKernels.ROW;
        long heads = Math.ceilDiv(width, PanelKernels.DEPTH) * Workers.BLOCK * PanelKernels.ROW;
        // Keys and values in panels, the scores of a block of queries; backward also keys the other way and sums.
        long attention = pass.training()
                ? grown(3 * panelled + padded(width, TileShape.COLUMNS) * Workers.BLOCK) + 2 * pieces + 2 * panelled
                : grown(2 * panelled) + pieces;
        long rank = pass.linears().stream().mapToLong(LinearShape::rank).max().orElse(0);
        // Of the gradients: the adapters' factors, or the head where all weights are trained.
        long gradients = grown(Math.max(
                (long) LoraGradients.PANELS * TileShape.COLUMNS * PanelKernels.DEPTH,
                rank > 0 ? 0 : (long) HeadGradient.ENTRIES * (PanelKernels.DEPTH + pass.hidden())));
        long sums = Math.max(
                (long) HeadChunk.MOST_ROWS * HeadChunk.MOST_COLUMNS, rank * LoraGradients.PANELS * TileShape.COLUMNS);
        return Float.BYTES * (attention + heads + gradients + grown(sums) + VectorGemm.MOST_COPIED);
    }

    /** Weights that are packed at each use, some at a time, and the adapters' factors. */
    private static long shared(PassShape pass) {
        long chunk = HeadChunk.columns(pass.hidden());
        long head = padded(chunk, TileShape.COLUMNS) * pass.hidden()
                + (pass.training() ? padded(pass.hidden(), TileShape.COLUMNS) * chunk : 0);
        long most = head;
        for (LinearShape linear : pass.linears()) {
            most = Math.max(most, linear(pass, linear.inputs(), linear.outputs(), linear.rank()));
            most = pass.training()
                    ? Math.max(most, linear(pass, linear.outputs(), linear.inputs(), linear.rank()))
                    : most;
        }
        return Float.BYTES * grown(most);
    }

    private static long linear(PassShape pass, long depth, long columns, long rank) {
        long most = padded(columns, TileShape.COLUMNS);
        long group = Math.clamp(
                LowRankJob.GROUP_BYTES / (Float.BYTES * (depth + PanelKernels.EXTRA)),
                TileShape.COLUMNS,
                Math.max(TileShape.COLUMNS, most));
        long narrow = padded(rank, TileShape.COLUMNS) * depth;
        // Where the weight lies in panels already, the other factors of all of its columns are packed.
        return group * (depth + PanelKernels.EXTRA) + pass.slots() * (most * rank + narrow);
    }

    private static long padded(long count, int step) {
        return Math.ceilDiv(count, step) * step;
    }

    /** What {@link Workers} and {@link Scratch} add, so that slowly growing batches do not allocate each time. */
    private static long grown(long size) {
        return size + size / 4;
    }
}
