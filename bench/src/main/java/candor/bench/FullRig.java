package candor.bench;

import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.TrainedWeights;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.train.Learner;
import candor.train.Slots;
import candor.train.StepPasses;
import candor.train.objective.Sft;
import java.util.List;

/** The trainer's own step of all weights, on random ones and rows as {@link StepRig} has them. */
final class FullRig implements AutoCloseable {
    private final TrainedWeights weights;
    private final CausalLm model;
    private final StepPasses passes;
    private final List<Learner> learner;
    private final int positions;

    FullRig(Backend ops, ModelConfig config, int batch, int length) {
        weights = TrainedWeights.random(ops, config, 1, 0.02);
        model = new CausalLm(ops, weights, Recompute.NONE, length);
        passes = new StepPasses(model, null);
        positions = batch * length;
        learner = List.of(new Learner(
                ops,
                new Learner.Trained(
                        weights.parameterRow(),
                        weights.gradientRow(),
                        weights.decayed(),
                        new Slots(Batch.BASE, Batch.BASE)),
                StepRig.rows(config.vocabSize(), batch, length, 1),
                StepRig.rules(new Sft(), batch),
                null));
    }

    int positions() {
        return positions;
    }

    /** Forward, backward, clipping, AdamW. */
    void step() {
        StepRig.check(StepRig.step(passes, learner), weights.config());
    }

    @Override
    public void close() {
        model.close();
    }
}
