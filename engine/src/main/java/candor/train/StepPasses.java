package candor.train;

import candor.comm.Communicator;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.probe.ReplyReader;
import candor.train.distributed.Division;
import candor.train.distributed.GradientSum;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.ObjIntConsumer;
import java.util.function.ToIntFunction;

/**
 * Carries optimiser steps out, those of several runs side by side: first passes without gradients, for what the objectives
 * want to know before, then one pass for each micro-batch, or for some that are small ({@link Together}), which are judged at once.
 * Rows of all runs make one packed pass. Several processes share micro-batches out, and tell one another what came of their rows.
 */
public final class StepPasses {
    private final CausalLm model;
    private final AdapterBank adapters;
    private final Communicator comm;
    private final Free free;
    private final Together together;

    /**
     * What a pass without gradients has at most.
     *
     * @param targets of its tokens
     */
    record Free(int tokens, int targets) {
        static final Free ANY = new Free(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /** @param adapters null where the model's own weights are trained */
    public StepPasses(CausalLm model, AdapterBank adapters) {
        this(model, adapters, Communicator.ALONE, Free.ANY, Together.NONE);
    }

    /**
     * The same with several small micro-batches in a pass.
     *
     * @param most   how many, at most: each run has as many slots
     * @param tokens of such a pass, at most
     */
    public StepPasses(CausalLm model, AdapterBank adapters, int most, int tokens) {
        this(model, adapters, Communicator.ALONE, Free.ANY, new Together(most, tokens, tokens));
    }

    /**
     * Those of one of several processes.
     *
     * @param free     what a pass without gradients has at most
     * @param together which micro-batches share a pass; each run has slots for as many
     */
    StepPasses(CausalLm model, AdapterBank adapters, Communicator comm, Free free, Together together) {
        this.together = together;
        this.comm = comm;
        this.free = free;
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
        for (int from = begin, to; from < end; from = to) {
            to = passEnd(steps, from, end);
            ask(steps, from, to);
        }
        Told told = new Told(comm, division);
        told.share(steps, Asked.NUMBERS, OptimiserStep::known, OptimiserStep::tellKnown);
        steps.forEach(OptimiserStep::settle);
        LayersOff travel = new LayersOff(model.config().layers(), sums == null ? List.of() : sums);
        for (int from = begin, to; from < end; from = to) {
            to = passEnd(steps, from, end);
            if (sums == null) {
                judge(steps, from, to);
            } else {
                learn(steps, sums, from, to, to == end ? travel : _ -> {});
            }
        }
        travel.rest();
        told.share(steps, 1, OptimiserStep::judged, OptimiserStep::tellJudged);
        steps.forEach(OptimiserStep::conclude);
    }

    /** What has to be known of some micro-batches before gradients flow. */
    private void ask(List<OptimiserStep> steps, int from, int to) {
        Pass pass = new Pass();
        each(steps, from, to, (step, m) -> step.ask(m, pass));
        if (!pass.isEmpty()) {
            pass.score(model, adapters, free.tokens, free.targets);
            each(steps, from, to, (step, m) -> step.take(m, pass));
        }
    }

    /** Some micro-batches without gradients. */
    private void judge(List<OptimiserStep> steps, int from, int to) {
        Pass pass = new Pass();
        each(steps, from, to, (step, m) -> step.train(m, pass, 0));
        pass.score(model, adapters, free.tokens, free.targets);
        each(steps, from, to, (step, m) -> step.judge(m, pass));
    }

    /** Some micro-batches there and back, each with gradients of its own. */
    private void learn(List<OptimiserStep> steps, List<GradientSum> sums, int from, int to, IntConsumer layerDone) {
        Pass pass = new Pass();
        each(steps, from, to, (step, m) -> step.train(m, pass, m - from));
        // Before the way there: on a device, gradients are cleared in one graph with the optimiser's step before.
        each(sums, from, to, (sum, m) -> sum.begin(m, m - from));
        pass.forward(model, adapters);
        each(steps, from, to, (step, m) -> step.judge(m, pass));
        pass.backward(model, layerDone);
        each(sums, from, to, (sum, m) -> sum.add(m, m - from));
    }

    private int passEnd(List<OptimiserStep> steps, int from, int end) {
        return together.end(from, end, m -> sum(steps, m, Asked::tokens), m -> sum(steps, m, Asked::targets));
    }

    private static int sum(List<OptimiserStep> steps, int microBatch, ToIntFunction<Asked> number) {
        return steps.stream()
                .flatMap(step -> step.rows(microBatch).stream())
                .mapToInt(number)
                .sum();
    }

    /** For each micro-batch in turn, and each run in it. */
    private static <T> void each(List<T> runs, int from, int to, ObjIntConsumer<T> what) {
        for (int m = from; m < to; m++) {
            for (T run : runs) {
                what.accept(run, m);
            }
        }
    }
}
