package candor.bench;

import candor.ops.Backend;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Greedy generation of a small random model, beside transformers' {@code generate} on the same shape, in turns, so that what
 * else the machine does falls on both: {@code DecodeComparison SHAPE PROMPT NEW THREADS ROUNDS [DTYPE] [PYTHON SCRIPT]}, for {@value
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
        Against against = Against.of(args, 5);
        try (Backend backend = against.open(threads);
                DecodeRig rig = new DecodeRig(backend, Shapes.weighted(shape), BATCH, prompt, more);
                Peer peer = against.start(options(args))) {
            Turns turns = new Turns();
            turns.take(rig::round, peer, rig.tokens(), WARM_UP, rounds);
            turns.print("tokens", "transformers", peer);
            System.out.printf(
                    Locale.ROOT,
                    "cache        %d bytes a token, %.1f MiB%n",
                    rig.cacheBytesPerToken(),
                    rig.cacheBytes() / 0x1p20);
        }
    }

    private static List<String> options(String[] args) {
        return List.of(
                "--model",
                Shapes.bare(args[0]),
                "--prompt-tokens",
                args[1],
                "--new-tokens",
                args[2],
                "--threads",
                args[3],
                "--batch",
                String.valueOf(BATCH));
    }
}
