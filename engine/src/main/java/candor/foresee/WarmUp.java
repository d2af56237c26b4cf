package candor.foresee;

import candor.BadInput;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.train.Learner;
import candor.train.Slots;
import candor.train.StepPasses;
import candor.train.objective.Sft;
import candor.train.optimiser.AdamW;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Some steps on a random part of the data before gradients are compared, as LESS has it (Xia et al. 2024, section 2.2).
 *
 * <p>A fresh adapter has B = 0, so the gradient of its A is zero and Adam knows no second moments: it would judge by B's
 * half alone. After these steps both halves have gradients, and moments. With a rate of 0 the adapter stays as it is and
 * the moments alone are gathered, for an adapter that is warm already.
 *
 * @param steps        optimiser steps, at least 1
 * @param rows         of a step, drawn without replacement until all were there
 * @param learningRate constant; 0 for moments alone
 * @param seed         of the draws
 */
public record WarmUp(int steps, int rows, double learningRate, long seed) {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;
    private static final double MAX_GRAD_NORM = 1;

    /**
     * Takes the steps.
     *
     * @param slot of the adapter in the bank, the one that is trained
     * @param listener told before every step
     * @param stop asked before every step
     * @return (P) the diagonal of Γ, see {@link Influence}; null where it was stopped
     */
    public float[] run(
            Backend backend,
            CausalLm model,
            AdapterBank bank,
            int slot,
            Dataset data,
            Screening.Listener listener,
            BooleanSupplier stop) {
        Adapter adapter = bank.get(slot);
        Learner learner = new Learner(
                backend,
                new Learner.Trained(
                        adapter.parameters(),
                        adapter.gradients(),
                        adapter.layout().length(),
                        new Slots(slot, Batch.BASE)),
                data,
                new Learner.Rules(
                        new Sft(),
                        new Batcher.Settings(new Batcher.MicroBatches.Rows(rows), 1, true, seed),
                        new AdamW.Settings(BETA1, BETA2, EPSILON, 0, MAX_GRAD_NORM),
                        0,
                        step -> learningRate),
                null);
        StepPasses passes = new StepPasses(model, bank);
        for (int step = 0; step < steps; step++) {
            if (stop.getAsBoolean()) {
                return null;
            }
            listener.at("warm-up", step, steps);
            Learner.Learnt learnt = passes.step(List.of(learner)).getFirst();
            if (learnt.fault() != null) {
                throw new BadInput("warm-up, step " + (step + 1) + ": " + learnt.fault(), "lower {learning_rate}");
            }
        }
        float[] moments = new float[adapter.layout().length()];
        backend.download(moments, learner.adamW().secondMoment());
        return Influence.steps(moments, BETA2, steps, EPSILON);
    }
}
