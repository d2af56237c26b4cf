package candor.train.optimiser;

import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.EightBitRow;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.train.distributed.RowShares;
import candor.train.distributed.RowShares.Share;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW (Loshchilov and Hutter 2019) over the parameters of a run, after clipping their gradient by its global norm:
 * settings, the two moments and the count of steps.
 */
public final class AdamW {
    /**
     * The settings, as PyTorch names them.
     *
     * @param beta1       decay of the first moment, in [0, 1)
     * @param beta2       decay of the second moment, in [0, 1)
     * @param epsilon     added to the root of the second moment
     * @param weightDecay decoupled from the gradient
     * @param maxGradNorm gradients of a larger norm are scaled down to it; 0 leaves them alone
     * @param eightBit    whether moments are kept in eight bits instead of float32, see {@link EightBitRow}
     */
    public record Settings(
            double beta1, double beta2, double epsilon, double weightDecay, double maxGradNorm, boolean eightBit) {
        /** With moments of float32. */
        public Settings(double beta1, double beta2, double epsilon, double weightDecay, double maxGradNorm) {
            this(beta1, beta2, epsilon, weightDecay, maxGradNorm, false);
        }
    }

    private static final String FIRST_LARGEST = "first_moment_largest";
    private static final String SECOND_LARGEST = "second_moment_largest";

    private final Backend backend;
    private final Settings settings;
    private final RowShares shares;
    private final int rank;
    /** All of them. */
    private final Tensor gradients;

    private final Moments firstMoment;
    private final Moments secondMoment;
    /** Views made once, since a step allocates nothing: what weight decay is for, and the rest; each may be missing. */
    private final List<Part> parts = new ArrayList<>();

    private long steps;

    /** Moments of all parameters, and where they are in eight bits, the largest of each block; those of a part begin a block. */
    private record Moments(Tensor row, Tensor largest) {
        EightBitRow eightBits(int from, int to, int blocks) {
            return new EightBitRow(
                    row.columns(from, to), largest.columns(blocks, blocks + EightBitRow.blocks(to - from)));
        }
    }

    private interface Part {
        void step(AdamWStep now);

        double weightDecay();
    }

    private record Wide(Backend backend, Tensor w, Tensor g, Tensor m, Tensor v, double weightDecay) implements Part {
        @Override
        public void step(AdamWStep now) {
            backend.adamW(w, g, m, v, now);
        }
    }

    private record EightBit(Backend backend, Tensor w, Tensor g, EightBitRow m, EightBitRow v, double weightDecay)
            implements Part {
        @Override
        public void step(AdamWStep now) {
            backend.adamW8bit(w, g, m, v, now);
        }
    }

    /** As the other, with weight decay on all parameters. */
    public AdamW(Backend backend, Settings settings, Tensor parameters, Tensor gradients) {
        this(backend, settings, parameters, gradients, parameters.cols());
    }

    /**
     * Moments start at zero.
     *
     * @param parameters (1, P), changed in place
     * @param gradients  (1, P), read
     * @param decayed    weight decay is for so many of them, from the first on
     */
    public AdamW(Backend backend, Settings settings, Tensor parameters, Tensor gradients, int decayed) {
        this(backend, settings, parameters, gradients, new RowShares(parameters.cols(), decayed, 1), 0);
    }

    /**
     * The same for one of several processes: it moves its share of the parameters, and has moments of no other.
     *
     * @param parameters (1, P), of which its share is changed in place
     * @param gradients  (1, P), read
     * @param shares     who moves what
     * @param rank       of this process
     */
    public AdamW(Backend backend, Settings settings, Tensor parameters, Tensor gradients, RowShares shares, int rank) {
        this.backend = backend;
        this.settings = settings;
        this.gradients = gradients;
        this.shares = shares;
        this.rank = rank;
        Share own = shares.of(rank);
        int decayed = Math.clamp(shares.decayed() - own.from(), 0, own.length());
        firstMoment = moments(own.length(), decayed);
        secondMoment = moments(own.length(), decayed);
        addPart(own, 0, decayed, parameters, settings.weightDecay);
        addPart(own, decayed, own.length(), parameters, 0);
    }

    private Moments moments(int count, int decayed) {
        if (!settings.eightBit) {
            return new Moments(backend.allocate(DType.F32, 1, count), null);
        }
        int blocks = EightBitRow.blocks(decayed) + EightBitRow.blocks(count - decayed);
        return new Moments(backend.allocate(DType.U8, 1, count), backend.allocate(DType.F32, 1, blocks));
    }

    /** Bytes of both moments. */
    public static long bytes(Settings settings, long parameters, long decayed) {
        return 2
                * (settings.eightBit
                        ? EightBitRow.bytes(decayed) + EightBitRow.bytes(parameters - decayed)
                        : parameters * DType.F32.bytes());
    }

    /** @param from of the share's own elements */
    private void addPart(Share own, int from, int to, Tensor parameters, double weightDecay) {
        if (from == to) {
            return;
        }
        Tensor w = parameters.columns(own.from() + from, own.from() + to);
        Tensor g = gradients.columns(own.from() + from, own.from() + to);
        if (!settings.eightBit) {
            Tensor m = firstMoment.row.columns(from, to);
            parts.add(new Wide(backend, w, g, m, secondMoment.row.columns(from, to), weightDecay));
            return;
        }
        int blocks = EightBitRow.blocks(from);
        EightBitRow m = firstMoment.eightBits(from, to, blocks);
        parts.add(new EightBit(backend, w, g, m, secondMoment.eightBits(from, to, blocks), weightDecay));
    }

    /** The norm of the whole gradient, before clipping. */
    public double gradNorm() {
        return Math.sqrt(backend.sumOfSquares(gradients));
    }

    /** One step. {@code gradNorm} is what {@link #gradNorm} said and must be finite. */
    public void step(double learningRate, double gradNorm) {
        if (!Double.isFinite(gradNorm)) {
            throw new IllegalArgumentException("gradient norm " + gradNorm);
        }
        steps++;
        for (Part part : parts) {
            AdamWStep now = new AdamWStep(
                    learningRate,
                    settings.beta1,
                    settings.beta2,
                    settings.epsilon,
                    part.weightDecay(),
                    clip(gradNorm, settings.maxGradNorm),
                    steps);
            part.step(now);
        }
    }

    /** As torch.nn.utils.clip_grad_norm_: max/(norm + 1e-6), at most one. */
    static double clip(double norm, double max) {
        return max == 0 ? 1 : Math.min(1, max / (norm + 1e-6));
    }

    /** (1, P): float32, or codes; of the share of this process. */
    public Tensor firstMoment() {
        return firstMoment.row;
    }

    /** (1, P): float32, or codes; of the share of this process. */
    public Tensor secondMoment() {
        return secondMoment.row;
    }

    /** All that it keeps from step to step beside their number, by name: this process's shares of rows that a checkpoint holds. */
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        state.put("first_moment", firstMoment.row);
        state.put("second_moment", secondMoment.row);
        if (settings.eightBit) {
            state.put(FIRST_LARGEST, firstMoment.largest);
            state.put(SECOND_LARGEST, secondMoment.largest);
        }
        return state;
    }

    /** What a process has of the row of that name. */
    public Share share(String name, int of) {
        return name.equals(FIRST_LARGEST) || name.equals(SECOND_LARGEST) ? shares.blocks(of) : shares.of(of);
    }

    /** The same of this process. */
    public Share share(String name) {
        return share(name, rank);
    }

    public long steps() {
        return steps;
    }

    /** Goes on from here; the moments are set through their tensors. */
    public void restore(long stepsDone) {
        steps = stepsDone;
    }
}
