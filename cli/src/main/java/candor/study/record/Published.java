package candor.study.record;

import candor.BadInput;
import candor.io.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A published number; see the package for the files that hold them.
 *
 * @param arm as the source names it
 * @param role what that arm is among ours
 * @param source where it is printed
 * @param note what a reader should know about it; may be empty
 */
public record Published(
        StudyKind study,
        String model,
        String arm,
        Role role,
        Optional<String> domain,
        Optional<Double> ratio,
        Optional<Double> share,
        Optional<Method> method,
        String task,
        String subset,
        double value,
        String source,
        String note) {
    private static final int MAX_BYTES = 4 << 20;

    /** The published numbers of a protocol; none where the program carries none. */
    public static List<Published> of(StudyKind study) {
        String name = "/candor/study/published/" + study.name().toLowerCase(Locale.ROOT) + ".json";
        try (InputStream in = Published.class.getResourceAsStream(name)) {
            return in == null ? List.of() : read(name, in.readNBytes(MAX_BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether this number was measured on an arm like ours. What either side leaves open does not part them. */
    public boolean like(Arm ours) {
        return role == ours.role()
                && same(ratio, ours.ratio())
                && same(share, ours.share())
                && same(method, ours.method());
    }

    private static <T> boolean same(Optional<T> theirs, Optional<T> ours) {
        return theirs.isEmpty() || ours.isEmpty() || theirs.equals(ours);
    }

    static List<Published> read(String name, byte[] bytes) throws IOException {
        JsonNode list;
        try {
            list = Json.mapper(MAX_BYTES).readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new BadInput(name + ": " + Json.reason(e), e);
        }
        List<Published> numbers = new ArrayList<>();
        for (Fields fields : Fields.list(name, list)) {
            numbers.add(new Published(
                    fields.word("study", StudyKind.class),
                    fields.text("model"),
                    fields.text("arm"),
                    Role.read(fields),
                    fields.optionalText("domain"),
                    fields.optionalNumber("ratio"),
                    fields.optionalNumber("share"),
                    fields.optionalWord("method", Method.class),
                    fields.text("task"),
                    fields.text("subset"),
                    fields.number("value"),
                    fields.text("source"),
                    fields.text("note")));
        }
        return numbers;
    }
}
