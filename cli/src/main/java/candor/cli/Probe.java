package candor.cli;

import candor.generate.Generator;
import candor.generate.Request;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.AdapterShape;
import candor.lora.Memory;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recomputation;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Measures for a moment how fast a backend trains and answers: real passes of a model of the same widths with random weights, of
 * all layers where the model is small, else of one and of a part of the vocabulary, scaled by the weights that are multiplied.
 */
final class Probe {
    /** What the passes are like; without sequences, answering is not measured. */
    record Work(
            ModelConfig model,
            AdapterShape lora,
            Recomputation recomputation,
            int rowTokens,
            int passTokens,
            int sequences) {}

    /** Weights of the model that is measured, about. */
    private static final long WEIGHTS = 48L << 20;

    /** Multiply-adds of a pass, about: a fraction of a second on a processor. */
    private static final double OPERATIONS = 8e9;

    /** Of each of the measurements: long enough for the just-in-time compiler to have done most of its part. */
    private static final double SECONDS = 0.5;

    private static final int PROMPT = 24;
    private static final int NEW_TOKENS = 8;

    private final Backend backend;
    private final Work work;
    private final LongSupplier nanos;
    private final SplittableRandom random = new SplittableRandom(1);

    private Probe(Backend backend, Work work, LongSupplier nanos) {
        this.backend = backend;
        this.work = work;
        this.nanos = nanos;
    }

    /** Takes a second or two, and memory of the backend that is free when it is closed. */
    static Rates measure(Backend backend, Work work) {
        return new Probe(backend, work, System::nanoTime).measure();
    }

    private Rates measure() {
        ModelConfig part = part(work.model);
        double scale = weights(work.model) / weights(part);
        int row = Math.min(work.rowTokens, part.maxPositionEmbeddings());
        double fit = Math.max(16, OPERATIONS / (3 * weights(part)));
        int sequences = Math.max(1, (int) Math.min(fit, work.passTokens) / row);
        int length = (int) Math.max(2, Math.min(row, fit));
        try (Weights weights = Weights.random(part, 1, part.dtype());
                CausalLm model = new CausalLm(
                        backend,
                        weights,
                        work.recomputation.over(part.layers()),
                        Math.max(length, PROMPT + NEW_TOKENS + 1))) {
            AdapterBank bank = bank(part);
            Batch batch = batch(part, sequences, length, bank == null ? Batch.BASE : 0);
            float[] logp = new float[batch.targetCount()];
            double free = seconds(() -> timed(() -> {
                model.forward(logp, batch, bank, false);
                backend.synchronise();
            }));
            double train = seconds(() -> timed(() -> {
                model.forward(logp, batch, bank, true);
                model.backward(new float[logp.length]);
                backend.synchronise();
            }));
            // Where all weights are trained, their gradients are a third product beside the two that were measured.
            double whole = bank == null ? 1.5 : 1;
            double tokens = batch.tokenCount();
            if (work.sequences == 0) {
                return new Rates(scale * whole * train / tokens, scale * free / tokens, 0, 0, 1);
            }
            double prompts = seconds(() -> answer(model, bank, 1));
            double replies = seconds(() -> answer(model, bank, 1 + NEW_TOKENS));
            return new Rates(
                    scale * whole * train / tokens,
                    scale * free / tokens,
                    scale * prompts / (PROMPT * work.sequences),
                    scale * Math.max(0, replies - prompts) / NEW_TOKENS,
                    work.sequences);
        }
    }

    /** As many layers and entries of the vocabulary as are quickly made. */
    private static ModelConfig part(ModelConfig model) {
        long head = (long) model.vocabSize() * model.hiddenSize();
        long layer =
                Math.max(1, (model.parameterCount() - head * (model.tieWordEmbeddings() ? 1 : 2)) / model.layers());
        int layers = Math.clamp(WEIGHTS / layer, 1, model.layers());
        int vocabulary =
                Math.clamp(WEIGHTS / 4 / model.hiddenSize(), Math.min(256, model.vocabSize()), model.vocabSize());
        return model.but()
                .layers(layers)
                .vocabSize(vocabulary)
                .tieWordEmbeddings(true)
                .build();
    }

    /** Weights that a token is multiplied with. */
    private static double weights(ModelConfig model) {
        double head = (double) model.vocabSize() * model.hiddenSize();
        return model.parameterCount() - (model.tieWordEmbeddings() ? 0 : head);
    }

    private AdapterBank bank(ModelConfig part) {
        if (work.lora == null) {
            return null;
        }
        SortedMap<AdapterShape.Place, AdapterShape.Site> sites = new TreeMap<>();
        work.lora.sites().forEach((place, site) -> {
            // Of a part of the layers, each has what one of the model has.
            sites.put(new AdapterShape.Place(place.layer() % part.layers(), place.projection()), site);
        });
        AdapterBank bank = new AdapterBank(part, 1);
        bank.set(
                0,
                Adapter.trained(Memory.of(backend), new AdapterLayout(new AdapterShape(part, sites)))
                        .initialise(1));
        return bank;
    }

    /** Rows of one length, all but the first token of which is learnt in the second half. */
    private Batch batch(ModelConfig part, int sequences, int length, int slot) {
        int[] tokens =
                random.ints((long) sequences * length, 0, part.vocabSize()).toArray();
        int[] positions = new int[tokens.length];
        int[] targets = new int[tokens.length];
        Arrays.fill(targets, Batch.NO_TARGET);
        for (int i = 0; i < tokens.length; i++) {
            positions[i] = i % length;
            if (positions[i] >= length / 2 && positions[i] + 1 < length) {
                targets[i] = tokens[i + 1];
            }
        }
        int[] slots = new int[sequences];
        Arrays.fill(slots, slot);
        return new Batch(
                tokens,
                positions,
                targets,
                IntStream.rangeClosed(0, sequences).map(s -> s * length).toArray(),
                slots);
    }

    /** Seconds that so many sequences take for their replies, each behind a prompt of its own. */
    private double answer(CausalLm model, AdapterBank bank, int newTokens) {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < work.sequences; i++) {
            int[] prompt = random.ints(PROMPT, 0, model.config().vocabSize()).toArray();
            requests.add(Request.greedy(prompt, newTokens, List.of()));
        }
        int pass = Math.max(512, work.sequences);
        try (Generator generator =
                new Generator(model, bank, null, new Generator.Settings(work.sequences, pass, 64L << 20))) {
            return timed(() -> generator.generate(requests));
        }
    }

    private double timed(Runnable action) {
        long start = nanos.getAsLong();
        action.run();
        return (nanos.getAsLong() - start) / 1e9;
    }

    /** The median of what was measured, without the first, in which memory was taken. */
    private double seconds(DoubleSupplier once) {
        once.getAsDouble();
        List<Double> times = new ArrayList<>();
        for (double sum = 0; sum < SECONDS || times.size() < 2; sum += times.getLast()) {
            times.add(once.getAsDouble());
        }
        // The later half: by then the loops are compiled.
        double[] late = times.subList(times.size() / 2, times.size()).stream()
                .mapToDouble(t -> t)
                .sorted()
                .toArray();
        return late[late.length / 2];
    }
}
