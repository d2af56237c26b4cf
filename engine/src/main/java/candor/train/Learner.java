package candor.train;

import candor.comm.Communicator;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.ops.Backend;
import candor.tensor.Tensor;
import candor.train.distributed.Division;
import candor.train.distributed.GradientSum;
import candor.train.distributed.RowShares;
import candor.train.objective.Objective;
import candor.train.optimiser.AdamW;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongToDoubleFunction;

/**
 * What learns, step after step, whatever becomes of it: parameters, their optimiser, rows in memory and the place among them.
 * A {@link Run} gives it a folder. In several processes each has one of it, and all of them learn the same.
 */
public final class Learner implements AutoCloseable {
    /**
     * What is trained.
     *
     * @param parameters (1, P)
     * @param gradients  (1, P) each: those of the first micro-batch of a pass, then those of its {@link Slots#twins}
     * @param decayed    parameters at the head of the row that weight decay is for
     * @param slots      where its rows go through
     */
    public record Trained(Tensor parameters, List<Tensor> gradients, int decayed, Slots slots) {
        public Trained {
            gradients = List.copyOf(gradients);
        }

        /** With one micro-batch in a pass. */
        public Trained(Tensor parameters, Tensor gradients, int decayed, Slots slots) {
            this(parameters, List.of(gradients), decayed, slots);
        }
    }

    /**
     * How it is trained.
     *
     * @param dropout the share of its inputs that an adapter does not see
     * @param rate    the learning rate after so many steps
     * @param probing what is added to the objective's loss, or null
     */
    public record Rules(
            Objective objective,
            Batcher.Settings batching,
            AdamW.Settings adamW,
            double dropout,
            LongToDoubleFunction rate,
            Probing probing) {
        /** With the objective's loss alone. */
        public Rules(
                Objective objective,
                Batcher.Settings batching,
                AdamW.Settings adamW,
                double dropout,
                LongToDoubleFunction rate) {
            this(objective, batching, adamW, dropout, rate, null);
        }
    }

    private final Trained trained;
    private final Rules rules;
    private final Dataset data;
    private final OptimiserStep.Source source;
    private final References references;
    private final AdamW adamW;
    private final GradientSum sum;
    private Batcher batcher;
    private long step;
    private long tokens;

    /** @param references what is known of the reference; null where neither objective nor probes need it */
    public Learner(Backend backend, Trained trained, Dataset data, Rules rules, References references) {
        this(backend, trained, data, rules, references, Communicator.ALONE, null, true);
    }

    /**
     * One of several processes that learn together.
     *
     * @param references what is known of the reference; null where the objective does not need it
     * @param layers     where the elements of each layer begin in the row, see {@link Trainee#layers}
     * @param sumsNear   whether gradients are summed where they are computed, see {@link Plan}
     */
    Learner(
            Backend backend,
            Trained trained,
            Dataset data,
            Rules rules,
            References references,
            Communicator among,
            int[] layers,
            boolean sumsNear) {
        this.trained = trained;
        this.data = data;
        this.rules = rules;
        this.references = references;
        source = source(data);
        RowShares shares = new RowShares(trained.parameters.cols(), trained.decayed, among.size());
        adamW = new AdamW(backend, rules.adamW, trained.parameters, trained.gradients.getFirst(), shares, among.rank());
        sum = new GradientSum(backend, among, trained.gradients, shares, layers, sumsNear);
        batcher = new Batcher(data.lengths(), rules.batching);
    }

    /** Goes on behind other steps; parameters and moments are set through their tensors. */
    void restore(long stepsDone, long tokensDone, Batcher.State place) {
        step = stepsDone;
        tokens = tokensDone;
        adamW.restore(stepsDone);
        batcher = Batcher.resume(data.lengths(), rules.batching, place);
    }

    /** Its optimiser: moments and steps. */
    public AdamW adamW() {
        return adamW;
    }

    /** Steps done. */
    long step() {
        return step;
    }

    /** Tokens that went through with gradients in them. */
    long tokens() {
        return tokens;
    }

    Batcher.State place() {
        return batcher.state();
    }

    /** Its part in the next step. The place in the data moves on: what is taken here must be {@linkplain #learn learnt}. */
    OptimiserStep next() {
        Batcher.Step plan = batcher.next();
        Masks masks = rules.dropout > 0 ? new Masks(rules.batching.seed(), step) : null;
        int[] probes = rules.probing == null ? new int[0] : rules.probing.of(step, rules.batching.seed());
        return new OptimiserStep(source, plan, masks, probes);
    }

    /** Where the gradients of a step are summed, which has so many micro-batches. */
    GradientSum sum(OptimiserStep step, Division division) {
        sum.start(step.microBatches(), division);
        return sum;
    }

    private OptimiserStep.Source source(Dataset rows) {
        return OptimiserStep.Source.of(
                rows, rules.objective, trained.slots, references, rules.batching.seed(), rules.probing);
    }

    /**
     * A step that is done.
     *
     * @param metrics what goes to the log; without a fault
     * @param tokens  that went through with gradients
     * @param fault   why nothing was learnt of it, or null
     */
    public record Learnt(Map<String, Number> metrics, long tokens, String fault) {}

    /** Moves the parameters by the gradients of the step's micro-batches, unless something is not finite. */
    Learnt learn(OptimiserStep done) {
        sum.finish();
        double gradNorm = adamW.gradNorm();
        String fault = done.fault() != null
                ? done.fault()
                : Double.isFinite(gradNorm) ? null : "the gradient is not finite at " + done.rows();
        if (fault != null) {
            return new Learnt(Map.of(), done.tokens(), fault);
        }
        double learningRate = rules.rate.applyAsDouble(step);
        adamW.step(learningRate, gradNorm);
        sum.spreadParameters(trained.parameters);
        step++;
        tokens += done.tokens();
        Map<String, Number> metrics = new LinkedHashMap<>();
        metrics.put("epoch", done.epoch());
        Map<String, Double> judged = done.metrics();
        metrics.put("loss", judged.get("loss"));
        metrics.put("grad_norm", gradNorm);
        metrics.put("learning_rate", learningRate);
        judged.forEach(metrics::putIfAbsent);
        metrics.put("tokens", done.tokens());
        return new Learnt(metrics, done.tokens(), null);
    }

    /**
     * The objective on held-out rows, without gradients: all of them are one step, in the order of the data. How many go through
     * at once changes nothing, but where estimates are those of micro-batches; null where a loss is not finite.
     *
     * @param rows in a micro-batch; groups of rows count as one
     */
    Map<String, Double> heldOut(Dataset held, int rows, StepPasses passes) {
        int group = rules.batching.group();
        Batcher.Settings whole = new Batcher.Settings(
                new Batcher.MicroBatches.Rows(rows), Math.ceilDiv(held.size(), rows * group), false, 0, group);
        OptimiserStep all =
                new OptimiserStep(source(held), new Batcher(held.lengths(), whole).next(), null, new int[0]);
        passes.evaluate(all);
        return all.fault() == null ? all.metrics() : null;
    }

    @Override
    public void close() {
        sum.close();
    }
}
