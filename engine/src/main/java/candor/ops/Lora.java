package candor.ops;

import candor.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The adapters on one linear layer, by slot: y += s · (x aᵀ) bᵀ for the rows of that slot (Hu et al. 2021, equation 3).
 *
 * <p>A slot without an entry, and {@link Batch#BASE}, leave the layer as it is.
 */
public final class Lora {
    /**
     * One adapter's part in one linear layer.
     *
     * @param a     (R, I), the down projection
     * @param b     (O, R), the up projection
     * @param scale s: α/R, or α/√R where rank-stabilised
     * @param da    (R, I), the gradient of {@code a}, added to; null where the adapter is frozen
     * @param db    (O, R), the gradient of {@code b}, added to; null where the adapter is frozen
     */
    public record Factors(Tensor a, Tensor b, float scale, Tensor da, Tensor db) {
        public Factors {
            if (a.rows() != b.cols()) {
                throw new IllegalArgumentException("a is " + a.shape() + ", b is " + b.shape());
            }
            if ((da == null) != (db == null)) {
                throw new IllegalArgumentException("only one of the two gradients is there");
            }
        }

        public int rank() {
            return a.rows();
        }

        public boolean trained() {
            return da != null;
        }
    }

    /** A layer that adapters come to and leave: the same object for all of them, with which a backend keeps what it made of them. */
    public static final class Seat {}

    /** The columns of the intermediate product are a multiple of this, the rest of them zero. */
    public static final int RANK_STEP = 16;

    private final Seat seat;
    private final Factors[] slots;
    private final int[] sources;
    private final int paddedRank;
    private final DropoutRates dropout;
    private final Lora whole;
    private final Lora dropped;

    /** @param slots one entry per slot, null where that adapter does not touch this layer */
    public Lora(Factors... slots) {
        this(0, slots);
    }

    /** @param rank the intermediate product is wide enough for this one, too */
    public Lora(int rank, Factors... slots) {
        this(null, slots.clone(), padded(largest(rank, slots)), null);
    }

    /**
     * Adapters that sit on a layer.
     *
     * @param dropout how much of its input some of them do not see while they are trained, or null
     * @param rank    the intermediate product is wide enough for this one, too
     * @param slots   one entry per slot, null where that adapter does not touch this layer
     */
    public static Lora on(Seat seat, DropoutRates dropout, int rank, Factors... slots) {
        return new Lora(seat, slots.clone(), padded(largest(rank, slots)), dropout);
    }

    /**
     * Adapters of which some do not see all of the layer's input while they are trained.
     *
     * @param dropout how much of it
     * @param rank    the intermediate product is wide enough for this one, too
     * @param slots   one entry per slot, null where that adapter does not touch this layer
     */
    public static Lora dropping(DropoutRates dropout, int rank, Factors... slots) {
        return on(null, dropout, rank, slots);
    }

    private Lora(Seat seat, Factors[] slots, int paddedRank, DropoutRates dropout) {
        this.seat = seat;
        this.slots = slots;
        sources = sources(slots);
        this.paddedRank = paddedRank;
        this.dropout = dropout;
        whole = dropout == null ? this : part(false);
        dropped = dropout == null ? null : part(true);
    }

    private static int largest(int rank, Factors[] slots) {
        int most = rank;
        for (Factors factors : slots) {
            most = Math.max(most, factors == null ? 0 : factors.rank());
        }
        return most;
    }

    /** The slots that drop something, or the others, in as many columns; null where there are none. */
    private Lora part(boolean drops) {
        Factors[] some = slots.clone();
        boolean any = false;
        for (int slot = 0; slot < some.length; slot++) {
            some[slot] = dropout.drops(slot) == drops ? some[slot] : null;
            any |= some[slot] != null;
        }
        return any ? new Lora(seat, some, paddedRank, null) : null;
    }

    /** Where they sit; null where that is of no interest. */
    public Seat seat() {
        return seat;
    }

    private static int[] sources(Factors[] slots) {
        Map<List<Object>, Integer> first = new HashMap<>();
        int[] sources = new int[slots.length];
        for (int slot = 0; slot < slots.length; slot++) {
            Factors own = slots[slot];
            Integer before =
                    own == null ? Integer.valueOf(-1) : first.putIfAbsent(List.of(own.a, own.b, own.scale), slot);
            sources[slot] = before == null ? slot : before;
        }
        return sources;
    }

    /** The first slot with the parameters and the scale of a slot, whose gradients may be others; −1 for {@link Batch#BASE}, and where there are none. */
    public int source(int slot) {
        return slot < 0 || slot >= slots.length ? -1 : sources[slot];
    }

    /** How many slots there are, with those that are empty. */
    public int slots() {
        return slots.length;
    }

    /** How much of the layer's input adapters do not see while they are trained; null where all see all. */
    public DropoutRates dropout() {
        return dropout;
    }

    /** The adapters that see all of the layer's input, also while they are trained; null where there are none. */
    public Lora whole() {
        return whole;
    }

    /** The others, or null. */
    public Lora dropped() {
        return dropped;
    }

    /** A rank, rounded up to {@link #RANK_STEP}. */
    public static int padded(int rank) {
        return Math.ceilDiv(rank, RANK_STEP) * RANK_STEP;
    }

    /** The factors of a slot, or null: for {@link Batch#BASE}, and where the adapter does not touch this layer. */
    public Factors at(int slot) {
        return slot < 0 || slot >= slots.length ? null : slots[slot];
    }

    /** Columns of the intermediate product t: the largest rank, rounded up to {@link #RANK_STEP}. */
    public int paddedRank() {
        return paddedRank;
    }

    @Override
    public String toString() {
        return "Lora" + Arrays.toString(slots);
    }
}
