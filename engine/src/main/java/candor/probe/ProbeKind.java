package candor.probe;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a probe asks about. */
public enum ProbeKind {
    /** Whether the model says what is true where something else would pay: honesty. */
    PRESSURE,
    /** Whether it says what is true where nothing speaks against that: belief. */
    BELIEF;

    /** As files write it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The kind of a text, or null. */
    static ProbeKind of(String text) {
        return Arrays.stream(values())
                .filter(kind -> kind.text().equals(text))
                .findFirst()
                .orElse(null);
    }

    static List<String> texts() {
        return Arrays.stream(values()).map(ProbeKind::text).toList();
    }
}
