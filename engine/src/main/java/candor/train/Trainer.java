package candor.train;

import candor.comm.Communicator;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Backend;
import candor.probe.ProbeReading;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * The loop. Runs over one base go side by side ({@link StepPasses}), each through its own slot, and what a run computes is
 * the same as if it were alone.
 */
public final class Trainer {
    private final Backend backend;
    private final StepPasses passes;
    private final Communicator comm;
    private final TrainListener listener;

    /**
     * @param comm       the processes that share the passes
     * @param free     what a pass without gradients has at most
     * @param together which micro-batches share a pass
     */
    Trainer(
            CausalLm model,
            AdapterBank adapters,
            Communicator comm,
            StepPasses.Free free,
            Together together,
            TrainListener listener) {
        this.backend = model.backend();
        this.passes = new StepPasses(model, adapters, comm, free, together);
        this.comm = comm;
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
        Map<HonestyWatch.Start, ProbeReading> starts = new HashMap<>();
        going.forEach(run -> run.begin(passes, starts, listener));
        going.forEach(run -> run.endIfAtEnd(listener));
        while (true) {
            going.removeIf(run -> run.outcome() != null);
            if (going.isEmpty()) {
                return;
            }
            if (agreed(stop.getAsBoolean())) {
                going.forEach(run -> run.interrupt(listener));
                return;
            }
            step(going);
        }
    }

    /** Whether any of the processes is to stop: all of them do it behind the same step. */
    private boolean agreed(boolean stop) {
        return comm.allGather(new byte[] {(byte) (stop ? 1 : 0)}).stream().anyMatch(each -> each[0] != 0);
    }

    private void step(List<Run> runs) {
        StepEvent event = new StepEvent();
        event.begin();
        StepCost.Meter meter = new StepCost.Meter(backend);
        List<Learner.Learnt> learnt =
                passes.step(runs.stream().map(Run::learner).toList());
        StepCost cost = meter.read();
        for (int i = 0; i < runs.size(); i++) {
            runs.get(i).finish(learnt.get(i), cost, passes, listener);
        }
        event.runs = runs.size();
        event.tokens = learnt.stream().mapToLong(Learner.Learnt::tokens).sum();
        event.commit();
    }
}
