package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.generate.Generator.Settings;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeneratorTest {
    private static final int POSITIONS = 200;
    private static final long BYTES = 1 << 22;
    private static final Sampling DRAWN = new Sampling(1.1, 40, 0.95, 1.05, 5);

    /** What all tests that need it share: it takes the longest. */
    private static List<Completion> alone;

    private CpuBackend backend;
    private Weights weights;
    private CausalLm model;
    private AdapterBank bank;

    @BeforeEach
    void open() {
        backend = new CpuBackend(2);
        weights = Weights.random(Models.TINY, 3, DType.F32);
        model = new CausalLm(backend, weights, Recompute.NONE, POSITIONS);
        bank = new AdapterBank(Models.TINY, 3);
        bank.set(0, Models.adapter(backend, 1));
        bank.set(2, Models.adapter(backend, 2));
    }

    @AfterEach
    void close() {
        model.close();
        weights.close();
        backend.close();
    }

    private Generator generator(int sequences, int stepTokens, long bytes) {
        return new Generator(model, bank, null, new Settings(sequences, stepTokens, bytes));
    }

    /** Prompts of all kinds of lengths, some with a common beginning, some the same, in all slots. */
    private static List<Request> requests() {
        SplittableRandom random = new SplittableRandom(8);
        int[] common = Models.prompt(random, 70);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            int own = 1 + random.nextInt(60);
            int[] prompt = Models.prompt(random, own);
            if (i % 3 == 0) {
                prompt = Arrays.copyOf(common, 70 - i % 2 + own);
                System.arraycopy(Models.prompt(random, own), 0, prompt, 70 - i % 2, own);
            } else if (i % 3 == 1) {
                prompt = Arrays.copyOf(common, 32 * (1 + i % 2));
            }
            int slot = new int[] {Batch.BASE, 0, 2, 1}[i % 4];
            requests.add(new Request(prompt, slot, DRAWN, i, 1 + random.nextInt(40), List.of(7, 31), List.of(), true));
        }
        return requests;
    }

    @ParameterizedTest
    @CsvSource({"24,512,22", "24,24,22", "5,33,22", "1,512,22", "3,64,18"})
    void whatComesOfARequestDependsOnNothingElse(int sequences, int stepTokens, int budget) {
        List<Request> requests = requests();
        assertThat(alone()).extracting(Completion::reason).contains(FinishReason.STOP, FinishReason.LENGTH);
        List<Integer> order = new ArrayList<>(
                java.util.stream.IntStream.range(0, requests.size()).boxed().toList());
        for (int round = 0; round < 3; round++) {
            try (Generator generator = generator(sequences, stepTokens, 1L << budget)) {
                List<Completion> together =
                        generator.generate(order.stream().map(requests::get).toList());
                for (int i = 0; i < order.size(); i++) {
                    Completion expected = alone().get(order.get(i));
                    assertThat(together.get(i).tokens())
                            .as("request %s", order.get(i))
                            .isEqualTo(expected.tokens());
                    assertThat(together.get(i).logProbs()).isEqualTo(expected.logProbs());
                    assertThat(together.get(i).reason()).isEqualTo(expected.reason());
                }
                assertThat(generator.cacheBytes()).isLessThanOrEqualTo(1L << budget);
            }
            Collections.shuffle(order, new Random(round));
        }
    }

    /** Each by itself, token by token, in a cache of its own. */
    private List<Completion> alone() {
        if (alone == null) {
            alone = new ArrayList<>();
            for (Request request : requests()) {
                try (Generator generator = generator(1, 1, BYTES)) {
                    alone.addAll(generator.generate(List.of(request)));
                }
            }
        }
        return alone;
    }

    @Test
    void logProbabilitiesAreThoseOfAPassOverTheWhole() {
        try (Generator generator = generator(24, 100, BYTES)) {
            List<Request> requests = requests();
            List<Completion> completions = generator.generate(requests);
            List<Continuation> continuations = new ArrayList<>();
            for (int i = 0; i < requests.size(); i++) {
                Request request = requests.get(i);
                continuations.add(
                        new Continuation(request.prompt(), completions.get(i).tokens(), request.slot()));
            }
            List<float[]> scored = generator.score(continuations);
            for (int i = 0; i < requests.size(); i++) {
                float[] whole = whole(continuations.get(i));
                assertThat(scored.get(i)).isEqualTo(whole);
                // The sum that a logit is taken from was rounded before.
                assertThat(completions.get(i).logProbs()).containsExactly(whole, within(2e-6f));
            }
        }
    }

    /** By one pass without a cache. */
    private float[] whole(Continuation given) {
        int prompt = given.prompt().length;
        int[] tokens = Arrays.copyOf(given.prompt(), prompt + given.tokens().length);
        System.arraycopy(given.tokens(), 0, tokens, prompt, given.tokens().length);
        int[] positions = new int[tokens.length];
        int[] targets = new int[tokens.length];
        Arrays.setAll(positions, i -> i);
        Arrays.setAll(targets, i -> i + 1 >= prompt && i + 1 < tokens.length ? tokens[i + 1] : Batch.NO_TARGET);
        Batch batch = new Batch(tokens, positions, targets, new int[] {0, tokens.length}, new int[] {given.slot()});
        float[] logp = new float[batch.targetCount()];
        model.forward(logp, batch, bank, false);
        return logp;
    }

    @Test
    void aCommonBeginningIsComputedOnce() {
        SplittableRandom random = new SplittableRandom(2);
        int[] common = Models.prompt(random, 100);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            int[] prompt = Arrays.copyOf(common, 105);
            prompt[104] = i;
            requests.add(Request.greedy(prompt, 1, List.of()));
        }
        try (Generator generator = generator(4, 64, BYTES)) {
            generator.generate(requests);
            // Three whole pages of 32 tokens are common; the rest of each prompt is its own.
            assertThat(generator.computedTokens()).isEqualTo(96 + 10 * 9);
            assertThat(generator.sharedTokens()).isEqualTo(9 * 96);
            generator.generate(requests.subList(3, 4));
            assertThat(generator.computedTokens()).as("and is still there").isEqualTo(96 + 11 * 9);
            // Another adapter has other keys and values.
            generator.generate(List.of(requests.getFirst().withSlot(0)));
            assertThat(generator.computedTokens()).isEqualTo(96 + 11 * 9 + 105);
        }
    }

    @Test
    void choicesOfAQuestionShareIt() {
        SplittableRandom random = new SplittableRandom(4);
        int[] question = Models.prompt(random, 129);
        List<Continuation> choices = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            choices.add(new Continuation(question, Models.prompt(random, 3), 2));
        }
        try (Generator generator = generator(8, 512, BYTES)) {
            List<float[]> scores = generator.score(choices);
            for (int i = 0; i < 4; i++) {
                assertThat(scores.get(i)).hasSize(3).isEqualTo(whole(choices.get(i)));
            }
            // Of a choice: the question's last token and all of its own but the last.
            assertThat(generator.computedTokens()).isEqualTo(128 + 4 * 3);
        }
    }

    @Test
    void anotherAdapterInASlotForgetsWhatTheOldOneComputed() {
        Request request = new Request(
                Models.prompt(new SplittableRandom(1), 70), 0, Sampling.GREEDY, 0, 12, List.of(), List.of(), true);
        try (Generator generator = generator(1, 64, BYTES)) {
            generator.generate(List.of(request));
            bank.set(0, Models.adapter(backend, 77));
            Completion with = generator.generate(List.of(request)).getFirst();
            float[] whole = whole(new Continuation(request.prompt(), with.tokens(), 0));
            assertThat(with.logProbs()).containsExactly(whole, within(2e-6f));
        }
    }

    @Test
    void aPlaceIsTakenAsSoonAsItIsFree() {
        List<Request> requests = List.of(
                Request.greedy(new int[] {1}, 2, List.of()),
                Request.greedy(new int[] {2}, 9, List.of()),
                Request.greedy(new int[] {3}, 3, List.of()),
                Request.greedy(new int[] {4}, 4, List.of()));
        int[] steps = {0};
        Map<Request, Integer> doneAt = new IdentityHashMap<>();
        try (Generator generator = generator(2, 64, BYTES)) {
            boolean all = generator.run(
                    requests.iterator(), (request, completion) -> doneAt.put(request, steps[0]), () -> steps[0]++ < 0);
            assertThat(all).isTrue();
        }
        // `stop` is asked once before each step, so the count is the number of the step.
        assertThat(requests.stream().map(doneAt::get)).containsExactly(2, 9, 5, 9);
    }

    @Test
    void anInterruptedRunGivesEverythingBack() {
        List<Request> requests = requests();
        List<Completion> expected;
        try (Generator generator = generator(6, 40, BYTES)) {
            expected = generator.generate(requests);
        }
        try (Generator generator = generator(6, 40, BYTES)) {
            for (int after : new int[] {1, 2, 5, 30}) {
                int[] steps = {0};
                List<Request> done = new ArrayList<>();
                assertThat(generator.run(
                                requests.iterator(),
                                (request, completion) -> done.add(request),
                                () -> steps[0]++ >= after))
                        .isFalse();
                assertThat(done).hasSizeLessThan(requests.size());
            }
            List<Completion> again = generator.generate(requests);
            for (int i = 0; i < again.size(); i++) {
                assertThat(again.get(i).tokens()).isEqualTo(expected.get(i).tokens());
            }
        }
    }

    @Test
    void endTokensAndTheContextEndASequence() {
        int[] prompt = Models.prompt(new SplittableRandom(6), 150);
        try (Generator generator = generator(1, 512, BYTES)) {
            Completion free = generator
                    .generate(List.of(Request.greedy(prompt, 1000, List.of())))
                    .getFirst();
            assertThat(free.tokens()).as("up to the end of the context").hasSize(POSITIONS - 150);
            assertThat(free.reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(free.text()).isNull();
            assertThat(free.logProbs()).isNull();
            int third = free.tokens()[2];
            int firstSeen = java.util.stream.IntStream.range(0, 3)
                    .filter(i -> free.tokens()[i] == third)
                    .findFirst()
                    .orElseThrow();
            Completion ended = generator
                    .generate(List.of(Request.greedy(prompt, 1000, List.of(96, third))))
                    .getFirst();
            assertThat(ended.tokens()).isEqualTo(Arrays.copyOf(free.tokens(), firstSeen + 1));
            assertThat(ended.reason()).isEqualTo(FinishReason.STOP);
        }
    }

    @Test
    void brokenAdaptersAreNamed() {
        Adapter broken = Models.adapter(backend, 1);
        float[] values = new float[broken.layout().length()];
        Arrays.fill(values, Float.NaN);
        backend.upload(broken.parameters(), values);
        bank.set(1, broken);
        try (Generator generator = generator(4, 64, BYTES)) {
            for (boolean logProbs : new boolean[] {true, false}) {
                Request request = new Request(new int[] {1}, 1, Sampling.GREEDY, 0, 3, List.of(), List.of(), logProbs);
                assertThatThrownBy(() -> generator.generate(List.of(request)))
                        .isInstanceOf(BadInput.class)
                        .hasMessage("the model's logits are not finite numbers: its weights, or those of the adapter in"
                                + " slot 1, are broken; take another one");
            }
        }
    }

    /** Who wants none spares the pass the exponentials; the tokens are the same, beside others who want them, too. */
    @Test
    void tokensDoNotDependOnWhetherLogProbabilitiesAreWanted() {
        List<Request> wanted = requests();
        List<Request> bare = new ArrayList<>();
        List<Request> mixed = new ArrayList<>();
        for (int i = 0; i < wanted.size(); i++) {
            Request r = wanted.get(i);
            bare.add(new Request(
                    r.prompt(), r.slot(), r.sampling(), r.key(), r.maxNewTokens(), r.endTokens(), r.stops(), false));
            mixed.add(i % 5 == 0 ? r : bare.get(i));
        }
        for (List<Request> asked : List.of(bare, mixed)) {
            try (Generator generator = generator(24, 512, BYTES)) {
                List<Completion> got = generator.generate(asked);
                for (int i = 0; i < asked.size(); i++) {
                    assertThat(got.get(i).tokens()).isEqualTo(alone().get(i).tokens());
                    assertThat(got.get(i).logProbs())
                            .isEqualTo(asked.get(i).logProbs() ? alone().get(i).logProbs() : null);
                }
            }
        }
    }

    @Test
    void aSequenceThatFitsNoCacheIsRefusedInOneLine() {
        int[] prompt = Models.prompt(new SplittableRandom(6), 100);
        try (Generator generator = generator(2, 512, 1 << 14)) {
            assertThatThrownBy(() -> generator.generate(List.of(Request.greedy(prompt, 90, List.of()))))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("a sequence of up to 190 tokens");
            assertThat(generator.generate(List.of(Request.greedy(new int[] {1}, 3, List.of()))))
                    .hasSize(1);
        }
    }

    @Test
    void memoryComesWithTheTokens() {
        // 256 bytes of keys, values and layers a token; a slab may be a page.
        try (Generator generator = generator(2, 512, 1L << 30)) {
            assertThat(generator.cacheBytesPerToken()).isEqualTo(2 * 2 * 2 * 8 * 4);
            assertThat(generator.cacheBytes()).isZero();
            generator.generate(List.of(Request.greedy(new int[] {1}, 3, List.of())));
            long few = generator.cacheBytes();
            assertThat(few).isPositive().isLessThanOrEqualTo(64 * 32 * generator.cacheBytesPerToken());
        }
    }

    /** A step may leave a few kilobytes of garbage: its lists, no matrix. */
    @Test
    void aStepAllocatesNextToNothing() {
        try (CpuBackend one = new CpuBackend(1);
                CausalLm single = new CausalLm(one, weights, Recompute.NONE, POSITIONS);
                Generator generator = new Generator(single, bank, null, new Settings(4, 64, BYTES))) {
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                requests.add(new Request(new int[] {i}, Batch.BASE, DRAWN, i, 190, List.of(), List.of(), true));
            }
            long[] before = {0};
            long[] smallest = {Long.MAX_VALUE};
            for (int round = 0; round < 40 && smallest[0] > 8 << 10; round++) {
                generator.run(requests.iterator(), (request, completion) -> {}, () -> {
                    long now = allocated();
                    smallest[0] = Math.min(smallest[0], now - before[0]);
                    before[0] = allocated();
                    return false;
                });
            }
            System.out.println("bytes allocated by a step of four sequences: " + smallest[0]);
            assertThat(smallest[0]).isLessThanOrEqualTo(8 << 10);
        }
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    /** 14,135 rows of Qwen3's vocabulary are more than an int counts, and more than an array holds. */
    @Test
    void logitsOfAPassFitIntoAnArray() {
        int rows = Generator.mostRows(151_936);
        assertThat(rows).isEqualTo(14_134);
        assertThat((long) rows * 151_936).isLessThanOrEqualTo(Integer.MAX_VALUE - 8);
        assertThat(Generator.mostRows(Integer.MAX_VALUE)).isOne();
        // And no more sequences than that go on together.
        assertThat(Generator.together(new Settings(1 << 16, 1 << 16, 1), 151_936))
                .isEqualTo(14_134);
        assertThat(Generator.together(new Settings(32, 512, 1), 151_936)).isEqualTo(32);
    }
}
