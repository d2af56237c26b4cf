package candor.bench;

import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Greedy generation by a random model: so many prompts of so many random tokens, and as many new ones of each as one says. */
final class DecodeRig implements AutoCloseable {
    private static final int STEP_TOKENS = 512;
    private static final long CACHE_BYTES = 256L << 20;

    private final Weights weights;
    private final CausalLm model;
    private final Generator generator;
    private final SplittableRandom random = new SplittableRandom(1);
    private final int batch;
    private final int prompt;
    private final int more;

    DecodeRig(Backend backend, ModelConfig config, int batch, int prompt, int more) {
        this.batch = batch;
        this.prompt = prompt;
        this.more = more;
        weights = Weights.random(config, 1, config.dtype());
        model = new CausalLm(backend, weights, Recompute.NONE, prompt + more);
        generator = new Generator(model, null, null, new Generator.Settings(batch, STEP_TOKENS, CACHE_BYTES));
    }

    /** New tokens of a round. */
    int tokens() {
        return batch * more;
    }

    /** Fresh prompts each time, so that nothing of them is in the cache. */
    void round() {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            int[] tokens = random.ints(prompt, 0, weights.config().vocabSize()).toArray();
            requests.add(Request.greedy(tokens, more, List.of()));
        }
        List<Completion> completions = generator.generate(requests);
        if (completions.stream()
                        .mapToInt(completion -> completion.tokens().length)
                        .sum()
                != tokens()) {
            throw new IllegalStateException("not all tokens came");
        }
    }

    long cacheBytesPerToken() {
        return generator.cacheBytesPerToken();
    }

    long cacheBytes() {
        return generator.cacheBytes();
    }

    @Override
    public void close() {
        generator.close();
        model.close();
        weights.close();
    }
}
