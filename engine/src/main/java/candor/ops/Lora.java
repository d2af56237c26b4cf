package candor.ops;

import candor.tensor.Tensor;
import java.util.Arrays;

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

    /** The columns of the intermediate product are a multiple of this, the rest of them zero. */
    public static final int RANK_STEP = 16;

    private final Factors[] slots;
    private final int paddedRank;

    /** @param slots one entry per slot, null where that adapter does not touch this layer */
    public Lora(Factors... slots) {
        this(0, slots);
    }

    /** @param rank the intermediate product is wide enough for this one, too */
    public Lora(int rank, Factors... slots) {
        this.slots = slots.clone();
        int most = rank;
        for (Factors factors : slots) {
            most = Math.max(most, factors == null ? 0 : factors.rank());
        }
        paddedRank = padded(most);
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
