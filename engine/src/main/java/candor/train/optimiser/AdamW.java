package candor.train.optimiser;

import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

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
     */
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay, double maxGradNorm) {}

    private final Backend backend;
    private final Settings settings;
    private final Tensor parameters;
    private final Tensor gradients;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    /** Views made once, since a step allocates nothing: what weight decay is for, and the rest; each may be missing. */
    private final List<Part> parts = new ArrayList<>();

    private long steps;

    private record Part(Tensor w, Tensor g, Tensor m, Tensor v, double weightDecay) {}

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
        this.backend = backend;
        this.settings = settings;
        this.parameters = parameters;
        this.gradients = gradients;
        firstMoment = backend.allocate(DType.F32, 1, parameters.cols());
        secondMoment = backend.allocate(DType.F32, 1, parameters.cols());
        addPart(0, decayed, settings.weightDecay);
        addPart(decayed, parameters.cols(), 0);
    }

    private void addPart(int from, int to, double weightDecay) {
        if (from < to) {
            parts.add(new Part(
                    parameters.columns(from, to),
                    gradients.columns(from, to),
                    firstMoment.columns(from, to),
                    secondMoment.columns(from, to),
                    weightDecay));
        }
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
                    part.weightDecay,
                    clip(gradNorm, settings.maxGradNorm),
                    steps);
            backend.adamW(part.w, part.g, part.m, part.v, now);
        }
    }

    /** As torch.nn.utils.clip_grad_norm_: max/(norm + 1e-6), at most one. */
    static double clip(double norm, double max) {
        return max == 0 ? 1 : Math.min(1, max / (norm + 1e-6));
    }

    /** (1, P) */
    public Tensor firstMoment() {
        return firstMoment;
    }

    /** (1, P) */
    public Tensor secondMoment() {
        return secondMoment;
    }

    public long steps() {
        return steps;
    }

    /** Goes on from here; the moments are set through their tensors. */
    public void restore(long stepsDone) {
        steps = stepsDone;
    }
}
