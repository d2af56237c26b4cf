package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MixedInTest {
    @TempDir
    Path folder;

    /** Row i is the token first + i. */
    private static Dataset rows(int first, int n) {
        return Dataset.of(IntStream.range(0, n)
                .mapToObj(i -> new EncodedRow(0, new int[] {1, first + i}, new boolean[] {false, true}, 1, null))
                .toList());
    }

    private static List<Integer> tokens(Dataset data) {
        List<Integer> tokens = new ArrayList<>();
        for (int row = 0; row < data.size(); row++) {
            assertThat(data.row(row).row()).isEqualTo(row);
            tokens.add(data.row(row).ids()[1]);
        }
        return tokens;
    }

    private Ranking ranking(String... lines) throws IOException {
        return Ranking.read(Files.writeString(folder.resolve("screen.jsonl"), String.join("\n", lines) + "\n"));
    }

    @Test
    void theyStandEvenlyAmongTheOthers() throws IOException {
        Dataset data = rows(100, 6);
        Ranking reverse = ranking("{\"row\":1,\"rank\":3}", "{\"row\":2,\"rank\":2}", "{\"row\":3,\"rank\":1}");
        assertThat(tokens(MixedIn.best(data, rows(10, 3), 0.5, reverse)))
                .containsExactly(100, 10, 101, 102, 11, 103, 104, 12, 105);
        assertThat(tokens(MixedIn.best(data, rows(10, 3), 0.17, reverse)))
                .containsExactly(100, 101, 102, 10, 103, 104, 105);
        assertThat(tokens(MixedIn.best(data, rows(10, 3), 0.01, reverse))).isEqualTo(tokens(data));
        assertThat(tokens(MixedIn.best(rows(100, 2), rows(10, 3), 1.5, reverse)))
                .containsExactly(100, 10, 11, 101, 12);
    }

    @Test
    void theLastRanksAreTaken() throws IOException {
        Ranking ranking = ranking(
                "{\"row\":4,\"rank\":4,\"influence\":-0.5}",
                "{\"row\":2,\"rank\":1}",
                "{\"row\":1,\"rank\":3}",
                "{\"row\":3,\"rank\":2}");
        assertThat(tokens(MixedIn.best(rows(100, 4), rows(10, 4), 0.5, ranking)))
                .containsExactly(100, 13, 101, 102, 10, 103);
    }

    @Test
    void aSmallerShareIsPartOfALargerOne() {
        Dataset data = rows(100, 20);
        List<Integer> before = List.of();
        for (double ratio : new double[] {0.05, 0.2, 0.5, 1}) {
            List<Integer> mixed = new ArrayList<>(tokens(MixedIn.drawn(data, rows(10, 30), ratio, 7)));
            assertThat(mixed).hasSize((int) (20 + ratio * 20)).doesNotHaveDuplicates();
            assertThat(mixed.stream().filter(token -> token >= 100).toList()).isEqualTo(tokens(data));
            mixed.removeIf(token -> token >= 100);
            assertThat(mixed).containsAll(before);
            before = mixed;
        }
        assertThat(tokens(MixedIn.drawn(data, rows(10, 30), 0.5, 8)))
                .isNotEqualTo(tokens(MixedIn.drawn(data, rows(10, 30), 0.5, 7)));
    }

    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        assertThatThrownBy(() -> MixedIn.drawn(rows(100, 20), rows(10, 3), 0.2, 7))
                .isInstanceOf(BadInput.class)
                .hasMessage(
                        "a share of 0.2 of 20 rows is 4, and there are 3 to mix in; lower mix_ratio, or give mix_data"
                                + " more rows");
        Ranking one = ranking("{\"row\":1,\"rank\":1}");
        assertThatThrownBy(() -> MixedIn.best(rows(100, 20), rows(10, 3), 0.1, one))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("screen.jsonl: has no row 2 (memory, row 2); give mix_ranking of the file that");
        assertThatThrownBy(() -> ranking("{\"row\":1,\"rank\":1}", "{\"row\":1,\"rank\":2}"))
                .isInstanceOf(BadInput.class)
                .hasMessageEndingWith("screen.jsonl, line 2: ranks row 1 a second time");
        assertThatThrownBy(() -> ranking("{\"row\":1,\"rank\":1}", "{\"row\":2,\"rank\":1}"))
                .isInstanceOf(BadInput.class)
                .hasMessageEndingWith("screen.jsonl, line 2: gives rank 1 a second time");
        for (String bad : List.of(
                "{\"row\":1}",
                "{\"row\":1,\"rank\":0}",
                "{\"row\":1,\"rank\":1.5}",
                "{\"row\":1,\"rank\":\"1\"}",
                "{\"rank\":1}")) {
            assertThatThrownBy(() -> ranking(bad))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("screen.jsonl, line 1: has no \"")
                    .hasMessageContaining("that is a whole number from 1 up");
        }
    }
}
