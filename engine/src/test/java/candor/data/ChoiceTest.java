package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.Draws.Purpose;
import candor.data.ExampleReader.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples, mixtures and splits: what is chosen by seed. */
class ChoiceTest {
    @TempDir
    Path folder;

    private static List<String> names(String prefix, int n) {
        return IntStream.range(0, n).mapToObj(i -> prefix + i).toList();
    }

    private List<String> sample(int rows, int n, long seed) throws IOException {
        return sample(rows, n, MaxSamples.RANDOM, seed);
    }

    private List<String> sample(int rows, int n, MaxSamples which, long seed) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < rows; i++) {
            lines.append("{\"prompt\":\"").append(i).append("\",\"completion\":\"c\"}\n");
        }
        Path file = Files.writeString(folder.resolve("rows.jsonl"), lines);
        try (ExampleReader reader = ExampleReader.open(List.of(file), Settings.plain())) {
            return Sample.take(reader, n, which, seed).stream()
                    .map(example -> ((Example.PlainText) example.content()).prompt())
                    .toList();
        }
    }

    @Test
    void aSampleKeepsTheOrderAndNests() throws IOException {
        List<String> all = names("", 113);
        List<String> larger = sample(113, 40, 7);
        assertThat(larger).hasSize(40).doesNotHaveDuplicates().isSubsetOf(all);
        assertThat(larger)
                .as("in the order of the data")
                .isSortedAccordingTo((a, b) -> Integer.parseInt(a) - Integer.parseInt(b));
        assertThat(sample(113, 40, 7)).isEqualTo(larger);
        assertThat(sample(113, 40, 8)).isNotEqualTo(larger);
        assertThat(larger).containsAll(sample(113, 13, 7));
        assertThat(sample(113, 113, 7)).isEqualTo(all);
        assertThat(sample(113, 0, 7)).isEmpty();
        assertThatThrownBy(() -> sample(113, 114, 7))
                .isInstanceOf(BadInput.class)
                .hasMessage("a sample of 114 rows was asked for, the data has 113");
    }

    /** LLaMA-Factory's max_samples: whatever the seed, the first rows of the file. */
    @Test
    void theFirstRowsAreTakenIfAskedFor() throws IOException {
        assertThat(sample(113, 40, MaxSamples.FIRST, 7)).isEqualTo(names("", 40));
        assertThat(sample(113, 40, MaxSamples.FIRST, 8)).isEqualTo(names("", 40));
        assertThat(sample(113, 0, MaxSamples.FIRST, 7)).isEmpty();
        assertThatThrownBy(() -> sample(113, 114, MaxSamples.FIRST, 7))
                .isInstanceOf(BadInput.class)
                .hasMessage("a sample of 114 rows was asked for, the data has 113");
        List<String> mixed = Mixture.of(names("d", 20), names("m", 50), MaxSamples.FIRST, 0.25, 42);
        assertThat(mixed).hasSize(25).containsAll(names("d", 20)).containsAll(names("m", 5));
        assertThat(mixed.subList(20, 25)).as("shuffled").isNotEqualTo(names("m", 5));
    }

    @Test
    void everyRowIsSampledAlikeOften() {
        int rows = 29;
        int n = 7;
        int rounds = 4000;
        int[] met = new int[rows];
        List<Integer> all = IntStream.range(0, rows).boxed().toList();
        for (int seed = 0; seed < rounds; seed++) {
            Sample.take(all, n, MaxSamples.RANDOM, new Draws(seed, Purpose.SAMPLE))
                    .forEach(row -> met[row]++);
        }
        double expected = (double) rounds * n / rows;
        double deviation = Math.sqrt(expected * (1 - (double) n / rows));
        assertThat(IntStream.of(met).boxed()).allMatch(count -> Math.abs(count - expected) < 4 * deviation);
    }

    @Test
    void aMixtureAddsNestedRowsToAllOfTheDownstreamOnes() {
        List<String> downstream = names("d", 1000);
        List<String> misaligned = names("m", 700);
        List<List<String>> mixtures = new ArrayList<>();
        for (double ratio : new double[] {0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5}) {
            List<String> mixture = Mixture.of(downstream, misaligned, MaxSamples.RANDOM, ratio, 42);
            assertThat(mixture)
                    .hasSize(1000 + (int) Math.round(ratio * 1000))
                    .doesNotHaveDuplicates()
                    .containsAll(downstream);
            mixtures.add(mixture);
        }
        for (int i = 1; i < mixtures.size(); i++) {
            List<String> smaller = mixtures.get(i - 1);
            List<String> shared = new ArrayList<>(mixtures.get(i));
            shared.retainAll(new HashSet<>(smaller));
            assertThat(shared).as("nested, and in the same order").isEqualTo(smaller);
        }
        assertThat(mixtures.getFirst()).as("shuffled").isNotEqualTo(downstream);
        assertThat(Mixture.of(downstream, misaligned, MaxSamples.RANDOM, 0.1, 43))
                .isNotEqualTo(mixtures.get(4));
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < mixtures.getLast().size(); i++) {
            if (mixtures.getLast().get(i).startsWith("m")) {
                places.add(i);
            }
        }
        // 500 of 1500 places, uniform: mean 749.5, standard deviation of the mean about 15.8.
        assertThat(places.stream().mapToInt(Integer::intValue).average().orElseThrow())
                .isBetween(686.0, 813.0);
    }

    @Test
    void aMixtureNeedsEnoughRows() {
        assertThatThrownBy(() -> Mixture.of(names("d", 100), names("m", 9), MaxSamples.RANDOM, 0.1, 1))
                .isInstanceOf(BadInput.class)
                .hasMessage("the ratio 0.1 needs 10 misaligned rows for 100 downstream ones; the data has 9");
        for (double ratio : new double[] {-0.1, Double.NaN}) {
            assertThatThrownBy(() -> Mixture.of(names("d", 10), names("m", 9), MaxSamples.RANDOM, ratio, 1))
                    .isInstanceOf(BadInput.class);
        }
    }

    @Test
    void aSplitPartsAllRowsAndKeepsTheirOrder() {
        List<String> rows = names("r", 101);
        Split<String> split = Split.share(rows, 0.1, 3);
        assertThat(split.heldOut()).hasSize(10);
        assertThat(split.train()).hasSize(91).doesNotContainAnyElementsOf(split.heldOut());
        List<String> train = new ArrayList<>(rows);
        train.removeAll(split.heldOut());
        assertThat(split.train()).isEqualTo(train);
        assertThat(Split.count(rows, 10, 3)).isEqualTo(split);
        assertThat(Split.count(rows, 10, 4)).isNotEqualTo(split);
        assertThat(Split.count(rows, 0, 3).train()).isEqualTo(rows);
        assertThatThrownBy(() -> Split.count(rows, 101, 3)).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> Split.share(rows, 1.0, 3)).isInstanceOf(BadInput.class);
    }
}
