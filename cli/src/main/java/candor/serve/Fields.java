package candor.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** The JSON object of a request. A field that is null is as good as none. What was never asked for is refused at the end. */
final class Fields {
    private static final int MOST_DEPTH = 64;
    private static final int MOST_DIGITS = 64;

    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MOST_DEPTH)
                            .maxNumberLength(MOST_DIGITS)
                            .maxStringLength(Integer.MAX_VALUE) // the request's size has a bound
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final ObjectNode object;
    private final Set<String> known = new HashSet<>();

    private Fields(ObjectNode object) {
        this.object = object;
    }

    /** @throws ApiError where it is not a JSON object in UTF-8 */
    static Fields of(byte[] body) throws ApiError {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            throw ApiError.bad(null, "the request's body is not UTF-8");
        }
        try {
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return new Fields(object);
            }
        } catch (JsonProcessingException e) {
            // The first line says what and where; it may quote a token, but no more than a few characters of it.
            JsonLocation at = e.getLocation();
            String where = at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
            throw ApiError.bad(null, "the request's body is not JSON: " + firstLine(e.getOriginalMessage()) + where);
        }
        throw ApiError.bad(null, "the request's body is not a JSON object");
    }

    private static String firstLine(String message) {
        String line = message.lines().findFirst().orElse("").replaceFirst(" \\(start marker at .*", "");
        return line.length() > 200 ? line.substring(0, 200) + "…" : line;
    }

    Optional<JsonNode> get(String name) {
        known.add(name);
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    JsonNode required(String name) throws ApiError {
        return get(name).orElseThrow(() -> ApiError.bad(name, "'" + name + "' is missing"));
    }

    String text(String name, String otherwise) throws ApiError {
        Optional<JsonNode> value = get(name);
        require(value.isEmpty() || value.get().isTextual(), name, "a string");
        return value.map(JsonNode::textValue).orElse(otherwise);
    }

    boolean bool(String name, boolean otherwise) throws ApiError {
        Optional<JsonNode> value = get(name);
        require(value.isEmpty() || value.get().isBoolean(), name, "true or false");
        return value.map(JsonNode::booleanValue).orElse(otherwise);
    }

    int integer(String name, int least, int most, int otherwise) throws ApiError {
        return (int) whole(name, least, most, otherwise);
    }

    /** A whole number; 3.0 is one. */
    long whole(String name, long least, long most, long otherwise) throws ApiError {
        Optional<JsonNode> value = get(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        JsonNode number = value.get();
        boolean whole = number.isNumber() && (number.canConvertToExactIntegral() && number.canConvertToLong());
        require(
                whole && number.longValue() >= least && number.longValue() <= most,
                name,
                "a whole number from " + least + " to " + most);
        return number.longValue();
    }

    double number(String name, double otherwise) throws ApiError {
        Optional<JsonNode> value = get(name);
        require(value.isEmpty() || value.get().isNumber(), name, "a number");
        return value.map(JsonNode::doubleValue).orElse(otherwise);
    }

    /** A string, or a list of a few of them. */
    List<String> texts(String name, int most, int mostCharacters) throws ApiError {
        Optional<JsonNode> value = get(name);
        if (value.isEmpty()) {
            return List.of();
        }
        List<JsonNode> nodes = new ArrayList<>();
        if (value.get().isArray()) {
            value.get().forEach(nodes::add);
        } else {
            nodes.add(value.get());
        }
        boolean all = nodes.stream()
                .allMatch(node -> node.isTextual() && !node.textValue().isEmpty());
        require(
                all && nodes.size() <= most,
                name,
                "a string that is not empty, or a list of up to " + most + " of them");
        List<String> texts = nodes.stream().map(JsonNode::textValue).toList();
        require(
                texts.stream().allMatch(text -> text.length() <= mostCharacters),
                name,
                "no longer than " + mostCharacters + " characters");
        return texts;
    }

    /** A list or an object with nothing in it. */
    static boolean isEmpty(JsonNode value) {
        return value.isContainerNode() && value.isEmpty();
    }

    /** Refuses a field that asks for something which is not there. */
    void refuse(String name, Predicate<JsonNode> neutral, String why) throws ApiError {
        Optional<JsonNode> value = get(name);
        if (value.isPresent() && !neutral.test(value.get())) {
            throw ApiError.bad(name, "'" + name + "' is not supported: " + why);
        }
    }

    /** Fields that change nothing of a reply. */
    void ignore(String... names) {
        known.addAll(List.of(names));
    }

    /** Refuses what nobody asked for. */
    void refuseOthers() throws ApiError {
        for (String name : (Iterable<String>) object::fieldNames) {
            if (!known.contains(name) && !object.get(name).isNull()) {
                String shown = name.length() > 64 ? name.substring(0, 64) + "…" : name;
                throw ApiError.bad(shown, "'" + shown + "' is not a field of such a request");
            }
        }
    }

    static void require(boolean holds, String name, String wanted) throws ApiError {
        if (!holds) {
            throw ApiError.bad(name, "'" + name + "' must be " + wanted);
        }
    }
}
