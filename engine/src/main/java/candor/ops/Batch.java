package candor.ops;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A packed batch: N tokens in a row, the sequences one after another, no padding. Attention never crosses a start.
 *
 * <p>Every sequence names the slot of its adapter, or {@link #BASE} for the base model. Sequences of one slot are
 * neighbours, so that a slot is one run of rows ({@link #runs}) and the gradient of its adapter is a sum over that run in
 * a fixed order, whatever else is in the batch.
 */
public final class Batch {
    /** The slot of a sequence that runs through the base model alone. */
    public static final int BASE = -1;

    /** The target of a token that is not scored. */
    public static final int NO_TARGET = -1;

    /**
     * Rows of one slot.
     *
     * @param slot  an index into the adapters, or {@link #BASE}
     * @param start first row
     * @param end   behind the last row
     */
    public record Run(int slot, int start, int end) {
        public int rows() {
            return end - start;
        }
    }

    private final int[] tokens;
    private final int[] positions;
    private final int[] targets;
    private final int[] starts;
    private final int[] slots;
    private final int[] targetRows;
    private final int[] targetSequences;
    private final List<Run> runs;
    private final int largestId;
    private final int largestPosition;
    /** S keys, or null where nothing is dropped. */
    private final long[] dropoutKeys;

    /**
     * The arrays are the batch's own from here on.
     *
     * @param tokens    N token ids
     * @param positions N positions within their sequences, from 0
     * @param targets   N ids of the tokens to predict, or {@link #NO_TARGET}
     * @param starts    S + 1 rows: where each sequence starts, and N
     * @param slots     S adapter slots, or {@link #BASE}; equal ones side by side
     */
    public Batch(int[] tokens, int[] positions, int[] targets, int[] starts, int[] slots) {
        this(tokens, positions, targets, starts, slots, null);
    }

    private Batch(int[] tokens, int[] positions, int[] targets, int[] starts, int[] slots, long[] dropoutKeys) {
        int n = tokens.length;
        if (positions.length != n || targets.length != n || starts.length != slots.length + 1) {
            throw new IllegalArgumentException("lengths differ: tokens " + n + ", positions " + positions.length
                    + ", targets " + targets.length + ", starts " + starts.length + ", slots " + slots.length);
        }
        if (slots.length == 0) {
            throw new IllegalArgumentException("a batch without a sequence");
        }
        if (starts[0] != 0 || starts[slots.length] != n) {
            throw new IllegalArgumentException("starts must run from 0 to " + n + ": " + Arrays.toString(starts));
        }
        this.tokens = tokens;
        this.positions = positions;
        this.targets = targets;
        this.starts = starts;
        this.slots = slots;
        this.dropoutKeys = dropoutKeys;
        this.runs = runsOf(starts, slots);
        int count = 0;
        int largest = 0;
        int last = 0;
        for (int row = 0; row < n; row++) {
            if (tokens[row] < 0 || targets[row] < NO_TARGET || positions[row] < 0) {
                throw new IllegalArgumentException("row " + row + " has token " + tokens[row] + ", position "
                        + positions[row] + " and target " + targets[row]);
            }
            count += targets[row] == NO_TARGET ? 0 : 1;
            largest = Math.max(largest, Math.max(tokens[row], targets[row]));
            last = Math.max(last, positions[row]);
        }
        largestId = largest;
        largestPosition = last;
        targetRows = new int[count];
        targetSequences = new int[count];
        for (int s = 0, t = 0; s < slots.length; s++) {
            for (int row = starts[s]; row < starts[s + 1]; row++) {
                if (targets[row] != NO_TARGET) {
                    targetRows[t] = row;
                    targetSequences[t++] = s;
                }
            }
        }
    }

    private static List<Run> runsOf(int[] starts, int[] slots) {
        List<Run> runs = new ArrayList<>();
        for (int s = 0; s < slots.length; s++) {
            if (starts[s + 1] <= starts[s]) {
                throw new IllegalArgumentException("sequence " + s + " is empty");
            }
            if (slots[s] < BASE) {
                throw new IllegalArgumentException("sequence " + s + " has slot " + slots[s]);
            }
            Run last = runs.isEmpty() ? null : runs.getLast();
            if (last != null && last.slot() == slots[s]) {
                runs.set(runs.size() - 1, new Run(slots[s], last.start(), starts[s + 1]));
                continue;
            }
            for (Run run : runs) {
                if (run.slot() == slots[s]) {
                    throw new IllegalArgumentException("sequences of slot " + slots[s] + " are not neighbours");
                }
            }
            runs.add(new Run(slots[s], starts[s], starts[s + 1]));
        }
        return List.copyOf(runs);
    }

    /**
     * The same tokens in a pass for training, in which adapters drop what their {@link DropoutRates} says.
     *
     * @param keys S keys, of the same sequence in the same optimiser step always the same
     */
    public Batch dropping(long... keys) {
        if (keys.length != slots.length) {
            throw new IllegalArgumentException(keys.length + " keys for " + slots.length + " sequences");
        }
        return new Batch(tokens, positions, targets, starts, slots, keys);
    }

    /** Whether this is for a pass in which adapters drop something. */
    public boolean drops() {
        return dropoutKeys != null;
    }

    /** What the random numbers of a sequence's {@link DropoutRates} follow from; only where {@link #drops}. */
    public long dropoutKey(int sequence) {
        return dropoutKeys[sequence];
    }

    /** The rows that have a target as a batch of their own: neighbours of one sequence stay one. */
    public Batch onlyTargets() {
        int count = targetRows.length;
        if (count == tokens.length) {
            return this;
        }
        int[] rowTokens = new int[count];
        int[] rowPositions = new int[count];
        int[] rowTargets = new int[count];
        int[] firsts = new int[count + 1];
        int[] rowSlots = new int[count];
        int sequences = 0;
        for (int t = 0; t < count; t++) {
            int row = targetRows[t];
            rowTokens[t] = tokens[row];
            rowPositions[t] = positions[row];
            rowTargets[t] = targets[row];
            boolean goesOn = t > 0 && targetRows[t - 1] == row - 1 && targetSequences[t - 1] == targetSequences[t];
            if (!goesOn) {
                firsts[sequences] = t;
                rowSlots[sequences++] = slots[targetSequences[t]];
            }
        }
        firsts[sequences] = count;
        return new Batch(
                rowTokens,
                rowPositions,
                rowTargets,
                Arrays.copyOf(firsts, sequences + 1),
                Arrays.copyOf(rowSlots, sequences));
    }

    /** The sequences that lie in rows {@code start} to {@code end}, which are starts of sequences, as a batch of their own. */
    public Batch sequencesOf(int start, int end) {
        int first = Arrays.binarySearch(starts, start);
        int last = Arrays.binarySearch(starts, end);
        if (first < 0 || last <= first) {
            throw new IllegalArgumentException("rows " + start + " to " + end + " are no sequences");
        }
        int[] from = Arrays.copyOfRange(starts, first, last + 1);
        Arrays.setAll(from, i -> from[i] - start);
        return new Batch(
                Arrays.copyOfRange(tokens, start, end),
                Arrays.copyOfRange(positions, start, end),
                Arrays.copyOfRange(targets, start, end),
                from,
                Arrays.copyOfRange(slots, first, last));
    }

    /** N: how many tokens. */
    public int tokenCount() {
        return tokens.length;
    }

    /** S: how many sequences. */
    public int sequenceCount() {
        return slots.length;
    }

    /** T: how many tokens have a target. */
    public int targetCount() {
        return targetRows.length;
    }

    public int token(int row) {
        return tokens[row];
    }

    public int position(int row) {
        return positions[row];
    }

    public int target(int row) {
        return targets[row];
    }

    /** First row of a sequence; {@code start(S)} is N. */
    public int start(int sequence) {
        return starts[sequence];
    }

    public int length(int sequence) {
        return starts[sequence + 1] - starts[sequence];
    }

    public int slot(int sequence) {
        return slots[sequence];
    }

    /** The row of the {@code i}-th token that has a target, in rising order. */
    public int targetRow(int i) {
        return targetRows[i];
    }

    /** The sequence of the {@code i}-th token that has a target. */
    public int targetSequence(int i) {
        return targetSequences[i];
    }

    /** The rows of each slot, in the order of the batch. */
    public List<Run> runs() {
        return runs;
    }

    /** The largest id among tokens and targets: the vocabulary has to be larger. */
    public int largestId() {
        return largestId;
    }

    /** The largest position: tables of positions have to be longer. */
    public int largestPosition() {
        return largestPosition;
    }

    /** Length of the longest sequence. */
    public int longest() {
        int longest = 0;
        for (int s = 0; s < slots.length; s++) {
            longest = Math.max(longest, length(s));
        }
        return longest;
    }
}
