package candor.evaluate.data;

import candor.BadInput;
import candor.data.read.Origin;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** A row of a benchmark's file, and where it stands. */
public record DataRow(Origin origin, ObjectNode columns) {
    /** The text of a column that must be there, and must not be blank; several names are the same column in other releases. */
    public String text(String... names) {
        return optional(names).orElseThrow(() -> bad("the column \"" + names[0] + "\" is empty"));
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

    /** What is wrong with this row, with its place. */
    public BadInput bad(String problem) {
        return new BadInput(origin + ": " + problem);
    }

    /** SHA-256 of the row's content: rows of two evaluations are compared only where it is the same. */
    public String hash() {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(columns.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
