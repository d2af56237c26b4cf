package candor.evaluate.data;

import candor.BadInput;
import candor.data.read.Origin;
import candor.io.Sha256;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** A row of a benchmark's file, and where it stands. */
public record DataRow(Origin origin, ObjectNode columns) {
    /** The text of a column that must be there, and must not be blank; several names are the same column in other releases. */
    public String text(String... names) {
        return optional(names)
                .orElseThrow(() -> bad(
                        has(names)
                                ? "the column \"" + names[0] + "\" is empty"
                                : "no column \"" + String.join("\" or \"", names) + "\"; the row has " + names()));
    }

    /** The text of a column; empty where there is no such column, or where it is null or blank. */
    public Optional<String> optional(String... names) {
        for (String name : names) {
            JsonNode value = columns.get(name);
            if (value != null && !value.isNull()) {
                if (value.isContainerNode()) {
                    throw bad("the column \"" + name + "\" is a list or an object, expected a text");
                }
                String text = value.asText();
                return text.isBlank() ? Optional.empty() : Optional.of(text);
            }
        }
        return Optional.empty();
    }

    /** Whether the row has one of these columns, whatever stands in it. */
    public boolean has(String... names) {
        return List.of(names).stream().anyMatch(columns::has);
    }

    /** The names of its columns, the first of them where there are very many. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        Iterator<String> all = columns.fieldNames();
        while (all.hasNext() && names.size() < 20) {
            names.add(all.next());
        }
        return names;
    }

    /** What is wrong with this row, with its place. */
    public BadInput bad(String problem) {
        return new BadInput(origin + ": " + problem);
    }

    /** SHA-256 of the row's content: rows of two evaluations are compared only where it is the same. */
    public String hash() {
        return Sha256.hex(columns.toString());
    }
}
