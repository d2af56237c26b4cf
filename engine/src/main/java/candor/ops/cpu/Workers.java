package candor.ops.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/** The threads of a backend, and what each keeps at hand: its tile loops and its own scratch memory. */
final class Workers implements AutoCloseable {
    /** Rows of a block that one task computes: a few tiles, so that a panel of B is used more than once. */
    static final int BLOCK = 32;

    /** Rows of the tallest block: what is copied of them at a time fits the second-level cache. */
    static final int TALL = 8 * BLOCK;

    /** Elements of other work that are not worth sharing: to wake a thread, and to wait for it, takes longer. */
    private static final int LEAST_ELEMENTS = 16 << 10;

    /** Elements of a row-wise operation that are worth a task of their own. */
    private static final int LEAST_OF_ROWS = 4 << 10;

    /** Floats of an array that {@link #floats} and {@link #shared} can give: with a quarter more it is an array yet. */
    static final int MOST_FLOATS = Integer.MAX_VALUE / 5 * 4 - 8;

    /** Of a key: no operation has so many rows; what is left counts runs of tasks for years. */
    private static final int BLOCK_BITS = 24;

    final Parallel parallel;

    final Products products;

    /** How operations lay out what they multiply with. */
    final PanelLayout panels;

    private final Parallel.Task rowTask = this::rowBlock;
    private Rows rowWork;
    private int rowCount;
    private int rowBlock;
    private long runs;
    /** For what native loops work in. */
    private final Arena arena = Arena.ofShared();

    private final Gemm[] gemms;
    private final LaneSum[] sums;
    private final AttentionBlock[] attention;
    private final Scratch[] scratch;
    private final NativeAttention[] nativeAttention;
    private final float[][] floats;
    private float[] shared = new float[0];

    Workers(int threads, Products products) {
        parallel = new Parallel(threads);
        this.products = products;
        panels = products.panels();
        gemms = IntStream.range(0, threads).mapToObj(i -> products.gemm(arena)).toArray(Gemm[]::new);
        floats = new float[threads][0];
        sums = IntStream.range(0, threads).mapToObj(i -> new LaneSum()).toArray(LaneSum[]::new);
        attention = IntStream.range(0, threads)
                .mapToObj(i -> new AttentionBlock(sums[i], rounds()))
                .toArray(AttentionBlock[]::new);
        scratch = IntStream.range(0, threads).mapToObj(i -> new Scratch()).toArray(Scratch[]::new);
        nativeAttention = new NativeAttention[threads];
        for (int worker = 0; worker < threads; worker++) {
            if (gemms[worker] instanceof NativeGemm gemm) {
                nativeAttention[worker] = new NativeAttention(products, gemm, scratch[worker], arena);
            }
        }
    }

    /** Whether operands of products are rounded to bf16 as they are laid out. */
    boolean rounds() {
        return products.rounds();
    }

    /** Work on some rows that no others depend on. */
    @FunctionalInterface
    interface Rows {
        /**
         * @param from   first row
         * @param to     behind the last row
         * @param worker who does it
         */
        void run(int from, int to, int worker);
    }

    /**
     * Shares rows among the threads, in blocks of about the same size, as many for each thread if they come out so; smaller
     * ones where there are few rows, as when sequences say a token each, but none so small that sharing costs more than it
     * gives.
     *
     * @param cols elements of a row
     */
    void rows(int count, int cols, Rows work) {
        rowWork = work;
        rowCount = count;
        int most = (int) Math.max(1, Math.min(count, (long) count * cols / LEAST_OF_ROWS));
        int pieces = most < threads() ? most : threads() * Math.min(2, most / threads());
        rowBlock = Math.clamp(Math.ceilDiv(count, pieces), 1, BLOCK);
        parallel.run(Math.ceilDiv(count, rowBlock), rowTask);
    }

    private void rowBlock(int block, int worker) {
        int from = block * rowBlock;
        rowWork.run(from, Math.min(rowCount, from + rowBlock), worker);
    }

    void run(int tasks, Parallel.Task task) {
        runs++;
        parallel.run(tasks, task);
    }

    /**
     * Runs tasks, all of them on the calling thread where sharing would cost more than it gives.
     *
     * @param elements that the tasks together read or write
     */
    void run(int tasks, long elements, Parallel.Task task) {
        if (elements > LEAST_ELEMENTS) {
            run(tasks, task);
        } else {
            parallel.runAlone(tasks, task);
        }
    }

    /** A key for {@link Gemm#a(candor.tensor.Tensor, int, int, long)}: no other block has it, and no other run of tasks. */
    long key(int block) {
        return runs << BLOCK_BITS | block;
    }

    int threads() {
        return parallel.threads();
    }

    Gemm gemm(int worker) {
        return gemms[worker];
    }

    LaneSum sum(int worker) {
        return sums[worker];
    }

    /** Null where loops are Java's. */
    NativeAttention nativeAttention(int worker) {
        return nativeAttention[worker];
    }

    AttentionBlock attention(int worker) {
        return attention[worker];
    }

    /** Memory of one thread's own, until the task ends. */
    MemorySegment scratch(int worker, long bytes) {
        return scratch[worker].need(bytes);
    }

    /** An array of one thread's own, until the task ends. */
    float[] floats(int worker, int size) {
        floats[worker] = grown(floats[worker], size);
        return floats[worker];
    }

    /** An array that all threads see, until the operation ends. Only the calling thread asks for it, before it runs tasks. */
    float[] shared(int size) {
        shared = grown(shared, size);
        return shared;
    }

    /** Bytes of all of this, as it has grown so far. */
    long scratchBytes() {
        long bytes = (long) Float.BYTES * shared.length;
        for (int worker = 0; worker < scratch.length; worker++) {
            bytes += scratch[worker].bytes()
                    + gemms[worker].bytes()
                    + Float.BYTES * (floats[worker].length + attention[worker].floats());
        }
        return bytes;
    }

    /** A quarter more, so that slowly growing batches do not allocate each time. */
    private static float[] grown(float[] array, int size) {
        return array.length >= size ? array : new float[size + size / 4];
    }

    @Override
    public void close() {
        parallel.close();
        for (Scratch own : scratch) {
            own.close();
        }
        arena.close();
    }
}
