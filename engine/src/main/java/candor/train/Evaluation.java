package candor.train;

import candor.data.Batcher;
import candor.data.Dataset;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.train.objective.Objective;
import java.util.Map;
import java.util.function.Function;

/**
 * The objective on held-out rows, without gradients: all of them are one step, in the order of the data. How many go
 * through at once changes nothing, but for KTO with TRL's pairing, whose estimates are those of micro-batches.
 */
final class Evaluation {
    private final CausalLm model;
    private final AdapterBank adapters;

    Evaluation(CausalLm model, AdapterBank adapters) {
        this.model = model;
        this.adapters = adapters;
    }

    /**
     * What the objective says of the rows; null where a loss is not finite.
     *
     * @param rows in one pass
     */
    Map<String, Double> of(
            Dataset held, int rows, Objective objective, int slot, Function<Batcher.Step, Baseline> baseline) {
        Batcher.Settings whole =
                new Batcher.Settings(new Batcher.MicroBatches.Rows(rows), Math.ceilDiv(held.size(), rows), false, 0);
        Batcher.Step plan = new Batcher(held.lengths(), whole).next();
        OptimiserStep step = new OptimiserStep(held, objective, slot, plan, baseline.apply(plan), null);
        for (int m = 0; m < step.microBatches(); m++) {
            Pass pass = new Pass();
            step.ask(m, pass);
            if (!pass.isEmpty()) {
                pass.forward(model, adapters, false);
                step.take(m, pass);
            }
        }
        step.settle();
        for (int m = 0; m < step.microBatches(); m++) {
            Pass pass = new Pass();
            step.train(m, pass);
            pass.forward(model, adapters, false);
            step.judge(m, pass);
        }
        return step.fault() == null ? step.metrics() : null;
    }
}
