package candor.train;

import candor.comm.Communicator;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.probe.ReplyReader;
import candor.train.distributed.Division;
import candor.train.distributed.GradientSum;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries optimiser steps out, those of several runs side by side: first passes without gradients, for what the objectives
 * want to know before, then one pass for each micro-batch, which is judged at once. Rows of all runs make one packed pass. Several processes share the passes
 * out, and tell one another what came of their rows.
 */
public final class StepPasses {
    private final CausalLm model;
    private final AdapterBank adapters;
    private final Communicator comm;
    private final int freeTokens;

    /** @param adapters null where the model's own weights are trained */
    public StepPasses(CausalLm model, AdapterBank adapters) {
        this(model, adapters, Communicator.ALONE, Integer.MAX_VALUE);
    }

    /**
     * Those of one of several processes.
     *
     * @param freeTokens that a pass without gradients has at most
     */
    StepPasses(CausalLm model, AdapterBank adapters, Communicator comm, int freeTokens) {
        this.comm = comm;
        this.freeTokens = freeTokens;
        this.model = model;
        this.adapters = adapters;
    }

    /** One step of each, side by side; each learns of its own rows as if it were alone. */
    public List<Learner.Learnt> step(List<Learner> learners) {
        List<OptimiserStep> steps = learners.stream().map(Learner::next).toList();
        Division division = division(steps);
        List<GradientSum> sums = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            sums.add(learners.get(i).sum(steps.get(i), division));
        }
        carryOut(steps, division, sums);
        List<Learner.Learnt> learnt = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            learnt.add(learners.get(i).learn(steps.get(i)));
        }
        return learnt;
    }

    /** Judges rows, and learns nothing of them. */
    void evaluate(OptimiserStep step) {
        carryOut(List.of(step), division(List.of(step)), null);
    }

    /** Reads replies through a slot, in passes of so many tokens; between steps. */
    ReplyReader reader(int slot, int tokensAtOnce) {
        return new ReplyReader(model, adapters, slot, tokensAtOnce);
    }

    /** Micro-batches of one number are one pass, whose runs they may be. */
    private Division division(List<OptimiserStep> steps) {
        return Division.of(
                steps.stream().mapToInt(OptimiserStep::microBatches).max().orElseThrow(), comm);
    }

    /** @param sums where gradients go to, or null where none are wanted */
    private void carryOut(List<OptimiserStep> steps, Division division, List<GradientSum> sums) {
        int begin = division.from(comm.rank());
        int end = division.to(comm.rank());
        for (int m = begin; m < end; m++) {
            Pass pass = new Pass();
            for (OptimiserStep step : steps) {
                step.ask(m, pass);
            }
            if (!pass.isEmpty()) {
                pass.score(model, adapters, freeTokens);
                for (OptimiserStep step : steps) {
                    step.take(m, pass);
                }
            }
        }
        Told told = new Told(comm, division);
        told.share(steps, Asked.NUMBERS, OptimiserStep::known, OptimiserStep::tellKnown);
        steps.forEach(OptimiserStep::settle);
        LayersOff travel = new LayersOff(model.config().layers(), sums == null ? List.of() : sums);
        for (int m = begin; m < end; m++) {
            Pass pass = new Pass();
            for (OptimiserStep step : steps) {
                step.train(m, pass);
            }
            if (sums != null) {
                // Before the way there: on a device, gradients are cleared in one graph with the optimiser's step
                // before.
                for (GradientSum sum : sums) {
                    sum.begin(m);
                }
            }
            if (sums == null) {
                pass.score(model, adapters, freeTokens);
            } else {
                pass.forward(model, adapters);
            }
            for (OptimiserStep step : steps) {
                step.judge(m, pass);
            }
            if (sums != null) {
                pass.backward(model, m == end - 1 ? travel : _ -> {});
                for (GradientSum sum : sums) {
                    sum.add(m);
                }
            }
        }
        travel.rest();
        told.share(steps, 1, OptimiserStep::judged, OptimiserStep::tellJudged);
        steps.forEach(OptimiserStep::conclude);
    }
}
