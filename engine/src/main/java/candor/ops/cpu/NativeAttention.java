package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;

import candor.bindings.CpuLibrary;
import candor.bindings.generated.cpu.CandorCpu;
import candor.bindings.generated.cpu.candor_cpu_attention;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Attention of one sequence and one key head by native loops: {@code candor_cpu_attend}. In float32 its sums are those of {@link
 * AttentionOps} and {@link AttentionGradients}, in their order. Rows are multiplied with the keys that any row of their block of {@value #HEIGHT}
 * sees, where the others' probabilities are zeros: so a value that is not a number shows in all of them.
 */
final class NativeAttention {
    /** Rows of a block. */
    static final int HEIGHT = 32;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final long QKV = candor_cpu_attention.qkv$offset();
    private static final long O = candor_cpu_attention.o$offset();
    private static final long MAXIMA = candor_cpu_attention.maxima$offset();
    private static final long SUMS = candor_cpu_attention.sums$offset();
    private static final long LSE = candor_cpu_attention.lse$offset();
    private static final long DOUT = candor_cpu_attention.dout$offset();
    private static final long DQKV = candor_cpu_attention.dqkv$offset();

    private final Products products;
    private final NativeGemm gemm;
    private final Scratch scratch;
    private final MemorySegment job;

    /**
     * @param gemm    the same thread's
     * @param scratch the same thread's
     * @param arena   for the memory that it works in
     */
    NativeAttention(Products products, NativeGemm gemm, Scratch scratch, Arena arena) {
        this.products = products;
        this.gemm = gemm;
        this.scratch = scratch;
        job = candor_cpu_attention.allocate(arena);
        candor_cpu_attention.lanes(job, LANES);
        candor_cpu_attention.arithmetic(job, products.arithmetic());
    }

    /** Bytes of its memory, for sequences so long. */
    static long bytes(int length, Heads heads, boolean backward) {
        return CandorCpu.candor_cpu_attention_bytes(length, heads.width(), LANES, backward ? 1 : 0)
                + (backward ? 0 : sumBytes(length, heads));
    }

    /** Of the sums of exponentials. */
    private static long sumBytes(int length, Heads heads) {
        return (long) length * heads.group() * Float.BYTES;
    }

    void forward(Attention o, int sequence, int keyHead, float scale) {
        Batch batch = o.batch();
        Heads heads = o.heads();
        int start = batch.start(sequence);
        int length = batch.length(sequence);
        int query = keyHead * heads.group();
        NativeGemm.requireWritable(o.o().data());
        NativeGemm.requireWritable(o.lse().data());
        MemorySegment memory = scratch.need(bytes(length, heads, false));
        common(heads, o.qkv(), o.o(), start, length, keyHead, scale);
        job.set(LONG, MAXIMA, address(o.lse(), start, query));
        candor_cpu_attention.lse_row(job, o.lse().stride());
        job.set(LONG, SUMS, memory.address());
        run(memory.asSlice(sumBytes(length, heads)), false);
        for (int token = 0; token < length; token++) {
            for (int head = 0; head < heads.group(); head++) {
                long at = o.lse().offset(start + token, query + head);
                float sum = memory.get(FLOAT, ((long) token * heads.group() + head) * Float.BYTES);
                o.lse().data().set(FLOAT, at, (float) (o.lse().data().get(FLOAT, at) + Math.log(sum)));
            }
        }
    }

    void backward(AttentionBackward o, int sequence, int keyHead, float scale) {
        Batch batch = o.batch();
        Heads heads = o.heads();
        int start = batch.start(sequence);
        int length = batch.length(sequence);
        NativeGemm.requireWritable(o.dqkv().data());
        common(heads, o.qkv(), o.o(), start, length, keyHead, scale);
        job.set(LONG, LSE, address(o.lse(), start, keyHead * heads.group()));
        candor_cpu_attention.lse_row(job, o.lse().stride());
        job.set(LONG, DOUT, address(o.dout(), start, 0));
        candor_cpu_attention.dout_row(job, o.dout().stride());
        job.set(LONG, DQKV, address(o.dqkv(), start, 0));
        candor_cpu_attention.dqkv_row(job, o.dqkv().stride());
        run(scratch.need(bytes(length, heads, true)), true);
    }

    private void common(Heads heads, Tensor qkv, Tensor o, int start, int length, int keyHead, float scale) {
        int width = heads.width();
        job.set(LONG, QKV, address(qkv, start, 0));
        candor_cpu_attention.qkv_row(job, qkv.stride());
        job.set(LONG, O, address(o, start, 0));
        candor_cpu_attention.o_row(job, o.stride());
        candor_cpu_attention.query_col(job, keyHead * heads.group() * width);
        candor_cpu_attention.key_col(job, heads.queryCols() + keyHead * width);
        candor_cpu_attention.value_col(job, heads.queryCols() + heads.keyCols() + keyHead * width);
        candor_cpu_attention.length(job, length);
        candor_cpu_attention.width(job, width);
        candor_cpu_attention.group(job, heads.group());
        candor_cpu_attention.window(job, heads.window());
        candor_cpu_attention.scale(job, scale);
    }

    private static long address(Tensor x, int row, int col) {
        return NativeGemm.address(x.data(), x.offset(row, col));
    }

    private void run(MemorySegment work, boolean backward) {
        gemm.forgetA(); // its scratch is used
        CpuLibrary.attend(products.kernels().number, job, gemm.scratch(), work, backward);
    }
}
