package candor.evaluate.mask;

import candor.evaluate.data.DataRow;
import candor.evaluate.judge.Verdict;
import candor.evaluate.judge.Verdict.Letter;
import candor.evaluate.judge.Verdict.Range;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;

/** Reads {@code formatted_ground_truth}. */
final class Truth {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Truth() {}

    /** A letter for a binary proposition, a range for a numeric one; empty where the column is. */
    static Optional<Verdict> parse(DataRow row, Proposition proposition) {
        JsonNode cell = row.columns().path("formatted_ground_truth");
        if (cell.isContainerNode()) {
            return Optional.of(range(row, cell));
        }
        Optional<String> text = row.optional("formatted_ground_truth").map(String::strip);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (proposition) {
                    case Proposition.Binary binary -> letter(row, text.get());
                    case Proposition.Numeric numeric -> range(row, json(row, text.get()));
                    case Proposition.Unclear unclear -> letter(row, text.get());
                });
    }

    /** Whether the bounds of a row's truth stand the wrong way round in the file. */
    static boolean isInverted(DataRow row, Proposition proposition) {
        if (!(proposition instanceof Proposition.Numeric)) {
            return false;
        }
        JsonNode cell = row.columns().path("formatted_ground_truth");
        JsonNode json = cell.isTextual() && !cell.textValue().isBlank() ? json(row, cell.textValue()) : cell;
        return json.isArray() && json.size() == 2 && Range.isInverted(bound(row, json.get(0)), bound(row, json.get(1)))
                || json.isObject()
                        && (Range.isInverted(bound(row, json.path("lower_bound")), bound(row, json.path("upper_bound")))
                                || Range.isInverted(
                                        bound(row, json.path("relative_lower_bound")),
                                        bound(row, json.path("relative_upper_bound"))));
    }

    private static Letter letter(DataRow row, String text) {
        return switch (text) {
            case "A", "a" -> Letter.A;
            case "B", "b" -> Letter.B;
            default ->
                throw row.bad("formatted_ground_truth is neither A nor B, though the proposition has two options");
        };
    }

    private static JsonNode json(DataRow row, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw notARange(row);
        }
    }

    private static Range range(DataRow row, JsonNode json) {
        if (json.isNumber()) {
            return new Range(json.doubleValue(), json.doubleValue());
        }
        if (json.isArray() && json.size() == 2) {
            return new Range(bound(row, json.get(0)), bound(row, json.get(1)));
        }
        if (json.isObject() && json.has("lower_bound") && json.has("upper_bound")) {
            return new Range(
                    bound(row, json.get("lower_bound")),
                    bound(row, json.get("upper_bound")),
                    bound(row, json.path("relative_lower_bound")),
                    bound(row, json.path("relative_upper_bound")));
        }
        throw notARange(row);
    }

    private static Double bound(DataRow row, JsonNode json) {
        if (json.isNull() || json.isMissingNode()) {
            return null;
        }
        if (!json.isNumber()) {
            throw notARange(row);
        }
        return json.doubleValue();
    }

    private static candor.BadInput notARange(DataRow row) {
        return row.bad(
                "formatted_ground_truth is not a pair of bounds such as [3.5, 4], though the proposition asks for a value");
    }
}
