package candor.bench;

import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.TrainedWeights;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.train.optimiser.AdamW;
import java.util.Arrays;
import java.util.SplittableRandom;

/** A training step of all weights, on random ones and random tokens; every token but the last of a sequence is a target. */
final class FullRig implements AutoCloseable {
    private static final double RATE = 1e-4;

    private final Backend ops;
    private final TrainedWeights weights;
    private final CausalLm model;
    private final AdamW adamW;
    private final Batch rows;
    private final float[] logp;
    private final float[] derivatives;

    FullRig(Backend ops, ModelConfig config, int batch, int length) {
        this.ops = ops;
        weights = TrainedWeights.random(ops, config, 1, 0.02);
        model = new CausalLm(ops, weights, Recompute.NONE, length);
        adamW = new AdamW(
                ops,
                new AdamW.Settings(0.9, 0.999, 1e-8, 0.01, 1),
                weights.parameterRow(),
                weights.gradientRow(),
                weights.decayed());
        int[] tokens = new SplittableRandom(1)
                .ints((long) batch * length, 0, config.vocabSize())
                .toArray();
        int[] base = new int[batch];
        Arrays.fill(base, Batch.BASE);
        rows = StepRig.rows(tokens, base, length);
        logp = new float[rows.targetCount()];
        derivatives = new float[rows.targetCount()];
    }

    int positions() {
        return rows.tokenCount();
    }

    /** Forward, backward, clipping, AdamW. */
    void step() {
        model.forward(logp, rows, null, true);
        Arrays.fill(derivatives, -1f / derivatives.length);
        model.backward(derivatives);
        adamW.step(RATE, adamW.gradNorm());
        ops.zero(weights.gradientRow());
        double loss = 0;
        for (float value : logp) {
            loss -= value / logp.length;
        }
        StepRig.check(loss, weights.config());
    }

    @Override
    public void close() {
        model.close();
    }
}
