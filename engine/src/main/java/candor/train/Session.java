package candor.train;

import candor.BadInput;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.train.config.TrainConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** Runs with all of their memory: opened as planned, trained, closed. */
public final class Session implements AutoCloseable {
    private final Backend backend;
    private final Weights weights;
    private final CausalLm model;
    private final AdapterBank adapters;
    private final List<Run> runs = new ArrayList<>();

    private Session(Backend backend, Weights weights, Prepared prepared, Plan plan) {
        this.backend = backend;
        this.weights = weights;
        int positions = prepared.runs().stream()
                .mapToInt(run -> Math.min(
                        run.config().batching().maxLength(), prepared.model().maxPositionEmbeddings()))
                .max()
                .orElseThrow();
        model = new CausalLm(backend, weights, plan.recompute(), positions);
        int copies =
                (int) prepared.runs().stream().filter(Prepared.One::needsCopy).count();
        adapters = new AdapterBank(prepared.model(), prepared.runs().size() + copies);
    }

    /**
     * Takes the memory, and writes {@code run.json} of each run.
     *
     * @param facts what the records shall say of the program, such as its version
     */
    public static Session open(Prepared prepared, Plan plan, Map<String, String> facts) {
        prepared.runs().forEach(run -> run.record().makeFolder());
        TrainConfig first = prepared.runs().getFirst().config();
        Backend backend =
                Backends.open(first.machine().backendName(), first.machine().threads());
        Session session;
        try {
            session = new Session(backend, Weights.load(first.model()), prepared, plan);
        } catch (RuntimeException e) {
            backend.close();
            throw e;
        }
        try {
            prepared.runs().forEach(run -> session.add(run, prepared, facts));
            plan.reserve(session.model, session.adapters);
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    private void add(Prepared.One run, Prepared prepared, Map<String, String> facts) {
        Memory memory = Memory.of(backend);
        TrainConfig config = run.config();
        Adapter adapter = config.start().initAdapter() != null
                ? PeftFiles.trained(config.start().initAdapter(), prepared.model(), memory)
                : Adapter.trained(memory, new AdapterLayout(prepared.model(), run.lora()))
                        .initialise(config.batching().seed());
        int slot = runs.size();
        adapters.set(slot, adapter);
        int reference = Batch.BASE;
        if (run.needsCopy()) {
            // Taken before a checkpoint is read: the reference is the adapter as the run first met it.
            reference = IntStream.range(prepared.runs().size(), adapters.slots())
                    .filter(free -> adapters.get(free) == null)
                    .findFirst()
                    .orElseThrow();
            adapters.set(reference, adapter.frozenCopy(memory));
        }
        if (run.from() != null) {
            String then = RunState.read(run.from().folder()).backend();
            if (!then.equals(backend.name())) {
                throw new BadInput(
                        config.output() + ": the run was started on " + then + "; resume it with --backend " + then);
            }
        }
        Run opened = new Run(
                new Run.Parts(config, run.inputs(), run.record(), run.data(), run.heldOut(), adapter, slot, reference),
                backend,
                run.from());
        runs.add(opened);
        Map<String, Object> all = new LinkedHashMap<>(facts);
        all.put("java", Runtime.version().toString());
        all.put("backend", backend.name());
        all.put("device", backend.description());
        all.put("rows", run.data().size());
        all.put("steps", opened.totalSteps());
        all.put("trainable_parameters", adapter.parameterCount());
        all.put("rank", run.lora().rank());
        all.put("scale", run.lora().scale());
        run.record().started(config, run.inputs(), all, opened.step());
    }

    public List<Run> runs() {
        return List.copyOf(runs);
    }

    public String device() {
        return backend.description();
    }

    /**
     * Trains until every run has ended.
     *
     * @param stop asked between steps
     * @return how each ended
     */
    public List<Outcome> train(TrainListener listener, BooleanSupplier stop) {
        new Trainer(model, adapters, listener).train(runs, stop);
        return runs.stream().map(Run::outcome).toList();
    }

    @Override
    public void close() {
        runs.forEach(Run::close);
        model.close();
        weights.close();
        backend.close();
    }
}
