package candor.train;

import candor.lora.AdapterBank;
import candor.model.CausalLm;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The loop. Runs over one base go side by side: the rows of all of them make one packed pass, each through its own slot,
 * and what a run computes is the same as if it were alone.
 */
public final class Trainer {
    private final CausalLm model;
    private final AdapterBank adapters;
    private final Evaluation evaluation;
    private final TrainListener listener;

    public Trainer(CausalLm model, AdapterBank adapters, TrainListener listener) {
        this.model = model;
        this.adapters = adapters;
        this.evaluation = new Evaluation(model, adapters);
        this.listener = listener;
    }

    /**
     * Trains until every run has ended.
     *
     * @param stop asked between steps: when it says so, each run that is not done writes a checkpoint and ends
     */
    public void train(List<Run> runs, BooleanSupplier stop) {
        List<Run> going = new ArrayList<>(runs);
        going.forEach(listener::started);
        going.forEach(run -> run.endIfAtEnd(listener));
        while (true) {
            going.removeIf(run -> run.outcome() != null);
            if (going.isEmpty()) {
                return;
            }
            if (stop.getAsBoolean()) {
                going.forEach(run -> run.interrupt(listener));
                return;
            }
            step(going);
        }
    }

    private void step(List<Run> runs) {
        StepEvent event = new StepEvent();
        event.begin();
        long start = System.nanoTime();
        List<OptimiserStep> steps = runs.stream().map(Run::next).toList();
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
            pass.forward(model, adapters, true);
            for (OptimiserStep step : steps) {
                step.judge(m, pass);
            }
            pass.backward(model);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        for (int i = 0; i < runs.size(); i++) {
            runs.get(i).finish(steps.get(i), seconds, evaluation, listener);
        }
        event.runs = runs.size();
        event.tokens = steps.stream().mapToLong(OptimiserStep::tokens).sum();
        event.commit();
    }
}
