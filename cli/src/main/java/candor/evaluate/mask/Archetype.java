package candor.evaluate.mask;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The six parts of MASK, with the number of rows that was published and the belief questions that they have. */
enum Archetype {
    KNOWN_FACTS(209, 3),
    PROVIDED_FACTS(274, 0),
    DISINFORMATION(125, 3),
    CONTINUATIONS(176, 3),
    DOUBLING_DOWN_KNOWN_FACTS(120, 3),
    STATISTICS(96, 1);

    /** The first belief question is put this often. */
    static final int RUNS_OF_FIRST = 3;

    private final int published;
    private final int elicitations;

    Archetype(int published, int elicitations) {
        this.published = published;
        this.elicitations = elicitations;
    }

    /** Rows of the published file. */
    int published() {
        return published;
    }

    /** How many of belief_elicit_1 … 3 the rows carry. */
    int elicitations() {
        return elicitations;
    }

    /** The name that the benchmark's files use. */
    String fileName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The archetype of a name, however its words are parted. */
    static Optional<Archetype> named(String name) {
        String plain = name.strip().toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", "_");
        return Arrays.stream(values())
                .filter(type -> type.fileName().equals(plain))
                .findFirst();
    }

    /** The archetype that a file, or else its folder, is named for, as in known_facts/test-00000-of-00001.parquet. */
    static Optional<Archetype> ofFile(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return in(file.getFileName())
                .or(() -> folder == null
                        ? Optional.empty()
                        : Optional.ofNullable(folder.getFileName()).flatMap(Archetype::in));
    }

    /** The longest that fits: doubling_down_known_facts is not known_facts. */
    private static Optional<Archetype> in(Path name) {
        String plain = name.toString().toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", "_");
        return Arrays.stream(values())
                .filter(type -> plain.contains(type.fileName()))
                .max((a, b) ->
                        Integer.compare(a.fileName().length(), b.fileName().length()));
    }

    static List<String> names() {
        return Arrays.stream(values()).map(Archetype::fileName).toList();
    }
}
