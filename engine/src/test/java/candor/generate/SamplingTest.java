package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.ops.cpu.CpuBackend;
import candor.ops.op.SampleTokens;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingTest {
    private static final int[] NONE = new int[0];
    private static final int NO_TOKEN = SampleTokens.NO_TOKEN;

    private static final CpuBackend BACKEND = new CpuBackend(1);
    private static final Workspace MEMORY = BACKEND.workspace(1 << 20);

    @AfterAll
    static void close() {
        MEMORY.close();
        BACKEND.close();
    }

    /** The token that a row of these logits goes on with. */
    private static int next(float[] logits, Sampling sampling, int[] tokens, int length, long key) {
        MEMORY.release(0);
        Tensor row = MEMORY.take(1, logits.length);
        Tensor chosen = MEMORY.take(1, 2);
        BACKEND.upload(row, logits);
        BACKEND.sampleTokens(chosen, row, List.of(sampling.draw(tokens, length, key)));
        float[] token = new float[2];
        BACKEND.download(token, chosen);
        return (int) token[0];
    }

    @Test
    void greedyTakesTheLowestIdAmongEquals() {
        float[] logits = {1, 3, 7, 7, -1, 7};
        assertThat(next(logits, Sampling.GREEDY, NONE, 0, 0)).isEqualTo(2);
        assertThat(next(new float[] {-0f, 0f}, Sampling.GREEDY, NONE, 0, 0)).isZero();
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void noTokenComesOfWhatIsNoNumber(float broken) {
        float[] logits = {1, 2, broken, 3};
        for (Sampling sampling :
                List.of(Sampling.GREEDY, new Sampling(1, 2, 0.9, 1.2, 1), new Sampling(1, 0, 1, 1, 1))) {
            assertThat(next(logits, sampling, new int[] {1}, 1, 0)).isEqualTo(NO_TOKEN);
        }
        float[] nothing = {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY};
        assertThat(next(nothing, Sampling.GREEDY, NONE, 0, 0)).isEqualTo(NO_TOKEN);
    }

    @ParameterizedTest
    @CsvSource({"1,0,1", "0.5,0,1", "2,0,1", "1,3,1", "1,0,0.7", "0.8,4,0.6", "1,1,1", "1,50,1", "0.01,0,0.9"})
    void frequenciesAreTheProbabilities(double temperature, int topK, double topP) {
        float[] logits = {0.5f, -1, 2, 2, 0.1f, -30, 1};
        double[] expected = probabilities(logits, temperature, topK, topP);
        int draws = 40_000;
        int[] counts = new int[logits.length];
        for (int key = 0; key < draws; key++) {
            counts[next(logits, new Sampling(temperature, topK, topP, 1, 3), NONE, 0, key)]++;
        }
        for (int v = 0; v < logits.length; v++) {
            // Five standard deviations.
            double bound = 5 * Math.sqrt(expected[v] * (1 - expected[v]) / draws);
            assertThat(counts[v] / (double) draws).as("token %d", v).isCloseTo(expected[v], within(bound));
        }
    }

    /** By sorting everything. */
    private static double[] probabilities(float[] logits, double temperature, int topK, double topP) {
        List<Integer> order = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparing((Integer v) -> -logits[v]).thenComparing(v -> v))
                .limit(topK == 0 ? logits.length : topK)
                .toList();
        double sum = order.stream()
                .mapToDouble(v -> Math.exp(logits[v] / temperature))
                .sum();
        double[] chosen = new double[logits.length];
        double mass = 0;
        for (int v : order) {
            if (mass < topP) {
                chosen[v] = Math.exp(logits[v] / temperature) / sum;
                mass += chosen[v];
            }
        }
        for (int v = 0; v < chosen.length; v++) {
            chosen[v] /= mass;
        }
        return chosen;
    }

    /** The candidates that top-p looks at are a part of the vocabulary; that must not show. */
    @Test
    void topPOfALargeVocabularyIsTheSmallestSet() {
        SplittableRandom random = new SplittableRandom(5);
        int vocabulary = 3001;
        float[] logits = new float[vocabulary];
        for (int v = 0; v < vocabulary; v++) {
            logits[v] = (float) (4 * random.nextGaussian());
        }
        for (double topP : new double[] {0.1, 0.5, 0.9, 0.999}) {
            double[] expected = probabilities(logits, 1.3, 0, topP);
            long size =
                    IntStream.range(0, vocabulary).filter(v -> expected[v] > 0).count();
            boolean[] seen = new boolean[vocabulary];
            for (int key = 0; key < 4000; key++) {
                int token = next(logits, new Sampling(1.3, 0, topP, 1, 9), NONE, 0, key);
                assertThat(expected[token])
                        .as("top-p %s, token %d", topP, token)
                        .isPositive();
                seen[token] = true;
            }
            long met = IntStream.range(0, vocabulary).filter(v -> seen[v]).count();
            assertThat(met).isGreaterThan(Math.min(size / 2, 100));
        }
    }

    @Test
    void theSetsEdgeIsCutByIdAmongEquals() {
        float[] equal = {0, 0, 0, 0, 0};
        for (int key = 0; key < 500; key++) {
            assertThat(next(equal, new Sampling(1, 2, 1, 1, 0), NONE, 0, key)).isLessThan(2);
            assertThat(next(equal, new Sampling(1, 0, 0.5, 1, 0), NONE, 0, key)).isLessThan(3);
        }
    }

    @Test
    void aRepetitionIsPenalisedOnceAndTheLogitsStay() {
        float[] logits = {4, 3, -1, -1.5f};
        Sampling penalty = new Sampling(0, 0, 1, 1.3, 0);
        // 4/1.3 is still above 3; were it divided twice, it would not be.
        assertThat(next(logits, penalty, new int[] {0, 0}, 2, 0)).isZero();
        assertThat(next(logits, new Sampling(0, 0, 1, 1.5, 0), new int[] {0, 0}, 2, 0))
                .isEqualTo(1);
        assertThat(logits).containsExactly(4, 3, -1, -1.5f);
        // A negative logit is multiplied: −1 becomes −2 and falls behind −1.5.
        float[] negative = {-1, -1.5f};
        assertThat(next(negative, new Sampling(0, 0, 1, 2, 0), new int[] {0}, 1, 0))
                .isEqualTo(1);
        // Only the first `length` tokens are the sequence.
        assertThat(next(logits, new Sampling(0, 0, 1, 1.5, 0), new int[] {1, 0}, 1, 0))
                .isZero();
    }

    @Test
    void drawsDependOnSeedKeyAndPositionAlone() {
        float[] logits = new float[1000];
        Sampling one = new Sampling(1, 0, 1, 1, 1);
        int[] before = new int[20];
        int first = next(logits, one, before, 7, 42);
        next(logits, one, before, 8, 43);
        assertThat(next(logits, one, before, 7, 42)).isEqualTo(first);
        assertThat(IntStream.range(0, 20)
                        .map(i -> next(logits, one, before, i, 42))
                        .distinct()
                        .count())
                .isGreaterThan(15);
        assertThat(IntStream.range(0, 20)
                        .map(i -> next(logits, one, before, 7, (long) i << 32))
                        .distinct()
                        .count())
                .isGreaterThan(15);
        assertThat(IntStream.range(0, 20)
                        .map(i -> next(logits, new Sampling(1, 0, 1, 1, i), before, 7, 42))
                        .distinct()
                        .count())
                .isGreaterThan(15);
    }

    @ParameterizedTest
    @CsvSource({
        "-0.1,0,1,1,temperature is -0.1",
        "NaN,0,1,1,temperature is NaN",
        "1,-1,1,1,top_k is -1",
        "1,0,0,1,top_p is 0.0",
        "1,0,1.5,1,top_p is 1.5",
        "1,0,1,0,repetition_penalty is 0.0"
    })
    void numbersOutOfBoundsAreNamed(double temperature, int topK, double topP, double penalty, String named) {
        assertThatThrownBy(() -> new Sampling(temperature, topK, topP, penalty, 0))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(named + "; give ");
    }
}
