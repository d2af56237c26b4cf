package candor.bench;

import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Backends;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Greedy generation of a small random model, beside transformers' {@code generate} on the same shape, in turns, so that what
 * else the machine does falls on both: {@code DecodeComparison SHAPE PROMPT NEW THREADS ROUNDS [PYTHON SCRIPT]}, for {@value
 * #BATCH} prompts of so many tokens and so many new ones of each, with the script of {@code bench/peers/generate.py}.
 * Prints new tokens a second, prompts' time included: median, worst and best.
 */
public final class DecodeComparison {
    private static final int BATCH = 32;
    private static final int WARM_UP = 4;

    private DecodeComparison() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        String shape = args[0];
        int prompt = Integer.parseInt(args[1]);
        int more = Integer.parseInt(args[2]);
        int threads = Integer.parseInt(args[3]);
        int rounds = Integer.parseInt(args[4]);
        ModelConfig config = Shapes.weighted(shape);
        try (Backend backend = Backends.open("cpu", threads);
                Weights weights = Weights.random(config, 1, config.dtype());
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, prompt + more);
                Generator generator = new Generator(model, null, null, new Generator.Settings(BATCH, 512, 256L << 20));
                Peer peer = args.length > 5 ? peer(args) : null) {
            SplittableRandom random = new SplittableRandom(1);
            Turns turns = new Turns();
            turns.take(
                    () -> round(generator, random, config.vocabSize(), prompt, more),
                    peer,
                    BATCH * more,
                    WARM_UP,
                    rounds);
            turns.print("tokens", "transformers", peer);
            System.out.printf(
                    Locale.ROOT,
                    "cache        %d bytes a token, %.1f MiB%n",
                    generator.cacheBytesPerToken(),
                    generator.cacheBytes() / 0x1p20);
        }
    }

    private static Peer peer(String[] args) throws IOException {
        return new Peer(List.of(
                args[5],
                args[6],
                "--model",
                Shapes.bare(args[0]),
                "--prompt-tokens",
                args[1],
                "--new-tokens",
                args[2],
                "--threads",
                args[3],
                "--batch",
                String.valueOf(BATCH)));
    }

    /** Fresh prompts each time, so that nothing of them is in the cache. */
    private static void round(Generator generator, SplittableRandom random, int vocabulary, int prompt, int more) {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            requests.add(Request.greedy(random.ints(prompt, 0, vocabulary).toArray(), more, List.of()));
        }
        List<Completion> completions = generator.generate(requests);
        if (completions.stream()
                        .mapToInt(completion -> completion.tokens().length)
                        .sum()
                != BATCH * more) {
            throw new IllegalStateException("not all tokens came");
        }
    }
}
