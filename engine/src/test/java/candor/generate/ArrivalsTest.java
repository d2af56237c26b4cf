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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests that come, and are given up, while others are under way. */
class ArrivalsTest {
    private static final long BYTES = 1 << 22;
    private static final Sampling DRAWN = new Sampling(1.1, 40, 0.95, 1.05, 5);

    private CpuBackend backend;
    private Weights weights;
    private CausalLm model;
    private AdapterBank bank;

    @BeforeEach
    void open() {
        backend = new CpuBackend(2);
        weights = Weights.random(Models.TINY, 3, DType.F32);
        model = new CausalLm(backend, weights, Recompute.NONE, 200);
        bank = new AdapterBank(Models.TINY, 3);
        bank.set(0, Models.adapter(backend, 1));
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

    /** Two in three begin the same. */
    private static List<Request> requests(int count, Scores scores) {
        SplittableRandom random = new SplittableRandom(4);
        int[] common = Models.prompt(random, 70);
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    int own = 1 + random.nextInt(50);
                    int[] prompt = i % 3 == 0 ? Models.prompt(random, own) : Arrays.copyOf(common, 70 + own);
                    if (i % 3 == 1) {
                        System.arraycopy(Models.prompt(random, own), 0, prompt, 70, own);
                    }
                    int most = 1 + random.nextInt(30);
                    return new Request(prompt, i % 2 - 1, DRAWN, i, most, List.of(7), List.of(), scores);
                })
                .toList();
    }

    private List<Completion> alone(List<Request> requests) {
        List<Completion> alone = new ArrayList<>();
        for (Request request : requests) {
            try (Generator generator = generator(1, 1, BYTES)) {
                alone.addAll(generator.generate(List.of(request)));
            }
        }
        return alone;
    }

    /** Gives one every few questions, and gives up who is named. */
    private static final class Trickle implements Arrivals {
        private final Deque<Request> left;
        private final int every;
        private final Map<Request, Integer> givenUp = new IdentityHashMap<>();
        private int asked;

        Trickle(List<Request> requests, int every) {
            left = new ArrayDeque<>(requests);
            this.every = every;
        }

        @Override
        public Request next(boolean idle) {
            return idle || ++asked % every == 0 ? left.poll() : null;
        }

        /** True from the so many-th question on. */
        @Override
        public boolean dropped(Request request) {
            Integer after = givenUp.get(request);
            if (after == null) {
                return false;
            }
            givenUp.put(request, after - 1);
            return after <= 0;
        }
    }

    private static void same(Completion actual, Completion expected) {
        assertThat(actual.tokens()).isEqualTo(expected.tokens());
        assertThat(actual.logProbs()).isEqualTo(expected.logProbs());
        assertThat(actual.reason()).isEqualTo(expected.reason());
    }

    @ParameterizedTest
    @CsvSource({"1,8,64,22", "2,8,64,22", "3,2,17,22", "5,24,512,22", "2,8,64,18"})
    void whatComesOfALateRequestIsWhatComesOfItAlone(int every, int sequences, int stepTokens, int budget) {
        List<Request> requests = requests(24, Scores.CHOSEN);
        List<Completion> alone = alone(requests);
        Map<Request, Completion> done = new IdentityHashMap<>();
        try (Generator generator = generator(sequences, stepTokens, 1L << budget)) {
            generator.serve(new Trickle(requests, every), done::put);
        }
        for (int i = 0; i < requests.size(); i++) {
            same(done.get(requests.get(i)), alone.get(i));
        }
    }

    /** Who is given up may be the one that computes a beginning which others wait for. */
    @ParameterizedTest
    @CsvSource({"0,16", "1,16", "2,33", "4,16", "9,64"})
    void whoIsGivenUpTakesNothingFromOthers(int after, int stepTokens) {
        List<Request> requests = requests(24, Scores.CHOSEN);
        List<Completion> alone = alone(requests);
        Trickle trickle = new Trickle(requests, 1);
        for (int i = 0; i < requests.size(); i += 2) {
            trickle.givenUp.put(requests.get(i), after);
        }
        Map<Request, Completion> done = new IdentityHashMap<>();
        try (Generator generator = generator(12, stepTokens, BYTES)) {
            generator.serve(trickle, done::put);
            for (int i = 1; i < requests.size(); i += 2) {
                same(done.get(requests.get(i)), alone.get(i));
            }
            done.clear();
            generator.serve(new Trickle(requests, 2), done::put);
            for (int i = 0; i < requests.size(); i++) {
                same(done.get(requests.get(i)), alone.get(i));
            }
        }
    }

    @Test
    void whoComputesABeginningForOthersDoesSoThoughNobodyWantsItAnyMore() {
        int[] prompt = Models.prompt(new SplittableRandom(1), 100);
        Request first = Request.greedy(prompt, 20, List.of());
        Request waits = Request.greedy(Arrays.copyOf(prompt, 90), 20, List.of());
        for (int after = 0; after < 20; after++) {
            Trickle trickle = new Trickle(List.of(first, waits), 1);
            trickle.givenUp.put(first, after);
            Map<Request, Completion> done = new IdentityHashMap<>();
            try (Generator generator = generator(4, 8, BYTES)) {
                generator.serve(trickle, done::put);
                assertThat(done).containsOnlyKeys(waits);
                same(done.get(waits), alone(List.of(waits)).getFirst());
                assertThat(generator.computedTokens()).isLessThan(90 + 20 + 100 + 20);
            }
        }
    }

    @Test
    void anAdapterMayTakeAnothersPlaceWhileOthersTalk() {
        int[] prompt = Models.prompt(new SplittableRandom(1), 40);
        Adapter other = Models.adapter(backend, 2);
        Request first = Request.greedy(prompt, 8, List.of()).withSlot(0);
        Request talking = Request.greedy(prompt, 60, List.of());
        Request second = Request.greedy(prompt, 8, List.of()).withSlot(0);
        List<Completion> expected = alone(List.of(first, talking));
        Map<Request, Completion> done = new IdentityHashMap<>();
        Deque<Request> left = new ArrayDeque<>(List.of(talking, first));
        try (Generator generator = generator(4, 64, BYTES)) {
            generator.serve(
                    new Arrivals() {
                        @Override
                        public Request next(boolean idle) {
                            if (left.isEmpty() && done.containsKey(first) && bank.get(0) != other) {
                                bank.set(0, other);
                                left.add(second);
                            }
                            return left.poll();
                        }

                        @Override
                        public boolean dropped(Request request) {
                            return false;
                        }
                    },
                    done::put);
        }
        same(done.get(first), expected.get(0));
        same(done.get(talking), expected.get(1));
        same(done.get(second), alone(List.of(second)).getFirst());
        assertThat(done.get(second).tokens()).isNotEqualTo(done.get(first).tokens());
    }

    /** Hears everything. */
    private static final class Heard implements Generator.Listener {
        final Map<Request, List<TokenScore>> prompts = new IdentityHashMap<>();
        final Map<Request, List<TokenScore>> tokens = new IdentityHashMap<>();
        final Map<Request, Completion> done = new IdentityHashMap<>();
        final Map<Request, BadInput> failed = new IdentityHashMap<>();

        @Override
        public void token(Request request, TokenScore token) {
            tokens.computeIfAbsent(request, any -> new ArrayList<>()).add(token);
        }

        @Override
        public void promptToken(Request request, TokenScore token) {
            prompts.computeIfAbsent(request, any -> new ArrayList<>()).add(token);
        }

        @Override
        public void failed(Request request, BadInput why) {
            failed.put(request, why);
        }

        @Override
        public void done(Request request, Completion completion) {
            done.put(request, completion);
        }
    }

    @ParameterizedTest
    @CsvSource({"8,64", "3,7"})
    void scoresOfPromptAndReplyAreThoseOfScoring(int sequences, int stepTokens) {
        List<Request> plain = requests(9, Scores.CHOSEN);
        List<Request> requests = new ArrayList<>(requests(9, new Scores(true, 5, true)));
        requests.addAll(plain);
        List<Completion> alone = alone(plain);
        Heard heard = new Heard();
        try (Generator generator = generator(sequences, stepTokens, BYTES)) {
            generator.serve(new Trickle(requests, 2), heard);
            for (int i = 0; i < plain.size(); i++) {
                Request request = requests.get(i);
                int[] prompt = request.prompt();
                Completion completion = heard.done.get(request);
                same(completion, alone.get(i));
                same(heard.done.get(plain.get(i)), alone.get(i));
                assertThat(heard.prompts).doesNotContainKey(plain.get(i));
                int[] rest = IntStream.concat(Arrays.stream(prompt).skip(1), Arrays.stream(completion.tokens()))
                        .toArray();
                float[] scored = generator
                        .score(List.of(new Continuation(new int[] {prompt[0]}, rest, request.slot())))
                        .getFirst();
                List<TokenScore> all = new ArrayList<>(heard.prompts.getOrDefault(request, List.of()));
                assertThat(all).hasSize(prompt.length - 1);
                all.addAll(heard.tokens.get(request));
                for (int t = 0; t < rest.length; t++) {
                    TokenScore score = all.get(t);
                    assertThat(score.id()).isEqualTo(rest[t]);
                    assertThat(score.logProb()).isEqualTo(scored[t], within(2e-6f));
                    assertThat(score.alternatives()).hasSize(5).doesNotHaveDuplicates();
                    for (int k = 1; k < 5; k++) {
                        assertThat(score.logProbs()[k]).isLessThanOrEqualTo(score.logProbs()[k - 1]);
                    }
                    int place = IntStream.range(0, 5)
                            .filter(k -> score.alternatives()[k] == score.id())
                            .findFirst()
                            .orElse(-1);
                    if (place >= 0) {
                        assertThat(score.logProb()).isEqualTo(score.logProbs()[place]);
                    } else {
                        assertThat(score.logProb()).isLessThanOrEqualTo(score.logProbs()[4]);
                    }
                }
            }
        }
    }

    @Test
    void aBrokenAdapterIsTheFailureOfItsOwnRequestsAlone() {
        Adapter broken = Models.adapter(backend, 3);
        float[] values = new float[broken.layout().length()];
        Arrays.fill(values, Float.NaN);
        backend.upload(broken.parameters(), values);
        bank.set(1, broken);
        int[] prompt = Models.prompt(new SplittableRandom(1), 20);
        Request good = Request.greedy(prompt, 8, List.of());
        Request bad = good.withSlot(1);
        Heard heard = new Heard();
        try (Generator generator = generator(4, 64, BYTES)) {
            generator.serve(new Trickle(List.of(good, bad), 1), heard);
            assertThat(heard.failed).containsOnlyKeys(bad);
            assertThat(heard.failed.get(bad)).hasMessageContaining("slot 1");
            same(heard.done.get(good), alone(List.of(good)).getFirst());
            assertThatThrownBy(() -> generator.serve(new Trickle(List.of(good, bad), 1), (request, done) -> {}))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("not finite");
        }
    }

    @Test
    void whatCouldNeverFitIsKnownBefore() {
        try (Generator generator = generator(4, 64, 1 << 16)) {
            int most = (int) ((1 << 16) / generator.cacheBytesPerToken());
            assertThat(generator.fits(most / 2)).isTrue();
            assertThat(generator.fits(4 * most)).isFalse();
            Request large = new Request(
                    new int[4 * most], Batch.BASE, Sampling.GREEDY, 0, 1, List.of(), List.of(), Scores.NONE);
            assertThatThrownBy(() -> generator.serve(new Trickle(List.of(large), 1), (request, done) -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void theLikeliestAreThoseOfASort() {
        SplittableRandom random = new SplittableRandom(2);
        for (int n : new int[] {1, 5, 97, 1000}) {
            float[] logits = new float[n + 3];
            for (int i = 0; i < n; i++) {
                logits[3 + i] = random.nextInt(50); // many are the same
            }
            int[] sorted = IntStream.range(0, n)
                    .boxed()
                    .sorted((a, b) -> logits[3 + a] == logits[3 + b]
                            ? Integer.compare(a, b)
                            : Float.compare(logits[3 + b], logits[3 + a]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            for (int count : new int[] {0, 1, 7, 20}) {
                assertThat(Likeliest.of(logits, 3, n, count)).isEqualTo(Arrays.copyOf(sorted, Math.min(count, n)));
            }
        }
    }
}
