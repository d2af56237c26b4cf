package candor.train;

import candor.BadInput;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.ops.Backend;
import candor.train.checkpoint.CheckpointStore;
import candor.train.checkpoint.CheckpointStore.Content;
import candor.train.checkpoint.CheckpointStore.Intact;
import candor.train.config.TrainConfig;
import candor.train.log.StepLog;
import candor.train.objective.Objective;
import candor.train.optimiser.AdamW;
import candor.train.optimiser.Schedule;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One adapter, or one model, on its way: its data, its optimiser, its place, its folder. */
public final class Run implements AutoCloseable {
    /**
     * What a run is made of.
     *
     * @param heldOut   rows to evaluate on, or null
     * @param trainee   as it is at step 0
     * @param slots     where its rows go through
     */
    record Parts(
            TrainConfig config,
            Inputs inputs,
            RunRecord record,
            Dataset data,
            Dataset heldOut,
            Trainee trainee,
            Slots slots) {}

    private static final String PARAMETERS = "parameters.f32";
    private static final String FIRST_MOMENT = "first_moment.f32";
    private static final String SECOND_MOMENT = "second_moment.f32";

    private final Parts parts;
    private final Backend backend;
    private final Objective objective;
    private final AdamW adamW;
    private final Schedule schedule;
    private final CheckpointStore checkpoints;
    private final ReferenceCache cache;
    private final StepLog log;
    private final int totalSteps;
    private Batcher batcher;
    private long step;
    private long tokens;
    private long savedStep = -1;
    /** Of the evaluations that any longer run has, too, and with the one that only the end asks for. */
    private BestSoFar best = BestSoFar.NONE;

    private BestSoFar bestAtEnd = BestSoFar.NONE;
    private Outcome outcome;

    /** @param from a checkpoint to go on from, or null to start */
    Run(Parts parts, Backend backend, Intact from) {
        this.parts = parts;
        this.backend = backend;
        TrainConfig config = parts.config;
        objective = config.task().objective();
        adamW = new AdamW(
                backend,
                config.steps().adamW(),
                parts.trainee.parameters(),
                parts.trainee.gradients(),
                parts.trainee.decayed());
        checkpoints =
                new CheckpointStore(parts.record.checkpoints(), config.watch().saveTotalLimit());
        int[] lengths = parts.data.lengths();
        batcher = new Batcher(lengths, config.batcher());
        totalSteps = totalSteps(config.output(), config.steps(), batcher);
        schedule = config.steps().schedule(totalSteps);
        long metricsBytes = 0;
        if (from != null) {
            RunState state = RunState.read(from.folder());
            RowFile.read(from.folder().resolve(PARAMETERS), backend, parts.trainee.parameters());
            RowFile.read(from.folder().resolve(FIRST_MOMENT), backend, adamW.firstMoment());
            RowFile.read(from.folder().resolve(SECOND_MOMENT), backend, adamW.secondMoment());
            adamW.restore(state.step());
            batcher = Batcher.resume(lengths, config.batcher(), state.batcher());
            step = state.step();
            savedStep = step;
            tokens = state.tokens();
            metricsBytes = state.metricsBytes();
            best = state.best();
            bestAtEnd = step == totalSteps ? state.bestAtEnd() : best;
        }
        cache = objective.needs().reference()
                ? new ReferenceCache(parts.record.referenceCache(), parts.inputs.reference(backend.name()))
                : null;
        log = StepLog.open(config.output(), config.watch().tensorBoard(), metricsBytes, step);
    }

    /** Optimiser steps of the whole run: as many as were asked for, or those of the epochs, a part of one rounded up. */
    static int totalSteps(Path output, TrainConfig.Steps length, Batcher batcher) {
        if (length.maxSteps() > 0) {
            return length.maxSteps();
        }
        int whole = (int) length.epochs();
        double part = length.epochs() - whole;
        long steps = batcher.stepsIn(whole);
        if (part > 0) {
            steps += (long) Math.ceil(part * (batcher.stepsIn(whole + 1) - steps));
        }
        if (steps > Integer.MAX_VALUE) {
            throw new BadInput(output + ": the epochs have " + steps + " optimiser steps, a run at most "
                    + Integer.MAX_VALUE + "; lower --num-train-epochs");
        }
        return (int) steps;
    }

    public TrainConfig config() {
        return parts.config;
    }

    /** The folder that the run's adapter, or model, is written to at its end. */
    public Path result() {
        return parts.trainee.result();
    }

    /** Optimiser steps done. */
    public long step() {
        return step;
    }

    public int totalSteps() {
        return totalSteps;
    }

    /** How the run ended; null while it goes on. */
    public Outcome outcome() {
        return outcome;
    }

    /** The place in the data moves on: what is taken here must be finished. */
    OptimiserStep next() {
        backend.zero(parts.trainee.gradients());
        Batcher.Step plan = batcher.next();
        Masks masks = parts.config.loraDropout() > 0
                ? new Masks(parts.config.batching().seed(), step)
                : null;
        return new OptimiserStep(source(parts.data), plan, masks);
    }

    private OptimiserStep.Source source(Dataset data) {
        return new OptimiserStep.Source(
                data, objective, parts.slots, cache, parts.config.batching().seed());
    }

    /**
     * Moves the parameters by the gradients that are there, logs the step, and where it is time for it evaluates, writes a
     * checkpoint, or ends the run.
     *
     * @param seconds that the step took
     */
    void finish(OptimiserStep done, double seconds, StepPasses passes, TrainListener listener) {
        double gradNorm = adamW.gradNorm();
        String fault = done.fault() != null
                ? done.fault()
                : Double.isFinite(gradNorm) ? null : "the gradient is not finite at " + done.rows();
        if (fault != null) {
            diverged("step " + (step + 1) + ": " + fault, listener);
            return;
        }
        double rate = schedule.rate((int) step);
        adamW.step(rate, gradNorm);
        step++;
        tokens += done.tokens();
        Map<String, Number> metrics = new LinkedHashMap<>();
        metrics.put("epoch", done.epoch());
        Map<String, Double> judged = done.metrics();
        metrics.put("loss", judged.get("loss"));
        metrics.put("grad_norm", gradNorm);
        metrics.put("learning_rate", rate);
        judged.forEach(metrics::putIfAbsent);
        metrics.put("tokens", done.tokens());
        metrics.put("tokens_per_s", done.tokens() / seconds);
        boolean last = step == totalSteps;
        int every = parts.config.watch().evalSteps();
        boolean regular = every > 0 && step % every == 0;
        boolean better = false;
        if (parts.heldOut != null && (last || regular)) {
            Map<String, Double> held = heldOut(passes);
            if (held == null) {
                Path file = parts.config.watch().evalData();
                String data = file == null ? "the held-out rows" : file.toString();
                diverged("after step " + step + " the loss on " + data + " is not finite", listener);
                return;
            }
            held.forEach((name, value) -> metrics.put("eval_" + name, value));
            better = judged(metrics, regular);
        }
        log.step(step, metrics);
        listener.step(this, metrics);
        int save = parts.config.watch().saveSteps();
        boolean atEnd = atEnd();
        boolean saves = save > 0 && (atEnd || step % save == 0) || rule().load() && (atEnd || better);
        if ((atEnd || saves) && !sound()) {
            diverged("the parameters are not finite after step " + step, listener);
            return;
        }
        if (saves) {
            checkpoint(listener);
        }
        if (atEnd) {
            log.offset();
            conclude(listener);
        }
    }

    /**
     * The objective on the held-out rows, without gradients: all of them are one step, in the order of the data. How many go
     * through at once changes nothing, but where estimates are those of micro-batches; null where a loss is not finite.
     */
    private Map<String, Double> heldOut(StepPasses passes) {
        Dataset held = parts.heldOut;
        int rows = parts.config.batching().rows();
        int group = objective.needs().rows().group();
        Batcher.Settings whole = new Batcher.Settings(
                new Batcher.MicroBatches.Rows(rows), Math.ceilDiv(held.size(), rows * group), false, 0, group);
        OptimiserStep step = new OptimiserStep(source(held), new Batcher(held.lengths(), whole).next(), null);
        passes.evaluate(step);
        return step.fault() == null ? step.metrics() : null;
    }

    private TrainConfig.Best rule() {
        return parts.config.watch().best();
    }

    /** Takes an evaluation's metrics in, and says whether it was the best. */
    private boolean judged(Map<String, Number> metrics, boolean regular) {
        if (!rule().asked()) {
            return false;
        }
        bestAtEnd = best.with(step, metrics, rule());
        if (regular) {
            best = bestAtEnd;
        }
        metrics.put("best_step", bestAtEnd.step());
        metrics.put("evals_without_gain", bestAtEnd.waited());
        return bestAtEnd.step() == step;
    }

    private boolean atEnd() {
        return step == totalSteps || best.outOfPatience(rule());
    }

    /** Ends a run that has no step to do: it was killed behind its last one, or had stopped early and shall be longer. */
    void endIfAtEnd(TrainListener listener) {
        if (atEnd()) {
            conclude(listener);
        }
    }

    /** Writes the parameters of the last step, or those of the best evaluation. */
    private void conclude(TrainListener listener) {
        long written = rule().load() ? bestAtEnd.step() : step;
        if (written != step) {
            RowFile.read(checkpoints.at(written).folder().resolve(PARAMETERS), backend, parts.trainee.parameters());
        }
        parts.trainee.write();
        end(new Outcome.Done(step, written, step < totalSteps), listener);
    }

    /** What goes to the disk can be gone on from: a rate that is too high may leave infinities behind a finite loss. */
    private boolean sound() {
        return Double.isFinite(backend.sumOfSquares(parts.trainee.parameters()));
    }

    private void diverged(String fault, TrainListener listener) {
        end(
                new Outcome.Diverged(
                        step,
                        parts.config.output() + ": " + fault + "; "
                                + (savedStep < 0
                                        ? "there is no checkpoint before it"
                                        : "checkpoint step-" + savedStep + " stays")
                                + "; start a new run with a lower --learning-rate, or fix those rows"),
                listener);
    }

    /** Ends the run where it is, with a checkpoint. */
    void interrupt(TrainListener listener) {
        if (!sound()) {
            diverged("the parameters are not finite after step " + step, listener);
            return;
        }
        if (savedStep != step) {
            checkpoint(listener);
        }
        end(new Outcome.Interrupted(step), listener);
    }

    private void end(Outcome how, TrainListener listener) {
        outcome = how;
        parts.record.ended(how, rule().asked() ? bestAtEnd : null, rule().metric());
        listener.ended(this, how);
    }

    private void checkpoint(TrainListener listener) {
        RunState state = new RunState(
                step,
                tokens,
                log.offset(),
                batcher.state(),
                best,
                bestAtEnd,
                backend.name(),
                parts.config.resolved(),
                parts.inputs.hashes());
        Map<String, Content> files = new LinkedHashMap<>();
        files.put(RunState.FILE, state::writeTo);
        files.put(PARAMETERS, out -> RowFile.write(backend, parts.trainee.parameters(), out));
        files.put(FIRST_MOMENT, out -> RowFile.write(backend, adamW.firstMoment(), out));
        files.put(SECOND_MOMENT, out -> RowFile.write(backend, adamW.secondMoment(), out));
        // Both: the one is what this run ends with, the other what a longer one may.
        checkpoints.save(step, rule().load() ? new HashSet<>(List.of(best.step(), bestAtEnd.step())) : Set.of(), files);
        savedStep = step;
        listener.checkpoint(this);
    }

    @Override
    public void close() {
        try (log) {
            if (cache != null) {
                cache.close();
            }
        }
    }
}
