package candor.watch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TailTest {
    @TempDir
    Path temp;

    private Path file;
    private final List<Integer> seen = new ArrayList<>();
    private int begun;
    private Tail tail;

    @BeforeEach
    void open() {
        file = temp.resolve("metrics.jsonl");
        tail = new Tail(file, true, line -> seen.add(line.path("step").asInt(-1)), () -> {
            begun++;
            seen.clear();
        });
    }

    private void read() {
        tail.read(Long.MAX_VALUE);
    }

    private void add(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void eachLineComesOnceAndWhenItIsWhole() throws IOException {
        read();
        add("{\"step\":1}\n{\"step\":2}\n{\"st");
        read();
        assertThat(seen).containsExactly(1, 2);
        read();
        add("ep\":3}");
        read();
        assertThat(seen).containsExactly(1, 2);
        add("\n");
        read();
        read();
        assertThat(seen).containsExactly(1, 2, 3);
        assertThat(begun).isZero();
        assertThat(tail.behind()).isFalse();
    }

    @Test
    void aFileThatWasCutBackIsReadAnew() throws IOException {
        add("{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
        read();
        Files.writeString(file, "{\"step\":1}\n{\"step\":9}\n");
        read();
        assertThat(seen).containsExactly(1, 9);
        assertThat(begun).isEqualTo(1);
    }

    /** Cut back by a resumed run, which has written further than before since the last look. */
    @Test
    void aFileThatHasGrownOverItsCutIsReadAnewToo() throws IOException {
        add("{\"step\":1}\n{\"step\":2}\n");
        read();
        Files.writeString(file, "{\"step\":1}\n{\"step\":7}\n{\"step\":8}\n");
        read();
        assertThat(seen).containsExactly(1, 7, 8);
        Files.delete(file);
        read();
        assertThat(seen).isEmpty();
        assertThat(begun).isEqualTo(2);
    }

    @Test
    void whatIsNoLineOfOursIsPassedOver() throws IOException {
        add("\nnonsense\n[1]\n{\"step\":1\n{\"step\":1,\"step\":2}\n\u0000\n{\"step\":4}\n");
        read();
        assertThat(seen).containsExactly(4);
    }

    @Test
    void aLineThatIsTooLongIsPassedOver() throws IOException {
        add("{\"step\":1}\n{\"text\":\"" + "x".repeat(3 * Tail.MOST_LINE_BYTES) + "\"}\n{\"step\":2}\n");
        read();
        assertThat(seen).containsExactly(1, 2);
        add("{\"text\":\"" + "x".repeat(Tail.MOST_LINE_BYTES));
        read();
        add("x\"}\n{\"step\":3}\n");
        read();
        assertThat(seen).containsExactly(1, 2, 3);
    }

    @Test
    void aLongFileIsReadInSeveralLooks() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= 250_000; step++) {
            lines.append("{\"step\":").append(step).append("}\n");
        }
        add(lines.toString());
        tail.read(System.nanoTime() - 1);
        assertThat(tail.behind()).isTrue();
        assertThat(tail.read()).isBetween(0.2, 0.4);
        int first = seen.size();
        assertThat(first).isBetween(60_000, 80_000);
        tail.read(System.nanoTime() + 20_000_000); // some pieces, the last of them beyond the time
        tail.read(System.nanoTime() - 1);
        assertThat(seen.size()).isGreaterThan(first + 60_000);
        assertThat(begun).isZero();
        read();
        assertThat(seen).hasSize(250_000);
        assertThat(seen.getLast()).isEqualTo(250_000);
        assertThat(tail.behind()).isFalse();
        assertThat(tail.read()).isEqualTo(1);
    }

    /** As a chart wants it: from all along the file, with all lines of its end. */
    @Test
    void ofAVeryLongFilePiecesAreEnough() throws IOException {
        int count = 300_000;
        String pad = "\",\"pad\":\"" + "x".repeat(480) + "\"}\n";
        try (var out = Files.newBufferedWriter(file)) {
            for (int step = 1; step <= count; step++) {
                out.write("{\"step\":" + step + ",\"a\":\"" + pad);
            }
        }
        List<Integer> steps = new ArrayList<>();
        Tail some = new Tail(file, false, line -> steps.add(line.path("step").asInt()), steps::clear);
        some.read(Long.MAX_VALUE);
        assertThat(steps).isSorted().doesNotHaveDuplicates();
        assertThat(steps.size()).isBetween(count / 4, count * 3 / 4);
        assertThat(steps.subList(steps.size() - 20_000, steps.size()))
                .startsWith(count - 19_999)
                .endsWith(count);
        int gap = 0;
        for (int i = 1; i < steps.size(); i++) {
            gap = Math.max(gap, steps.get(i) - steps.get(i - 1));
        }
        assertThat(gap).isLessThan(count / 30);
        Files.writeString(file, "{\"step\":300001}\n", StandardOpenOption.APPEND);
        some.read(Long.MAX_VALUE);
        assertThat(steps.getLast()).isEqualTo(300_001);
    }

    @Test
    void aFolderInItsPlaceIsNoFile() throws IOException {
        Files.createDirectory(file);
        read();
        assertThat(seen).isEmpty();
    }
}
