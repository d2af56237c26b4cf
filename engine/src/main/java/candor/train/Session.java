package candor.train;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.TrainedWeights;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.tensor.Tensor;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.ModelStart;
import candor.train.distributed.StartCheck;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Runs with all of their memory: opened as planned, trained, closed. */
public final class Session implements AutoCloseable {
    private final Backend backend;
    private final Weights weights;
    private final CausalLm model;
    /** Null where the model's own weights are trained. */
    private final AdapterBank adapters;

    /** Null where adapters are trained. */
    private final TrainedWeights trained;

    private final RunLocks locks;
    private final Communicator comm;
    private final StepPasses.Free free;
    private final Together together;
    private final List<Run> runs = new ArrayList<>();

    private Session(Backend backend, Prepared prepared, Plan plan, RunLocks locks, Communicator comm) {
        this.backend = backend;
        this.comm = comm;
        this.locks = locks;
        free = new StepPasses.Free(plan.largest().freeTokens(), plan.largest().freeTargets());
        together = plan.together();
        TrainConfig first = prepared.runs().getFirst().config();
        int positions = positions(prepared);
        if (first.start() instanceof ModelStart start) {
            trained = start.modelConfig() == null
                    ? TrainedWeights.load(backend, first.model())
                    : TrainedWeights.random(
                            backend,
                            prepared.model(),
                            first.batching().seed(),
                            ModelConfig.initializerRange(start.modelConfig()));
            weights = trained.values();
            model = new CausalLm(backend, trained, plan.recomputation(), positions);
            adapters = null;
            return;
        }
        trained = null;
        weights = Weights.load(first.model(), first.weights());
        model = new CausalLm(
                backend,
                weights,
                plan.recomputation(),
                first.machine().residency(comm.localRank(), comm.localSize()),
                positions);
        int copies =
                (int) prepared.runs().stream().filter(Prepared.One::needsCopy).count();
        adapters = new AdapterBank(
                prepared.model(), together.most() * prepared.runs().size() + copies);
    }

    /** The longest sequence that comes. */
    static int positions(Prepared prepared) {
        return prepared.runs().stream()
                .mapToInt(run -> Math.max(
                        Math.min(
                                run.config().batching().maxLength(),
                                prepared.model().maxPositionEmbeddings()),
                        run.longestProbe()))
                .max()
                .orElseThrow();
    }

    /**
     * Takes the folders and the memory, and writes {@code run.json} of each run.
     *
     * @param facts what the records shall say of the program, such as its version
     */
    public static Session open(Prepared prepared, Plan plan, Map<String, String> facts) {
        return open(prepared, plan, facts, Communicator.ALONE);
    }

    /**
     * As one of several processes that train together: all of them open the same, and one writes.
     *
     * @throws BadInput in all of them, where one has other files, settings or another program
     */
    public static Session open(Prepared prepared, Plan plan, Map<String, String> facts, Communicator comm) {
        int threads = SharedWork.threads(
                comm, prepared.runs().getFirst().config().machine().threads());
        return open(
                prepared,
                plan,
                facts,
                comm,
                () -> Backends.open(prepared.backend().backend(), threads));
    }

    /** On a backend of one's own, which the session closes. */
    static Session open(Prepared prepared, Plan plan, Map<String, String> facts, Supplier<Backend> backend) {
        return open(prepared, plan, facts, Communicator.ALONE, backend);
    }

    /** Both. */
    static Session open(
            Prepared prepared, Plan plan, Map<String, String> facts, Communicator comm, Supplier<Backend> backend) {
        RunLocks locks = RunLocks.none();
        if (comm.leads()) {
            prepared.runs().forEach(run -> run.record().makeFolder());
            locks = RunLocks.take(
                    prepared.runs().stream().map(Prepared.One::record).toList());
        }
        try {
            return open(prepared, plan, facts, comm, backend.get(), locks);
        } catch (RuntimeException e) {
            locks.close();
            throw e;
        }
    }

    private static Session open(
            Prepared prepared,
            Plan plan,
            Map<String, String> facts,
            Communicator comm,
            Backend backend,
            RunLocks locks) {
        Session session;
        try {
            StartCheck.require(comm, same(prepared, plan, facts, backend));
            session = new Session(backend, prepared, plan, locks, comm);
        } catch (RuntimeException e) {
            backend.close();
            throw e;
        }
        try {
            prepared.runs().forEach(run -> session.add(run, prepared, plan, facts));
            plan.reserve(session.model, session.adapters);
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /** What processes that train together must have in common. */
    private static Map<String, String> same(Prepared prepared, Plan plan, Map<String, String> facts, Backend backend) {
        Map<String, String> same = new LinkedHashMap<>(facts);
        same.put("java", Runtime.version().toString());
        same.put("arithmetic", backend.arithmetic());
        same.put("recompute", plan.recomputation().text());
        for (Prepared.One run : prepared.runs()) {
            String of = prepared.runs().size() == 1 ? "" : run.config().output() + ": ";
            run.config().resolved().forEach((name, value) -> same.put(of + name, String.valueOf(value)));
            run.inputs().hashes().forEach((name, sum) -> same.put(of + name + " (SHA-256)", sum));
            same.put(of + "rows", Integer.toString(run.data().size()));
            same.put(
                    of + "checkpoint",
                    run.from() == null ? "none" : "step-" + run.from().step());
        }
        return same;
    }

    private void add(Prepared.One run, Prepared prepared, Plan plan, Map<String, String> facts) {
        TrainConfig config = run.config();
        int slot = trained == null ? runs.size() : Batch.BASE;
        int reference = Batch.BASE;
        List<Tensor> gradients = new ArrayList<>();
        List<Integer> twins = new ArrayList<>();
        Trainee trainee;
        if (config.start() instanceof ModelStart start) {
            trainee = new ModelTrainee(
                    trained, run.record().model(), Prepared.configFile(config), start.tokenizer(), start.saveType());
        } else {
            Memory memory = Memory.of(backend);
            Adapter adapter = config.initAdapter() != null
                    ? PeftFiles.trained(config.initAdapter(), prepared.model(), memory)
                    : Adapter.trained(memory, new AdapterLayout(run.lora()))
                            .initialise(config.batching().seed());
            adapters.set(slot, adapter, config.loraDropout());
            if (run.needsCopy()) {
                // Taken before a checkpoint is read: the reference is the adapter as the run first met it.
                reference = freeSlot(prepared);
                adapters.set(reference, adapter.frozenCopy(memory));
            }
            for (int before = 1; before < together.most(); before++) {
                Adapter twin = adapter.twin();
                gradients.add(twin.gradients());
                twins.add(freeSlot(prepared));
                adapters.set(twins.getLast(), twin, config.loraDropout());
            }
            ModelCard card = new ModelCard(
                    config, run.inputs().hashes(), run.lora(), run.record().folder());
            trainee = new AdapterTrainee(
                    adapter,
                    run.record().adapter(),
                    config.model(),
                    config.reading().template(),
                    card,
                    config.loraDropout());
        }
        if (run.from() != null) {
            requireSame(config, RunState.read(run.from().folder()).computed(), backend.descriptor());
        }
        Run opened = new Run(
                new Run.Parts(
                        config,
                        run.inputs(),
                        run.record(),
                        run.data(),
                        run.heldOut(),
                        run.probing(),
                        trainee,
                        new Slots(slot, reference, twins),
                        gradients,
                        comm,
                        run.watching(),
                        plan.passTokens(),
                        plan.sumsNear()),
                backend,
                run.from());
        runs.add(opened);
        if (!comm.leads()) {
            return;
        }
        Map<String, Object> all = new LinkedHashMap<>(facts);
        all.put("java", Runtime.version().toString());
        all.put("backend", backend.name());
        all.put("dtype", backend.descriptor().dtype());
        all.put("device", backend.description());
        all.put("processes", comm.size());
        all.put("recompute", plan.recomputation().text());
        all.put("rows", run.data().size());
        if (run.heldOut() != null) {
            all.put("eval_rows", run.heldOut().size());
        }
        all.put("steps", opened.totalSteps());
        all.putAll(trainee.facts());
        run.record().started(config, run.inputs(), all, opened.step());
    }

    /** Behind those of the runs themselves. */
    private int freeSlot(Prepared prepared) {
        return IntStream.range(prepared.runs().size(), adapters.slots())
                .filter(free -> adapters.get(free) == null)
                .findFirst()
                .orElseThrow();
    }

    private static void requireSame(TrainConfig config, BackendDescriptor then, BackendDescriptor now) {
        if (!then.name().equals(now.name())) {
            throw new BadInput(
                    config.output() + ": the run was started on " + then.name(),
                    "resume it with {backend} " + then.name());
        }
        if (then.products() != now.products()) {
            throw new BadInput(
                    config.output() + ": the run was started in " + then.dtype(),
                    "resume it with {dtype} " + then.dtype());
        }
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
        new Trainer(model, adapters, comm, free, together, listener).train(runs, stop);
        return runs.stream().map(Run::outcome).toList();
    }

    @Override
    public void close() {
        runs.forEach(Run::close);
        model.close();
        weights.close();
        backend.close();
        locks.close();
    }
}
