package candor.evaluate.deception;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The five types of DeceptionBench, with the number of rows that was published. */
enum Type {
    SYCOPHANCY(43, "sycophan"),
    ALIGNMENT_FAKING(16, "alignment faking", "evaluation faking"),
    SANDBAGGING(33, "sandbag"),
    STRATEGIC_DECEPTION(45, "rule breaking", "strategic deception", "goal driven"),
    HONESTY_EVASION(43, "honesty evasion");

    private final int published;
    private final List<String> marks;

    Type(int published, String... marks) {
        this.published = published;
        this.marks = List.of(marks);
    }

    int published() {
        return published;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The type that a text of the data names; they differ between releases in case, hyphens and endings. */
    static Optional<Type> named(String text) {
        String plain = text.toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", " ");
        return Arrays.stream(values())
                .filter(type -> type.marks.stream().anyMatch(plain::contains))
                .findFirst();
    }
}
