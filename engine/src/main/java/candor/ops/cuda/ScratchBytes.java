package candor.ops.cuda;

import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PassShape;
import candor.ops.PassShape.LinearShape;
import java.util.List;

/**
 * Bytes of scratch memory that the kernels of a pass take, as kernels-cuda lays them out: one piece, as large as the operation
 * that wants the most. Both kinds of attention are counted, so that a card that is not there can be planned for.
 */
public final class ScratchBytes {
    private static final long ALIGNMENT = 256;

    /** logprob.cu: rows and columns of logits that exist at a time, and columns of a row's partial sums. */
    private static final long BLOCK_ROWS = 4096;

    private static final long VOCABULARY_PIECE = 8192;
    private static final long SEGMENT = 1024;

    /** lora.cu: tokens of a part of a gradient's sum. */
    private static final long TOKENS_PER_SPLIT = 512;

    /** matmul_kernel.h: a run of rows, and how many are in the parameters of a launch. */
    private static final long RUN_BYTES = 3 * Integer.BYTES;

    private static final int FEW_RUNS = 16;

    /** lora_down.cu: how a sum over the columns of a layer's input is cut. */
    private static final long LEAST_DEPTH = 1024;

    private static final int MOST_PIECES = 8;
    private static final long DEPTH_STEP = 64;

    /** lora_pack.cu: a mark for each of the blocks that pack the factors of a launch. */
    private static final long MARKS = 32 * 256 * Integer.BYTES;

    /**
     * How often scratch memory grows in a first pass, at most: an image may be put where it was, and a piece of memory is handed out
     * again for half as much.
     */
    private static final int GROWTHS = 4;

    /** Integers of a candor_draw. */
    private static final long DRAW = 10;

    /** attention_cached.cu: what the pieces of all rows may take. */
    private static final long MOST_PART_BYTES = 32L << 20;

    /** reduce.cu: parts of the sum of squares. */
    private static final long SQUARES = 1024 * Double.BYTES;

    /** Two maps of 256 values. */
    private static final long MAPS = 2 * 256 * Float.BYTES;

    private ScratchBytes() {}

    /** At most so many, of all operations of a pass. */
    public static long of(PassShape pass) {
        long most = Math.max(Math.max(SQUARES, cached(pass)), Math.max(logProb(pass), attention(pass)));
        for (List<LinearShape> siblings : pass.siblings()) {
            if (!pass.packed() || pass.training()) { // stacked
                most = Math.max(most, lora(pass, siblings) + (pass.packed() ? unpacked(siblings) : 0));
                continue;
            }
            for (LinearShape linear : siblings) {
                most = Math.max(most, lora(pass, List.of(linear)) + unpacked(List.of(linear)));
            }
        }
        return most;
    }

    /**
     * What the batch in hand takes on the device, with the room that it grows by, the numbers of an optimiser's step, and the maps of
     * eight-bit moments.
     */
    public static long batchBytes(PassShape pass) {
        long integers = 5L * pass.tokens() + 2L * pass.targets() + 1; // see BatchOnDevice; as many sequences as tokens
        return grown(integers) + Integers.LEAST * Integer.BYTES + MAPS + aligned(Double.BYTES);
    }

    /**
     * What so many tensors take beyond their contents, at most.
     *
     * @param packed whether some of them are packed: each is two pieces then, with the numbers of its codes
     */
    public static long paddingBytes(int tensors, boolean packed) {
        return (packed ? 2 * ALIGNMENT + PackedOnDevice.MOST_NUMBERS : ALIGNMENT) * tensors;
    }

    /**
     * What the tables of a cache take on the device: the pages of the sequences in hand, for each layer where its slabs lie, how tokens
     * are chosen, and which ones sequences have seen.
     *
     * @param pages of all sequences that go on together
     */
    public static long tableBytes(int layers, int sequences, long pages) {
        long integers = pages + sequences;
        return grown(integers)
                + grown(DRAW * (long) sequences)
                + grown(pages * KvPages.TOKENS)
                + (long) layers * Integers.LEAST * Integer.BYTES;
    }

    /** Of so many integers, see {@link Integers}. */
    private static long grown(long integers) {
        return aligned(Integer.BYTES * Math.max(Integers.LEAST, integers + integers / 2));
    }

    private static long logProb(PassShape pass) {
        long t = pass.targets();
        long block = Math.min(BLOCK_ROWS, t);
        long piece = Math.min(VOCABULARY_PIECE, Math.ceilDiv(pass.vocabulary(), 8) * 8L);
        long chunk = aligned(block * piece * Float.BYTES);
        long forward = aligned(t * Math.ceilDiv(pass.vocabulary(), SEGMENT) * 2 * Float.BYTES)
                + aligned(t * Float.BYTES)
                + chunk;
        long backward = aligned(block * pass.hidden() * Float.BYTES) + aligned(block * piece * Short.BYTES) + chunk;
        return pass.training() ? Math.max(forward, backward) : forward;
    }

    private static long attention(PassShape pass) {
        // attention_tiles.cu: a tile of 64 rows is two integers, and as many sequences as tokens.
        long list = aligned(2L * Integer.BYTES * (pass.tokens() / 64 + (long) pass.tokens()));
        if (!pass.training()) {
            return list;
        }
        Heads heads = pass.heads();
        long perHead = aligned((long) pass.tokens() * heads.query() * Float.BYTES);
        long parts = Math.min(heads.group(), Math.ceilDiv(8, heads.key()));
        long sums = parts > 1 ? aligned(parts * pass.tokens() * 2 * heads.keyCols() * Float.BYTES) : 0;
        return list + 2 * perHead + sums;
    }

    /** attention_cached.cu: of each row, head and piece the values, their maximum and their sum; more than the most is not split. */
    private static long cached(PassShape pass) {
        if (pass.cached() == 0) {
            return 0;
        }
        Heads heads = pass.heads();
        int pages = PagesOnDevice.bound(KvPages.count(pass.cached()));
        if (pages == PagesOnDevice.SPAN) {
            return 0;
        }
        long rows = (long) pass.tokens() * heads.query() * (pages / PagesOnDevice.PIECE);
        return Math.min(MOST_PART_BYTES, aligned(rows * heads.width() * Float.BYTES) + 2 * aligned(rows * Float.BYTES));
    }

    /** unpack.cu: weights one below the other as bf16, all of whose rows are aligned. */
    private static long unpacked(List<LinearShape> layers) {
        long outputs = layers.stream().mapToLong(LinearShape::outputs).sum();
        return aligned(outputs * Math.ceilDiv(layers.getFirst().inputs(), 8) * 8 * Short.BYTES);
    }

    /**
     * What {@link LoraImages} take for the adapters of a model, at most.
     *
     * @param layers of the model
     * @param alone  whether a layer is also computed without those that have its input, as where adapters drop some of it
     */
    public static long imageBytes(PassShape pass, int layers, boolean alone) {
        long together = 0;
        long each = 0;
        long largest = 0;
        for (List<LinearShape> siblings : pass.siblings()) {
            long image = image(pass, siblings);
            largest = Math.max(largest, image);
            if (siblings.size() == 1 || !pass.packed() || pass.training()) {
                together += image;
            }
            if (siblings.size() > 1) {
                each += siblings.stream()
                        .mapToLong(layer -> image(pass, List.of(layer)))
                        .sum();
            }
        }
        // In the last layer of a pass with a cache, queries are of fewer rows than keys and values.
        long apart = alone || pass.packed() ? layers : pass.cached() > 0 ? 1 : 0;
        return layers * together + apart * each + GROWTHS * largest;
    }

    private static long image(PassShape pass, List<LinearShape> layers) {
        long rank = layers.stream().mapToLong(LinearShape::rank).sum();
        long outputs = layers.stream().mapToLong(LinearShape::outputs).sum();
        long inputs = layers.getFirst().inputs();
        return aligned(pass.slots() * rank * Math.ceilDiv(inputs, 8) * 8 * Short.BYTES)
                + aligned(pass.slots() * rank * outputs * Short.BYTES)
                + aligned(pass.slots() * rank / Lora.RANK_STEP * Float.BYTES);
    }

    /** lora.cu: the adapters of layers with the same input, in one product. */
    private static long lora(PassShape pass, List<LinearShape> layers) {
        long inputs = layers.getFirst().inputs();
        long rank = 0;
        long outputs = 0;
        long own = 0; // of the up projections: each has its own outputs
        for (LinearShape layer : layers) {
            rank += layer.rank();
            outputs += layer.outputs();
            own += (long) layer.rank() * layer.outputs();
        }
        if (rank == 0) {
            return 0;
        }
        long runs = pass.slots() > FEW_RUNS ? aligned(pass.slots() * RUN_BYTES) : 0;
        long floats = pieces(inputs) * pass.tokens() * rank;
        if (pass.training()) {
            long splits = Math.ceilDiv(pass.tokens(), TOKENS_PER_SPLIT) + pass.slots();
            floats = Math.max(floats, pieces(outputs) * pass.tokens() * rank);
            floats = Math.max(floats, splits * Math.max(rank * inputs, own));
        }
        return Math.max(MARKS, runs + aligned(floats * Float.BYTES));
    }

    /** lora_down.cu: pieces of a sum over so many columns that are added up in memory; 0 where there is but one. */
    private static long pieces(long columns) {
        long pieces = Math.clamp(columns / LEAST_DEPTH, 1, MOST_PIECES);
        long depth = Math.ceilDiv(Math.ceilDiv(columns, pieces), DEPTH_STEP) * DEPTH_STEP;
        long count = Math.ceilDiv(columns, depth);
        return count > 1 ? count : 0;
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }
}
