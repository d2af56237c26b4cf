package candor.train;

import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.model.CausalLm;
import candor.model.LayerWork;
import candor.model.ModelConfig;
import candor.model.Recomputation;
import candor.model.Recompute;
import candor.model.Residency;
import candor.model.TrainedWeights;
import candor.model.Travel;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Needs;
import candor.ops.PassShape;
import candor.ops.Room;
import candor.ops.weight.PlainForm;
import candor.tensor.DType;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.ModelStart;
import candor.train.distributed.GradientSum;
import candor.train.distributed.RowShares;
import candor.train.optimiser.AdamW;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What runs keep in memory, on the host and on a device that has memory of its own. */
final class Footprint {
    /** Code, threads, the tokenizer's library and what the collector leaves lying: about this much on any run. */
    static final long JAVA = 640L << 20;

    /** Multiplications and additions in the time of a byte: an H200 does 989 TFLOP/s in bf16 and moves 4.8 TB/s. */
    private static final double DEVICE_BALANCE = 200;

    /** Of a processor: a core of 60 GFLOP/s in float32 has some 8 GB/s. */
    private static final double PROCESSOR_BALANCE = 8;

    /** Tokens of the sequence whose work is counted, at most. */
    private static final int MOST_COUNTED = 1 << 17;

    private static final String ACTIVATIONS = "activations";
    private static final String SCRATCH = "scratch";
    private static final String SUMS = "gradient sums";

    private final Prepared prepared;
    private final Largest largest;
    private final ModelConfig model;
    private final AdapterBank bank;
    private final BackendDescriptor backend;
    private final Travel travel;
    private final int processes;
    /** Whether sums of gradients stay on the device. */
    private final boolean sumsNear;
    /** Micro-batches in a pass, each with gradients of its own. */
    private final int together;

    /**
     * Of the process that keeps the most.
     *
     * @param cut       micro-batches have so many times fewer rows
     * @param processes of this machine that train together
     */
    static Footprint of(Prepared prepared, int cut, int processes) {
        TrainConfig.Machine machine = prepared.runs().getFirst().config().machine();
        return new Footprint(
                prepared, Largest.of(prepared.runs(), cut), machine.residency(0, processes), processes, false, 1);
    }

    private Footprint(
            Prepared prepared, Largest largest, Residency residency, int processes, boolean sumsNear, int together) {
        this.processes = processes;
        this.together = together;
        this.sumsNear = sumsNear;
        this.prepared = prepared;
        this.largest = largest;
        model = prepared.model();
        bank = bank(prepared, together);
        backend = prepared.backend().backend();
        travel = bank == null ? Travel.NONE : Travel.of(backend, model, residency);
    }

    /** The same with frozen layers on the device only while they are computed with. */
    Footprint offloaded() {
        return new Footprint(prepared, largest, Residency.NONE, processes, sumsNear, together);
    }

    /** The same with sums of gradients on the device instead of on the host. */
    Footprint withSumsNear() {
        return with(true, together);
    }

    /** The same with so many micro-batches in a pass, which has no more tokens for it. */
    Footprint withTogether(int microBatches) {
        return with(sumsNear, microBatches);
    }

    private Footprint with(boolean near, int microBatches) {
        return new Footprint(
                prepared, largest, first().machine().residency(0, processes), processes, near, microBatches);
    }

    /** Which micro-batches share a pass. */
    Together together() {
        return new Together(together, largest.tokens(), largest.targets());
    }

    /** How many micro-batches would fill the largest pass, of all runs together. */
    int microBatchesThatFill() {
        if (bank == null || !onDevice()) {
            return 1;
        }
        double mean = 0;
        int accumulation = 1;
        for (Prepared.One run : prepared.runs()) {
            double row = Arrays.stream(run.data().lengths()).average().orElse(1);
            int rows = run.config().batching().rows()
                    * run.config().task().objective().needs().rows().group();
            mean += run.config().batching().packing()
                    ? (double) rows * run.config().batching().maxLength()
                    : row * rows;
            accumulation = Math.max(accumulation, run.config().batching().accumulation());
        }
        return Together.wanted(accumulation, mean, largest.tokens());
    }

    /** Whether sums of gradients stay where they are computed. */
    boolean sumsNear() {
        return sumsNear || !onDevice();
    }

    /** Of the largest passes. */
    Largest largest() {
        return largest;
    }

    /** Of layers that do not stay on the device. */
    Travel travel() {
        return travel;
    }

    /** Whether inputs of layers can wait elsewhere than where they are computed. */
    boolean canWait() {
        return onDevice();
    }

    /** Whether what computes has memory of its own. */
    boolean onDevice() {
        return backend.copiesWeights();
    }

    boolean fits(Recomputation recomputation, Room room) {
        return host(recomputation).total() <= room.host()
                && device(recomputation, room.overhead()).total() <= room.device();
    }

    private TrainConfig first() {
        return prepared.runs().getFirst().config();
    }

    /**
     * On the host. Mapped weights that only pass through it on their way to a device are the system's to keep or to drop, unless
     * they pass in every step; those that were packed as they were loaded stay.
     */
    Needs host(Recomputation recomputation) {
        Map<String, Long> bytes = new LinkedHashMap<>();
        long packed = bank == null ? 0 : model.packedOnLoadBytes();
        if (packed > 0) {
            bytes.put("weights (packed)", packed);
        }
        if (backend.copiesWeights()) {
            if (travel.stored() > 0) {
                // Processes of a machine map the same files: each counts its part of them.
                bytes.put("layers (mapped)", Math.ceilDiv(travel.stored(), processes));
            }
            bytes.put("staging", Backends.stagingBytes() + travel.buffers());
            long waiting = training(recomputation).host();
            if (waiting > 0) {
                bytes.put(Plan.WAITING, waiting);
            }
        } else {
            if (bank != null) {
                bytes.put("weights (mapped)", model.weightBytes(model.form()) - packed);
                bytes.put("weights in panels", Backends.laidOutBytes(backend, model.elementsByForm()));
            }
            trained(bytes);
            bytes.put(ACTIVATIONS, activations(recomputation));
            bytes.put(SCRATCH, scratch());
        }
        long sums = sums(of -> onDevice() ? of.host() : of.computed() + of.host());
        if (sums > 0) {
            bytes.put(SUMS, sums);
        }
        bytes.put("rows", prepared.runs().stream().mapToLong(Footprint::rows).sum());
        bytes.put("Java itself", JAVA);
        return new Needs(bytes);
    }

    /** On the device; nothing where the backend has none. */
    Needs device(Recomputation recomputation, long overhead) {
        if (!backend.copiesWeights()) {
            return Needs.NONE;
        }
        Map<String, Long> bytes = new LinkedHashMap<>();
        bytes.put("weights", model.weightBytes(PlainForm.of(backend.activations())) - travel.matrices() + rotations());
        if (travel.places() > 0) {
            bytes.put("layers in turns", travel.places());
        }
        trained(bytes);
        long sums = sums(GradientSum.Bytes::computed);
        if (sums > 0) {
            bytes.put(SUMS, sums);
        }
        if (bank != null) {
            bytes.put("adapters for products", images());
        }
        bytes.put(ACTIVATIONS, activations(recomputation));
        bytes.put(SCRATCH, scratch() + Backends.paddingBytes(backend, model.tensorCount(), model.packing() != null));
        if (overhead > 0) {
            bytes.put("driver and graphs", overhead);
        }
        return new Needs(bytes);
    }

    /** Of gradients of several micro-batches, while they become one, and of what other processes send of theirs. */
    private long sums(ToLongFunction<GradientSum.Bytes> where) {
        return prepared.runs().stream()
                .mapToLong(run -> {
                    int microBatches = run.config().batching().accumulation() + (run.probing() == null ? 0 : 1);
                    return where.applyAsLong(
                            GradientSum.bytes(length(run), microBatches, processes, onDevice(), sumsNear()));
                })
                .sum();
    }

    private long length(Prepared.One run) {
        return bank == null ? TrainedWeights.length(model) : new AdapterLayout(run.lora()).length();
    }

    /** What no cut of the batch makes smaller. */
    static long fixed(Needs needs) {
        return needs.total()
                - needs.bytes().getOrDefault(ACTIVATIONS, 0L)
                - needs.bytes().getOrDefault(SCRATCH, 0L);
    }

    private long rotations() {
        return model.ropeBytes(Session.positions(prepared));
    }

    private void trained(Map<String, Long> bytes) {
        long parameters = 0;
        long moments = 0;
        for (Prepared.One run : prepared.runs()) {
            long length = length(run);
            long row = length * DType.F32.bytes();
            parameters += (run.needsCopy() ? 2 : 1) * row + together * row;
            long decayed = bank == null ? TrainedWeights.decayed(model) : length;
            // Each process has those of its share, of which that with weight decay comes first.
            long share = processes == 1 ? length : RowShares.most(length, processes);
            moments += AdamW.bytes(run.config().steps().adamW(), share, Math.min(share, decayed));
        }
        bytes.put(bank == null ? "weights and gradients" : "adapters and gradients", parameters);
        bytes.put("optimiser", moments);
    }

    private long activations(Recomputation recomputation) {
        return Math.max(
                training(recomputation).workspace(),
                CausalLm.scoringBytes(backend.activations(), model, bank, largest.freeTokens(), largest.freeTargets())
                        + (prepared.runs().stream()
                                        .anyMatch(run -> run.watching() != null
                                                && run.watching().direction() != null)
                                ? CausalLm.readingBytes(backend.activations(), model, largest.freeTargets())
                                : 0));
    }

    private CausalLm.PassBytes training(Recomputation recomputation) {
        return CausalLm.trainingBytes(
                backend.activations(), model, bank, largest.tokens(), largest.targets(), recomputation);
    }

    /** Chooses by the work of the layers. */
    FastestFit choice(boolean inputsOnHost) {
        int tokens = Math.min(Math.min(largest.longest(), largest.tokens()), MOST_COUNTED);
        return new FastestFit(
                LayerWork.of(Recompute.SELECTIVE, backend, model, bank, tokens),
                LayerWork.of(Recompute.FULL, backend, model, bank, tokens),
                backend.memory() == BackendDescriptor.Memory.HOST ? PROCESSOR_BALANCE : DEVICE_BALANCE,
                (long) tokens * model.hiddenSize() * backend.activations().bytes(),
                inputsOnHost);
    }

    private long images() {
        boolean drops = prepared.runs().stream().anyMatch(run -> run.config().loraDropout() > 0);
        return Backends.imageBytes(backend, trainingShape(slotsWithParameters()), model.layers(), drops);
    }

    /** As far as slots go whose parameters are not those of one before. */
    private int slotsWithParameters() {
        int copies =
                (int) prepared.runs().stream().filter(Prepared.One::needsCopy).count();
        boolean twinsAreLast = prepared.runs().size() == 1 || copies == 0;
        return twinsAreLast ? prepared.runs().size() + copies : slots();
    }

    private PassShape trainingShape(int slots) {
        return CausalLm.shape(model, bank, slots, largest.tokens(), largest.targets(), largest.longest(), 0, true);
    }

    private long scratch() {
        int threads = first().machine().threads();
        PassShape training = trainingShape(slots());
        PassShape free = CausalLm.shape(
                model, bank, slots(), largest.freeTokens(), largest.freeTargets(), largest.longest(), 0, false);
        return Math.max(
                Backends.scratchBytes(backend, threads, training), Backends.scratchBytes(backend, threads, free));
    }

    private int slots() {
        return bank == null
                ? 0
                : together * prepared.runs().size()
                        + (int) prepared.runs().stream()
                                .filter(Prepared.One::needsCopy)
                                .count();
    }

    /** A token is an id, a flag and its share of what a row is. */
    private static long rows(Prepared.One run) {
        long tokens = Arrays.stream(run.data().lengths()).asLongStream().sum();
        long held = run.heldOut() == null
                ? 0
                : Arrays.stream(run.heldOut().lengths()).asLongStream().sum();
        return 6 * (tokens + held);
    }

    /** Adapters that have shapes and no memory; null where all weights are trained. */
    private static AdapterBank bank(Prepared prepared, int together) {
        if (prepared.runs().getFirst().config().start() instanceof ModelStart) {
            return null;
        }
        List<Prepared.One> runs = Collections.nCopies(together, prepared.runs()).stream()
                .flatMap(List::stream)
                .toList();
        AdapterBank shapes = AdapterBank.shapes(
                prepared.model(), runs.stream().map(Prepared.One::lora).toList());
        for (int slot = 0; slot < runs.size(); slot++) {
            shapes.set(slot, shapes.get(slot), runs.get(slot).config().loraDropout());
        }
        return shapes;
    }
}
