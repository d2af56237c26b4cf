package candor.bench;

import candor.BadInput;
import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.Sampling;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.weight.PlainForm;
import candor.ops.weight.WeightForm;
import candor.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * The time of prompts and of new tokens on a backend of one's choice: {@code DecodeTime BACKEND MODEL PROMPT NEW ROUNDS
 * BATCH[,BATCH]... [GBYTES]}, for so many prompts of so many random tokens at once, and as many new tokens of each, by the
 * likeliest token and by {@link #SAMPLED}. Prints a Markdown table, a row for each batch and way: prompt tokens a second, from their
 * arrival to the first new tokens; new tokens a second, behind these; and what a step of these takes as a multiple of the time in
 * which the bytes that it has to read are copied: all weights but the embedding's, and the keys and values of all sequences halfway.
 *
 * <p>GBYTES is what the device copies a second, read and written, in GB/s (the op table's ceiling); without it that column is empty.
 */
public final class DecodeTime {
    /** What chat models ask for. */
    private static final Sampling SAMPLED = new Sampling(0.7, 20, 0.8, 1.05, 1);

    private static final int STEP_TOKENS = 8192;
    private static final int WARM_UP = 1;

    private final CausalLm model;
    private final SplittableRandom random = new SplittableRandom(1);
    private final int prompt;
    private final double[] seconds;

    private DecodeTime(CausalLm model, int prompt, int rounds) {
        this.model = model;
        this.prompt = prompt;
        seconds = new double[rounds];
    }

    /** Runs it. */
    public static void main(String[] args) {
        if (args.length < 6) {
            throw new BadInput("DecodeTime wants BACKEND MODEL PROMPT NEW ROUNDS BATCH[,BATCH]... [GBYTES]");
        }
        int prompt = Integer.parseInt(args[2]);
        int more = Integer.parseInt(args[3]);
        double ceiling = args.length > 6 ? Double.parseDouble(args[6]) * 1e9 : 0;
        ModelConfig config = Shapes.weighted(args[1]);
        try (Backend backend = Backends.open(args[0], 0);
                Weights weights = Weights.random(
                        config, 1, backend.activations() == DType.F32 ? config.dtype() : backend.activations());
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, prompt + more)) {
            DecodeTime time = new DecodeTime(model, prompt, Integer.parseInt(args[4]));
            System.out.printf(
                    "%s, prompts of %d tokens, %d new ones, on %s%n%n", args[1], prompt, more, backend.description());
            System.out.println("| batch | by | prompt tokens/s | new tokens/s | ms a step | times the bytes' limit |");
            System.out.println("|---|---|---|---|---|---|");
            for (String batch : args[5].split(",")) {
                time.measure(Integer.parseInt(batch), more, ceiling);
            }
        }
    }

    private void measure(int batch, int more, double ceiling) {
        long perToken = model.config().layers()
                * KvPages.bytesPerToken(model.config().heads(), model.backend().activations());
        // A page more than a sequence may fill, and a slab more than all.
        long cache = (long) batch * (prompt + more + KvPages.TOKENS) * perToken + (64L << 20);
        Generator.Settings settings = new Generator.Settings(batch, Math.max(batch, STEP_TOKENS), cache);
        try (Generator generator = new Generator(model, null, null, settings)) {
            for (boolean sampled : new boolean[] {false, true}) {
                double first = median(generator, batch, 1, sampled);
                double step = (median(generator, batch, more, sampled) - first) / (more - 1);
                double bytes = readBytes() + (double) batch * (prompt + more / 2) * perToken;
                System.out.printf(
                        Locale.ROOT,
                        "| %d | %s | %.0f | %.0f | %.2f | %s |%n",
                        batch,
                        sampled ? "sampling" : "likeliest",
                        batch * prompt / first,
                        batch / step,
                        step * 1e3,
                        ceiling > 0 ? String.format(Locale.ROOT, "%.2f", step / (bytes / ceiling)) : "");
            }
        }
    }

    /** Of the model, in a step. */
    private long readBytes() {
        ModelConfig config = model.config();
        WeightForm form =
                config.packing() == null ? PlainForm.of(model.backend().activations()) : config.form();
        long embedding = (long) config.vocabSize()
                * config.hiddenSize()
                * model.backend().activations().bytes();
        return config.weightBytes(form) - (config.tieWordEmbeddings() ? 0 : embedding);
    }

    /** Fresh prompts each time, so that nothing of them is in the cache. */
    private double median(Generator generator, int batch, int more, boolean sampled) {
        for (int round = -WARM_UP; round < seconds.length; round++) {
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < batch; i++) {
                int[] tokens =
                        random.ints(prompt, 0, model.config().vocabSize()).toArray();
                Sampling sampling = sampled ? SAMPLED : Sampling.GREEDY;
                requests.add(new Request(tokens, Batch.BASE, sampling, i, more, List.of(), List.of(), false));
            }
            long start = System.nanoTime();
            List<Completion> completions = generator.generate(requests);
            double taken = (System.nanoTime() - start) / 1e9;
            for (Completion completion : completions) {
                if (completion.tokens().length != more) {
                    throw new IllegalStateException(completion.tokens().length + " new tokens, not " + more);
                }
            }
            if (round >= 0) {
                seconds[round] = taken;
            }
        }
        Arrays.sort(seconds);
        return seconds[seconds.length / 2];
    }
}
