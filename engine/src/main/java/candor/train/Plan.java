package candor.train;

import candor.BadInput;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.Memory;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.TrainedWeights;
import candor.ops.Backends;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.KtoTask;
import candor.train.config.TrainConfig.ModelStart;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What runs will take, before anything is taken: bytes by kind, and floating-point operations.
 *
 * @param recompute  what the backward pass computes again
 * @param bytes      by kind, in the order in which they are worth telling
 * @param largest    upper bounds over all passes
 * @param operations of the whole of all runs
 * @param steps      optimiser steps of the longest run
 */
public record Plan(Recompute recompute, Map<String, Long> bytes, Largest largest, double operations, int steps) {
    /** Code, threads, the tokenizer's library and what the collector leaves lying: about this much on any run. */
    private static final long JAVA = 640L << 20;

    /** Of the largest pass with gradients, and of the largest without: upper bounds over all steps. */
    record Largest(int tokens, int targets, int freeTokens, int freeTargets) {}

    /**
     * The plan of runs as they are.
     *
     * @param memory bytes that there are
     * @throws BadInput where they do not fit: says what would make them
     */
    public static Plan of(Prepared prepared, long memory) {
        Recompute asked = prepared.runs().getFirst().config().machine().recompute();
        List<Recompute> choices = asked == null ? List.of(Recompute.values()) : List.of(asked);
        for (Recompute choice : choices) {
            Plan plan = with(prepared, choice, 1);
            if (plan.total() <= memory) {
                return plan;
            }
        }
        throw new BadInput(refusal(prepared, choices.getLast(), memory));
    }

    private static String refusal(Prepared prepared, Recompute tried, long memory) {
        Plan plan = with(prepared, tried, 1);
        String text = "the run needs " + mebibytes(plan.total()) + " of memory with --recompute "
                + tried.name().toLowerCase(Locale.ROOT) + ", and there are " + mebibytes(memory);
        int rows = prepared.runs().stream()
                .mapToInt(r -> r.config().batching().rows())
                .max()
                .orElseThrow();
        for (int cut = 2; cut / 2 < rows; cut *= 2) {
            Plan smaller = with(prepared, Recompute.BLOCK, cut);
            if (smaller.total() <= memory) {
                TrainConfig.Batching batching =
                        prepared.runs().getFirst().config().batching();
                return text + "; it fits (" + mebibytes(smaller.total()) + ") with --recompute block"
                        + " --per-device-train-batch-size " + Math.max(1, batching.rows() / cut)
                        + " --gradient-accumulation-steps " + batching.accumulation() * Math.min(cut, batching.rows());
            }
        }
        return text + "; not even single rows fit: lower --max-length, or take a smaller model";
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, 1L << 20));
    }

    /** @param cut micro-batches have so many times fewer rows */
    private static Plan with(Prepared prepared, Recompute recompute, int cut) {
        ModelConfig model = prepared.model();
        AdapterBank bank = bank(prepared);
        Largest largest = largest(prepared.runs(), cut);
        long parameters = 0;
        long moments = 0;
        long data = 0;
        boolean whole = bank == null;
        for (Prepared.One run : prepared.runs()) {
            long row = whole
                    ? TrainedWeights.length(model) * DType.F32.bytes()
                    : new AdapterLayout(model, run.lora()).bytes();
            parameters += run.needsCopy() ? 3 * row : 2 * row;
            moments += 2 * row;
            data += 6L * Arrays.stream(run.data().lengths()).asLongStream().sum();
        }
        String backend = prepared.runs().getFirst().config().machine().backendName();
        DType type = Backends.activations(backend);
        long kept = CausalLm.workspaceBytes(type, model, bank, largest.tokens, largest.targets, true, recompute);
        long free =
                CausalLm.workspaceBytes(type, model, bank, largest.freeTokens, largest.freeTargets, false, recompute);
        Map<String, Long> bytes = new LinkedHashMap<>();
        if (!whole) {
            bytes.put("weights (mapped)", model.weightBytes(model.dtype()));
            if (Backends.copiesWeights(backend)) {
                bytes.put("weights on the device", model.weightBytes(type));
            } else {
                long weights = model.weightBytes(DType.F32) / DType.F32.bytes();
                bytes.put("weights in panels", Backends.laidOutBytes(weights, model.dtype()));
            }
        }
        bytes.put(whole ? "weights and gradients" : "adapters and gradients", parameters);
        bytes.put("optimiser", moments);
        bytes.put("activations", Math.max(kept, free));
        bytes.put("rows", data);
        bytes.put("Java itself", JAVA);
        int steps = 0;
        double operations = 0;
        for (Prepared.One run : prepared.runs()) {
            int total = Run.totalSteps(run.config().output(), run.config().steps(), batcher(run));
            steps = Math.max(steps, total);
            operations += operations(model, run, recompute, total);
        }
        return new Plan(recompute, bytes, largest, operations, steps);
    }

    private static Batcher batcher(Prepared.One run) {
        return new Batcher(run.data().lengths(), run.config().batching().batcher());
    }

    /** Adapters that have shapes and no memory; null where all weights are trained. */
    private static AdapterBank bank(Prepared prepared) {
        if (prepared.runs().getFirst().config().start() instanceof ModelStart) {
            return null;
        }
        Memory none = new Memory() {
            @Override
            public Tensor allocate(DType dtype, int rows, int cols) {
                return Tensor.of(MemorySegment.NULL, dtype, rows, cols);
            }

            @Override
            public void upload(Tensor to, float[] values) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void download(float[] values, Tensor from) {
                throw new UnsupportedOperationException();
            }
        };
        AdapterBank bank =
                new AdapterBank(prepared.model(), Math.max(1, prepared.runs().size()));
        int slot = 0;
        for (Prepared.One run : prepared.runs()) {
            bank.set(slot++, Adapter.trained(none, new AdapterLayout(prepared.model(), run.lora())));
        }
        return bank;
    }

    /** The longest rows of each run together; packed runs fill their budget. */
    private static Largest largest(List<Prepared.One> runs, int cut) {
        int tokens = 0;
        int targets = 0;
        int freeTokens = 0;
        int freeTargets = 0;
        for (Prepared.One run : runs) {
            TrainConfig.Batching batching = run.config().batching();
            int rows = Math.max(1, batching.rows() / cut);
            int own = batching.packing()
                    ? Math.multiplyExact(rows, batching.maxLength()) // bounded where settings are read
                    : longest(run.data().lengths(), rows);
            int ownTargets = batching.packing() ? own : longest(targets(run.data()), rows);
            tokens = Math.addExact(tokens, own);
            targets = Math.addExact(targets, ownTargets);
            int passes = run.config().task() instanceof KtoTask ? 3 : 0;
            long free = Math.min((long) rows * batching.maxLength(), 2L * own);
            freeTokens = Math.toIntExact(freeTokens + passes * free);
            freeTargets = Math.toIntExact(freeTargets + (long) passes * ownTargets);
        }
        return new Largest(tokens, targets, freeTokens, freeTargets);
    }

    private static int[] targets(Dataset data) {
        int[] targets = new int[data.size()];
        for (int row = 0; row < targets.length; row++) {
            targets[row] = data.row(row).targets();
        }
        return targets;
    }

    private static int longest(int[] lengths, int rows) {
        int[] sorted = lengths.clone();
        Arrays.sort(sorted);
        int sum = 0;
        for (int i = 0; i < Math.min(rows, sorted.length); i++) {
            sum = Math.addExact(sum, sorted[sorted.length - 1 - i]);
        }
        return sum;
    }

    /**
     * A multiply-add is two. Each weight of a linear layer is used once forward and once backward for every token, and
     * attention costs 4·H·D a token and position before it, twice that backward; adapters three times their parameters, and
     * so do all weights where they are trained.
     */
    private static double operations(ModelConfig model, Prepared.One run, Recompute recompute, int totalSteps) {
        double tokens = 0;
        double targets = 0;
        double squares = 0;
        for (int row = 0; row < run.data().size(); row++) {
            int length = run.data().row(row).length();
            tokens += length;
            targets += run.data().row(row).targets();
            squares += (double) length * length / 2;
        }
        double head = (double) model.vocabSize() * model.hiddenSize();
        double linear = model.parameterCount() - head * (model.tieWordEmbeddings() ? 1 : 2);
        boolean whole = run.lora() == null;
        double adapter = whole ? 0 : new AdapterLayout(model, run.lora()).parameterCount();
        double attention = 4.0 * model.layers() * model.heads().queryCols();
        double forward = 2 * (linear + adapter) * tokens + 2 * head * targets + attention * squares;
        double backward = (whole ? 2 : 1) * (2 * linear * tokens + 2 * head * targets)
                + 4 * adapter * tokens
                + 2.5 * attention * squares;
        double passes = forward * (recompute == Recompute.BLOCK ? 2 : 1) + backward;
        double epochs = (double) totalSteps / Math.max(1, batcher(run).stepsIn(1));
        if (run.config().task() instanceof KtoTask) {
            // Mismatched pairs through policy and reference in each epoch; the rows' own reference once.
            return epochs * (passes + 2 * forward) + forward;
        }
        return epochs * passes;
    }

    /** Takes the memory of all passes at once, so that no step has to. */
    void reserve(CausalLm model, AdapterBank adapters) {
        model.reserve(adapters, largest.tokens, largest.targets, true);
        model.reserve(adapters, largest.freeTokens, largest.freeTargets, false);
    }

    /** Tokens of the largest pass with gradients, at most. */
    public int passTokens() {
        return largest.tokens;
    }

    /** All bytes. */
    public long total() {
        return bytes.values().stream().mapToLong(b -> b).sum();
    }
}
