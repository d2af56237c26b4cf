package candor.ops;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Bytes that are needed at one place, by kind.
 *
 * @param bytes in the order in which they are worth telling
 */
public record Needs(Map<String, Long> bytes) {
    /** Where nothing is needed. */
    public static final Needs NONE = new Needs(Map.of());

    public Needs {
        bytes = Collections.unmodifiableMap(new LinkedHashMap<>(bytes));
    }

    /** All bytes. */
    public long total() {
        return bytes.values().stream().mapToLong(b -> b).sum();
    }
}
