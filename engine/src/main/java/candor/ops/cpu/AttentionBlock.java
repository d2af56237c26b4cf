package candor.ops.cpu;

import static candor.ops.cpu.AttentionKernels.DEPTH;
import static candor.ops.cpu.AttentionKernels.ROW;
import static candor.ops.cpu.AttentionKernels.ROWS;
import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * What one thread works on in attention: a block of query rows of one head, and rows by keys of the same block. Rows lie as
 * {@link AttentionKernels} reads them: the first {@link AttentionKernels#DEPTH} columns of all rows, then the next.
 *
 * <p>Row r of a block that begins at {@code first} sees the keys up to {@code first + r}, the last {@code window} of them. A tile
 * of rows computes only panels of keys that one of its rows sees, and multiplies with no more keys than that; what a row has
 * beside its keys, up to there, is zero.
 */
final class AttentionBlock {
    /** Rows of a block. */
    static final int HEIGHT = Workers.BLOCK;

    /** Floats of a piece: all rows, DEPTH columns. */
    private static final int PIECE = HEIGHT * ROW;

    /** So low a score that its exponential is as good as none. */
    private static final float NONE = -1e30f;

    private static final FloatVector FAR = FloatVector.broadcast(S, NONE);

    private final float[] result = new float[ROWS * ROW];
    private float[] query = new float[0];
    private float[] scores = new float[0];
    private float[] slopes = new float[0];
    private float[] keySums = new float[0];
    private float[] valueSums = new float[0];
    private final float[] factors = new float[HEIGHT];
    private final LaneSum lanes;
    private final boolean rounds;

    // The block in hand.
    private float[] packed;
    private int length;
    private int window;
    private int row;
    private int first;
    private int rows;
    private int head;

    /**
     * @param lanes the thread's own
     * @param rounds whether operands of products are rounded to bf16
     */
    AttentionBlock(LaneSum lanes, boolean rounds) {
        this.lanes = lanes;
        this.rounds = rounds;
    }

    /** A part of what is done with a block. */
    @FunctionalInterface
    interface Pass {
        void run(AttentionBlock block);
    }

    /**
     * Does the passes, one after the other. They are called through one place, which sees three of them or more, so that C2
     * compiles each by itself: in one piece they have more nodes than it is willing to inline, and what it leaves out in the
     * middle of a loop hands over its vectors on the heap.
     */
    void run(Pass[] passes) {
        for (Pass pass : passes) {
            pass.run(this);
        }
    }

    /**
     * The key head in hand: its keys and values, packed, of a sequence of so many tokens.
     *
     * @param seen how many keys a row sees at most; 0 for all
     */
    void keys(float[] keysAndValues, int tokens, int seen) {
        packed = keysAndValues;
        length = tokens;
        window = seen == 0 ? tokens : Math.min(seen, tokens);
    }

    /**
     * The block in hand.
     *
     * @param ofBatch    its first row in the batch
     * @param ofSequence and in its sequence
     */
    void place(int ofBatch, int ofSequence, int count, int queryHead) {
        row = ofBatch;
        first = ofSequence;
        rows = count;
        head = queryHead;
    }

    LaneSum lanes() {
        return lanes;
    }

    float[] packed() {
        return packed;
    }

    int length() {
        return length;
    }

    int row() {
        return row;
    }

    int first() {
        return first;
    }

    int rows() {
        return rows;
    }

    int head() {
        return head;
    }

    /** Floats that it has made room for. */
    long floats() {
        return (long) query.length + scores.length + slopes.length + keySums.length + valueSums.length;
    }

    /** Makes room for heads of this width and sequences of this length. */
    void need(int width, int length) {
        query = grown(query, Math.ceilDiv(width, DEPTH) * PIECE);
        scores = grown(scores, Math.ceilDiv(length, DEPTH) * PIECE);
    }

    /** Makes room for the backward pass, too, and clears the sums of a key head. */
    void needSums(int width, int length) {
        need(width, length);
        slopes = grown(slopes, Math.ceilDiv(length, DEPTH) * PIECE);
        int size = Panels.count(width) * COLUMNS * padded(length);
        keySums = grown(keySums, size);
        valueSums = grown(valueSums, size);
        Arrays.fill(keySums, 0, size, 0f);
        Arrays.fill(valueSums, 0, size, 0f);
    }

    /** Rows of a sum over query rows: a tile may write beyond the last key. */
    private static int padded(int length) {
        return Math.ceilDiv(length, ROWS) * ROWS;
    }

    private static float[] grown(float[] array, int size) {
        return array.length >= size ? array : new float[size];
    }

    /** Rows by keys: scores, then probabilities. */
    float[] scores() {
        return scores;
    }

    /** Rows by keys: the gradients of scores. */
    float[] slopes() {
        return slopes;
    }

    /** The gradients of keys (keys, D), in panels of D. */
    float[] keySums() {
        return keySums;
    }

    /** The gradients of values (keys, D), in panels of D. */
    float[] valueSums() {
        return valueSums;
    }

    /** A number for each row. */
    float[] factors() {
        return factors;
    }

    /** Where column {@code j} of row {@code r} lies. */
    static int at(int r, int j) {
        return j / DEPTH * PIECE + r * ROW + j % DEPTH;
    }

    /** Behind the last key that a row of the tile at row {@code r} sees. */
    private int keys(int r) {
        return first + Math.min(r + ROWS, rows);
    }

    /** The first key that a row sees. */
    private int low(int r) {
        return Math.max(0, first + r + 1 - window);
    }

    /** Behind the last row that sees a key. */
    private int behind(int key) {
        return Math.min(rows, key - first + window);
    }

    /** Columns from one on that lie in one piece, up to {@code n}. */
    private static int together(int j, int n) {
        return Math.min(DEPTH - j % DEPTH, n - j);
    }

    /**
     * to (rows, keys) = x·Bᵀ.
     *
     * @param x     of which the block's rows, and the columns from {@code col} on
     * @param width D
     * @param bAt   where B lies in {@link #packed}, in panels of keys
     */
    void products(float[] to, Tensor x, int col, int width, int bAt) {
        copyRows(x, col, width);
        for (int key = low(0) / COLUMNS * COLUMNS; key < first + rows; key += COLUMNS) {
            int panel = bAt + key / COLUMNS * Panels.floats(width);
            int c = at(0, key);
            int r = Math.max(0, key - first) / ROWS * ROWS;
            int end = behind(key + COLUMNS - 1);
            for (; r < end; r += ROWS) {
                product(to, c + r * ROW, r, width, panel);
            }
        }
    }

    private void product(float[] to, int c, int r, int width, int panel) {
        AttentionKernels.along(query, r * ROW, packed, panel, Math.min(DEPTH, width), AttentionKernels.ZEROS, 0, to, c);
        for (int d = DEPTH; d < width; d += DEPTH) {
            AttentionKernels.along(
                    query, at(r, d), packed, panel + d * COLUMNS, Math.min(DEPTH, width - d), to, c, to, c);
        }
    }

    /** The rows that only fill up the last tile keep what they held, and give products that nobody reads. */
    private void copyRows(Tensor x, int col, int width) {
        for (int r = 0; r < rows; r++) {
            long from = x.offset(row + r, col);
            for (int d = 0; d < width; d += DEPTH) {
                VectorGemm.copy(x.data(), from + 4L * d, query, at(r, d), Math.min(DEPTH, width - d), rounds);
            }
        }
    }

    /**
     * y (rows, D) = weights (rows, keys) · B, times a factor for each row.
     *
     * @param bAt where B (keys, D) lies in {@link #packed}, in panels of D
     */
    void combine(Tensor y, int col, float[] weights, int width, int bAt) {
        for (int r = 0; r < rows; r += ROWS) {
            for (int d = 0; d < width; d += COLUMNS) {
                combine(weights, r, low(r), keys(r), bAt + d / COLUMNS * Panels.floats(length));
                for (int i = 0; i < Math.min(ROWS, rows - r); i++) {
                    long to = y.offset(row + r + i, col + d);
                    scaled(y.data(), to, i * ROW, Math.min(COLUMNS, width - d), factors[r + i]);
                }
            }
        }
    }

    private void combine(float[] weights, int r, int low, int keys, int panel) {
        float[] from = AttentionKernels.ZEROS;
        int k;
        for (int key = low; key < keys; key += k) {
            k = together(key, keys);
            AttentionKernels.along(weights, at(r, key), packed, panel + key * COLUMNS, k, from, 0, result, 0);
            from = result;
        }
    }

    private void scaled(MemorySegment to, long at, int from, int n, float scale) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromArray(S, result, from + j).mul(scale).intoMemorySegment(to, at + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            to.set(FLOAT, at + 4L * j, result[from + j] * scale);
        }
    }

    /**
     * sums (keys, D) += weightsᵀ (keys, rows) · B.
     *
     * @param bAt where B (rows, D) lies in {@link #packed}, in panels of D
     */
    void spread(float[] sums, float[] weights, int width, int bAt) {
        int keys = first + rows;
        for (int d = 0; d < width; d += COLUMNS) {
            int panel = bAt + d / COLUMNS * Panels.floats(rows);
            int base = d * padded(length);
            for (int key = low(0) / ROWS * ROWS; key < keys; key += ROWS) {
                int r = Math.max(0, key - first); // the first row that sees one of these keys
                int k = behind(key + ROWS - 1) - r;
                int from = panel + r * COLUMNS;
                AttentionKernels.across(weights, at(r, key), packed, from, k, sums, base + key * COLUMNS);
            }
        }
    }

    /** y (length, D) = sums. */
    void copySums(float[] sums, Tensor y, int start, int col, int width) {
        for (int d = 0; d < width; d += COLUMNS) {
            int base = d * padded(length);
            int cols = Math.min(COLUMNS, width - d);
            for (int key = 0; key < length; key++) {
                MemorySegment.copy(sums, base + key * COLUMNS, y.data(), FLOAT, y.offset(start + key, col + d), cols);
            }
        }
    }

    /**
     * The largest of the scores of the keys that a row sees; makes those beside them as good as none, so that loops take whole
     * vectors.
     */
    float maximum(int r) {
        int n = first + r + 1;
        int low = low(r);
        int start = vectorAt(low);
        for (int key = start; key < low; key++) {
            scores[at(r, key)] = NONE;
        }
        float largest = Float.NEGATIVE_INFINITY;
        int k;
        for (int j = start; j < n; j += k) {
            k = together(j, n);
            largest = Math.max(largest, maximumFrom(scores, at(r, j), k));
        }
        return largest;
    }

    /** Where the vector with a key begins: the same wherever the row's block does, so that its sums are. */
    private static int vectorAt(int key) {
        return key / LANES * LANES;
    }

    private static float maximumFrom(float[] x, int at, int n) {
        FAR.intoArray(x, at + n); // what is behind was computed with keys that the row does not see
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        int j = 0;
        do {
            max = max.lanewise(VectorOperators.MAX, FloatVector.fromArray(S, x, at + j));
            j += LANES;
        } while (j < n);
        return max.reduceLanes(VectorOperators.MAX); // a maximum is the same in any order
    }

    /**
     * Turns the scores of the keys that a row sees into exp(scale · score − max), and those beside them, as far as the row's
     * tile multiplies, into zeros. {@link #maximum} comes first.
     *
     * @return the sum of the exponentials
     */
    float exponentials(int r, float scale, float max) {
        int n = first + r + 1;
        float sum = 0;
        int k;
        for (int j = vectorAt(low(r)); j < n; j += k) {
            k = together(j, n);
            sum += exponentialsFrom(lanes, scores, at(r, j), k, scale, max);
            round(scores, at(r, j), k);
        }
        zeroBefore(scores, r, low(r));
        zeroBehind(scores, r, n);
        return sum;
    }

    /** What is multiplied with next, as operands are rounded. */
    private void round(float[] x, int at, int n) {
        if (rounds) {
            Bf16.round(x, at, n);
        }
    }

    private static float exponentialsFrom(LaneSum lanes, float[] x, int at, int n, float scale, float max) {
        FloatVector sum = FloatVector.zero(S);
        FloatVector factor = FloatVector.broadcast(S, scale);
        FloatVector less = FloatVector.broadcast(S, -max);
        int j = 0;
        do { // a loop that might not be entered leaves its sum on the heap, and so may an argument
            FloatVector e = Exp.of(FloatVector.fromArray(S, x, at + j).fma(factor, less));
            sum = sum.add(e); // e⁻⁸⁷ of a lane behind is lost: the largest of a row's exponentials is 1
            e.intoArray(x, at + j);
            j += LANES;
        } while (j < n);
        sum.intoArray(lanes.array(), 0);
        return lanes.sum();
    }

    /** A tile of rows, or of keys, begins at most so many keys before the first that each of its rows sees. */
    private static void zeroBefore(float[] x, int r, int low) {
        for (int key = Math.max(0, low - ROWS + 1); key < low; key++) {
            x[at(r, key)] = 0;
        }
    }

    /** A tile of rows multiplies with at most so many keys more than each of its rows sees. */
    private static void zeroBehind(float[] x, int r, int n) {
        int j = n % DEPTH;
        if (j > 0 && j <= DEPTH - ROWS) {
            FloatVector.zero(S).intoArray(x, at(r, n));
            return;
        }
        for (int key = n; key < n + ROWS; key++) {
            int at = at(r, key);
            if (at < x.length) {
                x[at] = 0;
            }
        }
        if (j > 0) {
            FloatVector.zero(S).intoArray(x, at(r, n));
        }
    }

    /**
     * The scores of the keys that a row sees become its probabilities, exp(scale · score − lse), and what {@link #slopes} holds
     * of it, the gradients of probabilities, those of the scores: P ∘ (dP − delta) · scale. Zeros beside them.
     */
    void gradients(int r, float lse, float delta, float scale) {
        float shift = Float.isNaN(lse) ? Float.NaN : delta; // the exponential hides it
        int n = first + r + 1;
        int low = low(r);
        int k;
        for (int j = vectorAt(low); j < n; j += k) {
            k = together(j, n);
            gradientsFrom(scores, slopes, at(r, j), k, lse, shift, scale);
            round(scores, at(r, j), k);
            round(slopes, at(r, j), k);
        }
        zeroBefore(scores, r, low);
        zeroBefore(slopes, r, low);
        zeroBehind(scores, r, n);
        zeroBehind(slopes, r, n);
    }

    private static void gradientsFrom(float[] p, float[] ds, int at, int n, float lse, float delta, float scale) {
        FloatVector factor = FloatVector.broadcast(S, scale);
        FloatVector less = FloatVector.broadcast(S, -lse);
        for (int j = 0; j < n; j += LANES) { // what comes of the lanes behind is made zero
            FloatVector e = Exp.of(FloatVector.fromArray(S, p, at + j).fma(factor, less));
            e.intoArray(p, at + j);
            FloatVector d = FloatVector.fromArray(S, ds, at + j);
            d.sub(delta).mul(e.mul(factor)).intoArray(ds, at + j);
        }
    }
}
