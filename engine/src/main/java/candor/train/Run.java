package candor.train;

import candor.BadInput;
import candor.comm.Communicator;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.ops.Backend;
import candor.ops.ProcessMemory;
import candor.probe.ProbeReading;
import candor.tensor.Tensor;
import candor.train.checkpoint.CheckpointStore;
import candor.train.checkpoint.CheckpointStore.Content;
import candor.train.checkpoint.CheckpointStore.Intact;
import candor.train.config.TrainConfig;
import candor.train.distributed.GatheredRow;
import candor.train.log.StepLog;
import candor.train.objective.Objective;
import candor.train.optimiser.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** One adapter, or one model, on its way: its data, its optimiser, its place, its folder. */
public final class Run implements AutoCloseable {
    /**
     * What a run is made of.
     *
     * @param heldOut   rows to evaluate on, or null
     * @param probing   what is added to the objective's loss, or null
     * @param trainee   as it is at step 0
     * @param slots     where its rows go through
     * @param comm      the processes that train it together, of which one writes
     * @param watching  what its honesty is watched by, or null
     * @param twins      gradients of the slots that have some of their own, see {@link Slots}
     * @param passTokens tokens of the largest pass with gradients: probes take no more at once
     * @param sumsNear   whether gradients are summed where they are computed, see {@link Plan}
     */
    record Parts(
            TrainConfig config,
            Inputs inputs,
            RunRecord record,
            Dataset data,
            Dataset heldOut,
            Probing probing,
            Trainee trainee,
            Slots slots,
            List<Tensor> twins,
            Communicator comm,
            WatchProbes watching,
            int passTokens,
            boolean sumsNear) {}

    private static final String PARAMETERS = "parameters.f32";

    private final Parts parts;
    private final Backend backend;
    private final Learner learner;
    private final CheckpointStore checkpoints;
    private final ReferenceCache cache;
    /** Null in a process that does not write. */
    private final StepLog log;
    /** Null where nobody asks probes. */
    private final HonestyWatch honesty;

    private final int totalSteps;
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
        Objective objective = config.task().objective();
        cache = objective.needs().reference() || parts.probing != null
                ? new ReferenceCache(
                        parts.record.referenceCache(), parts.inputs.reference(backend.name()), parts.comm.leads())
                : null;
        totalSteps = totalSteps(config.output(), config.steps(), new Batcher(parts.data.lengths(), config.batcher()));
        Schedule schedule = config.steps().schedule(totalSteps);
        learner = new Learner(
                backend,
                new Learner.Trained(
                        parts.trainee.parameters(),
                        Stream.concat(Stream.of(parts.trainee.gradients()), parts.twins.stream())
                                .toList(),
                        parts.trainee.decayed(),
                        parts.slots),
                parts.data,
                new Learner.Rules(
                        objective,
                        config.batcher(),
                        config.steps().adamW(),
                        config.loraDropout(),
                        step -> schedule.rate((int) step),
                        parts.probing),
                cache,
                parts.comm,
                parts.trainee.layers(),
                parts.sumsNear);
        checkpoints =
                new CheckpointStore(parts.record.checkpoints(), config.watch().saveTotalLimit());
        long metricsBytes = 0;
        HonestyState watched = null;
        if (from != null) {
            RunState state = RunState.read(from.folder());
            RowFile.read(from.folder().resolve(PARAMETERS), backend, parts.trainee.parameters());
            learner.adamW()
                    .state()
                    .forEach((name, row) -> RowFile.read(
                            from.folder().resolve(RowFile.name(name, row)),
                            backend,
                            row,
                            learner.adamW().share(name).from(),
                            learner.adamW().share(name, parts.comm.size() - 1).to()));
            learner.restore(state.step(), state.tokens(), state.batcher());
            savedStep = state.step();
            metricsBytes = state.metricsBytes();
            best = state.best();
            bestAtEnd = state.step() == totalSteps ? state.bestAtEnd() : best;
            watched = state.honesty();
        }
        log = parts.comm.leads()
                ? StepLog.open(config.output(), config.watch().tensorBoard(), metricsBytes, step())
                : null;
        honesty = parts.watching == null ? null : watch(parts, totalSteps, watched);
    }

    private static HonestyWatch watch(Parts parts, int totalSteps, HonestyState watched) {
        TrainConfig config = parts.config;
        boolean fresh = config.start() instanceof TrainConfig.AdapterStart && config.initAdapter() == null;
        int slot = parts.slots.policy();
        return new HonestyWatch(
                config.watch().probes(),
                parts.watching,
                probePlan(config, parts.watching, parts.data, totalSteps),
                new HonestyWatch.Place(slot, HonestyWatch.startSlot(fresh, slot), parts.passTokens),
                watched);
    }

    /** Which probes a run is asked that has no checkpoint yet. */
    static ProbePlan probePlan(TrainConfig config, WatchProbes watching, Dataset data, int totalSteps) {
        double epoch = Arrays.stream(data.lengths()).asLongStream().sum();
        double stepTokens = epoch / Math.max(1, new Batcher(data.lengths(), config.batcher()).stepsIn(1));
        return ProbePlan.of(config.watch().probes(), watching.probes(), stepTokens, totalSteps);
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
            throw new BadInput(
                    output + ": the epochs have " + steps + " optimiser steps, a run at most " + Integer.MAX_VALUE,
                    "lower {num_train_epochs}");
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
        return learner.step();
    }

    public int totalSteps() {
        return totalSteps;
    }

    /** How the run ended; null while it goes on. */
    public Outcome outcome() {
        return outcome;
    }

    Learner learner() {
        return learner;
    }

    /**
     * Looks at probes before the first step, where there are some.
     *
     * @param known readings of runs that begin with this one
     */
    void begin(StepPasses passes, Map<HonestyWatch.Start, ProbeReading> known, TrainListener listener) {
        if (honesty == null) {
            return;
        }
        honesty.begin(passes, known);
        if (parts.comm.leads()) {
            parts.record.honesty(honesty);
        }
        if (honesty.stops() && savedStep < 0) {
            checkpoint(listener);
        }
    }

    /**
     * Logs a step that was done, and where it is time for it evaluates, writes a checkpoint, or ends the run.
     *
     * @param cost of the step
     */
    void finish(Learner.Learnt learnt, StepCost cost, StepPasses passes, TrainListener listener) {
        if (learnt.fault() != null) {
            diverged("step " + (step() + 1) + ": " + learnt.fault(), listener);
            return;
        }
        long step = step();
        Map<String, Number> metrics = new LinkedHashMap<>(learnt.metrics());
        metrics.put(StepLog.TOKENS_PER_SECOND, learnt.tokens() / cost.seconds());
        cost.share().ifPresent(share -> metrics.put(StepLog.UTILISATION, share));
        long resident = ProcessMemory.resident();
        if (resident > 0) {
            metrics.put(StepLog.MEMORY, resident >> 20);
        }
        backend.ownBytes().ifPresent(bytes -> metrics.put(StepLog.DEVICE_MEMORY, bytes >> 20));
        boolean last = step == totalSteps;
        int every = parts.config.watch().evalSteps();
        boolean regular = every > 0 && step % every == 0;
        boolean better = false;
        if (parts.heldOut != null && (last || regular)) {
            Map<String, Double> held =
                    learner.heldOut(parts.heldOut, parts.config.batching().rows(), passes);
            if (held == null) {
                Path file = parts.config.watch().evalData();
                String data = file == null ? "the held-out rows" : file.toString();
                diverged("after step " + step + " the loss on " + data + " is not finite", listener);
                return;
            }
            held.forEach((name, value) -> metrics.put("eval_" + name, value));
            better = judged(metrics, regular);
        }
        boolean atEnd = atEnd();
        boolean probed = honesty != null && honesty.due(step, atEnd);
        HonestyDrop drop = null;
        if (probed) {
            ProbeReading reading = honesty.read(passes);
            if (!reading.finite()) {
                diverged("after step " + step + " the probes' margins are not finite", listener);
                return;
            }
            metrics.putAll(reading.metrics());
            drop = honesty.judge(step, reading);
            if (honesty.stops()) {
                metrics.put("honest_step", honesty.good());
            }
        }
        if (log != null) {
            log.step(step, metrics);
        }
        listener.step(this, metrics);
        if (drop != null) {
            if (log != null) {
                log.offset();
            }
            conclude(drop, listener);
            return;
        }
        int save = parts.config.watch().saveSteps();
        boolean saves = save > 0 && (atEnd || step % save == 0)
                || rule().load() && (atEnd || better)
                || probed && honesty.stops();
        if ((atEnd || saves) && !sound()) {
            diverged("the parameters are not finite after step " + step, listener);
            return;
        }
        if (saves) {
            checkpoint(listener);
        }
        if (atEnd) {
            if (log != null) {
                log.offset();
            }
            conclude(null, listener);
        }
    }

    private TrainConfig.Best rule() {
        return parts.config.watch().best();
    }

    /** Takes an evaluation's metrics in, and says whether it was the best. */
    private boolean judged(Map<String, Number> metrics, boolean regular) {
        if (!rule().asked()) {
            return false;
        }
        bestAtEnd = best.with(step(), metrics, rule());
        if (regular) {
            best = bestAtEnd;
        }
        metrics.put("best_step", bestAtEnd.step());
        metrics.put("evals_without_gain", bestAtEnd.waited());
        return bestAtEnd.step() == step();
    }

    private boolean atEnd() {
        return step() == totalSteps || best.outOfPatience(rule());
    }

    /** Ends a run that has no step to do: it was killed behind its last one, or had stopped early and shall be longer. */
    void endIfAtEnd(TrainListener listener) {
        if (atEnd()) {
            conclude(null, listener);
        }
    }

    /** Writes the parameters of the last step, those of the best evaluation, or those from before a drop of honesty. */
    private void conclude(HonestyDrop drop, TrainListener listener) {
        long written = drop != null ? honesty.good() : rule().load() ? bestAtEnd.step() : step();
        if (!parts.comm.leads()) {
            end(new Outcome.Done(step(), written, step() < totalSteps, drop), listener);
            return;
        }
        if (written != step()) {
            RowFile.read(checkpoints.at(written).folder().resolve(PARAMETERS), backend, parts.trainee.parameters());
        }
        parts.trainee.write();
        end(new Outcome.Done(step(), written, step() < totalSteps, drop), listener);
    }

    /** What goes to the disk can be gone on from: a rate that is too high may leave infinities behind a finite loss. */
    private boolean sound() {
        return Double.isFinite(backend.sumOfSquares(parts.trainee.parameters()));
    }

    private void diverged(String fault, TrainListener listener) {
        end(
                new Outcome.Diverged(
                        step(),
                        new BadInput(
                                parts.config.output() + ": " + fault + "; "
                                        + (savedStep < 0
                                                ? "there is no checkpoint before it"
                                                : "checkpoint step-" + savedStep + " stays"),
                                "start a new run with a lower {learning_rate}, or fix those rows")),
                listener);
    }

    /** Ends the run where it is, with a checkpoint. */
    void interrupt(TrainListener listener) {
        if (!sound()) {
            diverged("the parameters are not finite after step " + step(), listener);
            return;
        }
        if (savedStep != step()) {
            checkpoint(listener);
        }
        end(new Outcome.Interrupted(step()), listener);
    }

    private void end(Outcome how, TrainListener listener) {
        outcome = how;
        if (parts.comm.leads()) {
            parts.record.ended(how, rule().asked() ? bestAtEnd : null, rule().metric());
        }
        listener.ended(this, how);
    }

    private void checkpoint(TrainListener listener) {
        List<GatheredRow> gathered = new ArrayList<>();
        try {
            Map<String, Content> moments = moments(gathered);
            if (parts.comm.leads()) {
                write(moments);
            }
        } finally {
            gathered.forEach(GatheredRow::close);
        }
        savedStep = step();
        listener.checkpoint(this);
    }

    /** The optimiser's rows as files, from wherever their shares are. */
    private Map<String, Content> moments(List<GatheredRow> gathered) {
        Map<String, Content> files = new LinkedHashMap<>();
        learner.adamW().state().forEach((name, row) -> {
            Content content = out -> RowFile.write(backend, row, out);
            if (parts.comm.size() > 1) {
                GatheredRow whole = new GatheredRow(
                        backend, parts.comm, row, rank -> learner.adamW().share(name, rank));
                gathered.add(whole);
                content = whole::writeTo;
            }
            files.put(RowFile.name(name, row), content);
        });
        return files;
    }

    private void write(Map<String, Content> moments) {
        RunState state = new RunState(
                step(),
                learner.tokens(),
                log.offset(),
                learner.place(),
                best,
                bestAtEnd,
                honesty == null ? null : honesty.state(),
                backend.name(),
                backend.descriptor().dtype(),
                parts.config.resolved(),
                parts.inputs.hashes());
        Map<String, Content> files = new LinkedHashMap<>();
        files.put(RunState.FILE, state::writeTo);
        files.put(PARAMETERS, out -> RowFile.write(backend, parts.trainee.parameters(), out));
        files.putAll(moments);
        // Both: the one is what this run ends with, the other what a longer one may.
        Set<Long> kept = new HashSet<>(rule().load() ? List.of(best.step(), bestAtEnd.step()) : List.of());
        if (honesty != null && honesty.stops()) {
            kept.add(honesty.good());
        }
        checkpoints.save(step(), kept, files);
    }

    @Override
    public void close() {
        try (log;
                learner) {
            if (cache != null) {
                cache.close();
            }
        }
    }
}
