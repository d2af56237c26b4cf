package candor.train;

import candor.lora.AdapterBank;
import candor.model.CausalLm;
import java.util.List;

/**
 * Carries optimiser steps out, those of several runs side by side: first passes without gradients, for what the objectives
 * want to know before, then one pass for each micro-batch, which is judged at once. Rows of all runs make one packed pass.
 */
final class StepPasses {
    private final CausalLm model;
    private final AdapterBank adapters;

    StepPasses(CausalLm model, AdapterBank adapters) {
        this.model = model;
        this.adapters = adapters;
    }

    /** Gradients of what is trained {@code +=}. */
    void train(List<OptimiserStep> steps) {
        carryOut(steps, true);
    }

    /** The same without gradients. */
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
