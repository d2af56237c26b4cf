package candor.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Lengths of rows as chat data has them: most of some hundred tokens, a few of thousands. The peers read the same file. */
final class RowLengths {
    private static final String FILE = "lengths.txt";

    private RowLengths() {}

    /**
     * The file's lengths, in its order, scaled so that its longest row has so many tokens.
     *
     * @param longest at least 2, as every row has
     * @param rows at most so many, from the first on
     */
    static int[] upTo(int longest, int rows) {
        int[] lengths = read();
        int most = IntStream.of(lengths).max().orElseThrow();
        return IntStream.of(lengths)
                .limit(rows)
                .map(length -> Math.max(2, Math.toIntExact((long) length * longest / most)))
                .toArray();
    }

    private static int[] read() {
        try (InputStream in = RowLengths.class.getResourceAsStream(FILE)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .flatMap(line -> Stream.of(line.split(" ")))
                    .mapToInt(Integer::parseInt)
                    .toArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
