package candor.train;

import candor.lora.AdapterBank;
import candor.model.CausalLm;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries optimiser steps out, those of several runs side by side: first passes without gradients, for what the objectives
 * want to know before, then one pass for each micro-batch, which is judged at once. Rows of all runs make one packed pass.
 */
public final class StepPasses {
    private final CausalLm model;
    private final AdapterBank adapters;

    /** @param adapters null where the model's own weights are trained */
    public StepPasses(CausalLm model, AdapterBank adapters) {
        this.model = model;
        this.adapters = adapters;
    }

    /** One step of each, side by side; each learns of its own rows as if it were alone. */
    public List<Learner.Learnt> step(List<Learner> learners) {
        List<OptimiserStep> steps = learners.stream().map(Learner::next).toList();
        carryOut(steps, true);
        List<Learner.Learnt> learnt = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            learnt.add(learners.get(i).learn(steps.get(i)));
        }
        return learnt;
    }

    /** Judges rows, and learns nothing of them. */
    void evaluate(OptimiserStep step) {
        carryOut(List.of(step), false);
    }

    private void carryOut(List<OptimiserStep> steps, boolean training) {
        int microBatches =
                steps.stream().mapToInt(OptimiserStep::microBatches).max().orElseThrow();
        for (int m = 0; m < microBatches; m++) {
            Pass pass = new Pass();
            for (OptimiserStep step : steps) {
                step.ask(m, pass);
            }
            if (!pass.isEmpty()) {
                pass.forward(model, adapters, false);
                for (OptimiserStep step : steps) {
                    step.take(m, pass);
                }
            }
        }
        steps.forEach(OptimiserStep::settle);
        for (int m = 0; m < microBatches; m++) {
            Pass pass = new Pass();
            for (OptimiserStep step : steps) {
                step.train(m, pass);
            }
            pass.forward(model, adapters, training);
            for (OptimiserStep step : steps) {
                step.judge(m, pass);
            }
            if (training) {
                pass.backward(model);
            }
        }
    }
}
