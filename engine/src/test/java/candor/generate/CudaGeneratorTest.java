package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;

import candor.generate.Generator.Settings;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.cuda.GraphUse;
import candor.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Decoding on the emulated device: steps of a batch that stays as it is are graphs, and say what plain calls say. */
class CudaGeneratorTest {
    private static final int NEW_TOKENS = 12;

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    /** What a run says and costs. */
    private record Outcome(List<Completion> completions, List<GraphUse> uses, List<Long> free) {}

    /** The base model and two adapters; sequences end one after the other, and one goes over the end of a page. */
    private static List<Request> requests() {
        SplittableRandom random = new SplittableRandom(5);
        Sampling drawn = new Sampling(1.1, 40, 0.95, 1.05, 5);
        List<Request> requests = new ArrayList<>();
        int[] lengths = {3, 27, 9, 5};
        int[] slots = {0, Batch.BASE, 2, 0};
        int[] most = {NEW_TOKENS, NEW_TOKENS, NEW_TOKENS - 4, NEW_TOKENS + 5};
        for (int i = 0; i < lengths.length; i++) {
            requests.add(new Request(
                    Models.prompt(random, lengths[i]), slots[i], drawn, i, most[i], List.of(), List.of(), true));
        }
        return requests;
    }

    private static Outcome run(boolean graphs) {
        System.setProperty(CudaBackend.GRAPHS, String.valueOf(graphs));
        try (CudaBackend backend = CudaBackend.emulated();
                Weights weights = Weights.random(Models.TINY, 3, DType.F32);
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            AdapterBank bank = new AdapterBank(Models.TINY, 3);
            bank.set(0, Models.adapter(backend, 1));
            bank.set(2, Models.adapter(backend, 2));
            List<GraphUse> uses = new ArrayList<>();
            List<Long> free = new ArrayList<>();
            List<Completion> completions = new ArrayList<>();
            try (Generator generator = new Generator(model, bank, null, new Settings(8, 64, 1 << 20))) {
                List<Request> requests = requests();
                Completion[] done = new Completion[requests.size()];
                generator.run(
                        requests.iterator(),
                        (request, completion) -> done[requests.indexOf(request)] = completion,
                        () -> {
                            uses.add(backend.graphs());
                            free.add(backend.freeBytes().orElseThrow());
                            return false;
                        });
                completions.addAll(List.of(done));
            }
            return new Outcome(completions, uses, free);
        } finally {
            System.clearProperty(CudaBackend.GRAPHS);
        }
    }

    @Test
    void stepsAreReplayedAndSayTheSame() {
        Outcome with = run(true);
        Outcome without = run(false);
        for (int i = 0; i < with.completions.size(); i++) {
            Completion got = with.completions.get(i);
            Completion expected = without.completions.get(i);
            assertThat(got.tokens()).isEqualTo(expected.tokens());
            assertThat(got.logProbs()).isEqualTo(expected.logProbs());
        }
        assertThat(without.uses.getLast()).isEqualTo(new GraphUse(0, 0, 0));

        // A pass over the prompts, then a token of each sequence a step: 7 steps of four, 4 of three, 5 of one.
        List<GraphUse> uses = with.uses;
        assertThat(uses).hasSize(NEW_TOKENS + 5 + 1);
        assertThat(uses.getLast().captured())
                .as("a graph for each of three compositions")
                .isEqualTo(3);
        assertThat(uses.getLast().replayed())
                .as("the first step packs adapters for queries, keys and values together in the last layer, too")
                .isEqualTo(5 + 3 + 4);
        for (int step = 1; step + 1 < uses.size(); step++) {
            GraphUse before = uses.get(step);
            GraphUse after = uses.get(step + 1);
            assertThat(after.replayed() + after.plain() - before.replayed() - before.plain())
                    .as("a step is one section")
                    .isEqualTo(1);
            if (after.replayed() > before.replayed()) {
                assertThat(with.free.get(step + 1))
                        .as("memory after step " + step)
                        .isEqualTo(with.free.get(step));
            }
        }
    }

    /**
     * A prompt so long that blocks of many rows take it, whole and alone; cut into passes, beside others, some of which begin as it
     * does or are at their replies: the same tokens, and the same bits of what is thought of them.
     */
    @ParameterizedTest
    @ValueSource(strings = {"", "capability=90"})
    void whatComesOfAPromptDependsOnItAlone(String modes) {
        SplittableRandom random = new SplittableRandom(8);
        int[] prompt = Models.prompt(random, 90);
        int[] other = Models.prompt(random, 70);
        System.arraycopy(prompt, 0, other, 0, 40);
        List<Request> requests = new ArrayList<>();
        for (int[] each : List.of(prompt, Models.prompt(random, 2), other, prompt, Models.prompt(random, 47))) {
            Sampling drawn = new Sampling(1.1, 0, 0.9, 1.05, 5);
            requests.add(new Request(each, Batch.BASE, drawn, each.length, 5, List.of(), List.of(), Scores.CHOSEN));
        }
        Continuation scored =
                new Continuation(Arrays.copyOf(prompt, 3), Arrays.copyOfRange(prompt, 3, prompt.length), Batch.BASE);
        EmulatedDevice.with(modes, () -> {
            try (CudaBackend backend = CudaBackend.emulated();
                    Weights weights = Weights.random(Models.TINY, 3, DType.F32);
                    CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 100)) {
                List<Completion> alone = new ArrayList<>();
                for (Request request : requests) {
                    alone.addAll(generated(model, new Settings(1, 128, 1 << 20), List.of(request)));
                }
                float[] aloneScored = scored(model, 128, List.of(scored));
                for (int stepTokens : new int[] {7, 33, 200}) {
                    List<Completion> together = generated(model, new Settings(4, stepTokens, 1 << 20), requests);
                    for (int i = 0; i < requests.size(); i++) {
                        assertThat(together.get(i).tokens())
                                .isEqualTo(alone.get(i).tokens());
                        assertThat(together.get(i).logProbs())
                                .isEqualTo(alone.get(i).logProbs());
                    }
                    Continuation beside = new Continuation(new int[] {1, 2}, other, Batch.BASE);
                    assertThat(scored(model, stepTokens, List.of(scored, beside)))
                            .isEqualTo(aloneScored);
                }
            }
        });
    }

    private static List<Completion> generated(CausalLm model, Settings settings, List<Request> requests) {
        try (Generator generator = new Generator(model, null, null, settings)) {
            return generator.generate(requests);
        }
    }

    private static float[] scored(CausalLm model, int stepTokens, List<Continuation> continuations) {
        try (Generator generator = new Generator(model, null, null, new Settings(4, stepTokens, 1 << 20))) {
            return generator.score(continuations).getFirst();
        }
    }

    /** What the library has handed out is what was planned for, and little more is planned. */
    @Test
    void answeringTakesWhatWasPlanned() {
        Settings settings = new Settings(8, 64, 1 << 16);
        try (CudaBackend backend = CudaBackend.emulated();
                Weights weights = Weights.random(Models.TINY, 3, DType.F32);
                CausalLm model = new CausalLm(backend, weights, Recompute.FULL, 64)) {
            AdapterBank bank = new AdapterBank(Models.TINY, 3);
            bank.set(0, Models.adapter(backend, 1));
            bank.set(2, Models.adapter(backend, 2));
            AnswerNeeds needs =
                    AnswerNeeds.of(new AnswerNeeds.Who(Models.TINY, bank, 64), settings, backend.descriptor(), 1);
            long[] used = {0};
            try (Generator generator = new Generator(model, bank, null, settings)) {
                generator.run(requests().iterator(), (_, _) -> {}, () -> {
                    used[0] = Math.max(used[0], backend.usedBytes());
                    return false;
                });
                generator.score(List.of(new Continuation(new int[4], new int[59], Batch.BASE)));
                used[0] = Math.max(used[0], backend.usedBytes());
            }
            long planned = needs.device().total();
            assertThat(used[0])
                    .as(needs.toString())
                    .isLessThanOrEqualTo(planned)
                    .isGreaterThan(planned * 3 / 5);
        }
    }
}
