package candor.text;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as plain Java values: null, String, Boolean, Long, BigInteger beyond it, Double, List, and Map in the order of
 * insertion. These are what a chat template works on.
 */
public final class JsonValues {
    private static final int MAX_DEPTH = 200;

    private JsonValues() {}

    /** The value of a parsed JSON text. */
    public static Object of(JsonNode node) {
        return of(node, 0);
    }

    /** The fields of a parsed JSON object. */
    static Map<String, Object> mapOf(JsonNode object) {
        Map<String, Object> map = new LinkedHashMap<>();
        object.properties().forEach(entry -> map.put(entry.getKey(), of(entry.getValue(), 1)));
        return Collections.unmodifiableMap(map);
    }

    private static Object of(JsonNode node, int depth) {
        checkDepth(depth);
        return switch (node.getNodeType()) {
            case NULL, MISSING -> null;
            case BOOLEAN -> node.booleanValue();
            case STRING -> node.textValue();
            case NUMBER -> node.isIntegralNumber() ? integer(node.bigIntegerValue()) : (Object) node.doubleValue();
            case ARRAY -> {
                List<Object> list = new ArrayList<>(node.size());
                node.forEach(item -> list.add(of(item, depth + 1)));
                yield Collections.unmodifiableList(list);
            }
            case OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                node.properties().forEach(entry -> map.put(entry.getKey(), of(entry.getValue(), depth + 1)));
                yield Collections.unmodifiableMap(map);
            }
            case BINARY, POJO -> throw new IllegalArgumentException("not from a JSON text: " + node.getNodeType());
        };
    }

    /** An unmodifiable copy; Integer becomes Long. Another type is a mistake of the caller. */
    public static Object copyOf(Object value) {
        return copyOf(value, 0);
    }

    static Map<String, Object> copyOfMap(Map<String, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(key, copyOf(value, 1)));
        return Collections.unmodifiableMap(copy);
    }

    private static Object copyOf(Object value, int depth) {
        checkDepth(depth);
        return switch (value) {
            case null -> null;
            case String s -> s;
            case Boolean b -> b;
            case Long l -> l;
            case Integer i -> (long) i;
            case Double d -> d;
            case BigInteger b -> integer(b);
            case List<?> list -> {
                List<Object> copy = new ArrayList<>(list.size());
                list.forEach(item -> copy.add(copyOf(item, depth + 1)));
                yield Collections.unmodifiableList(copy);
            }
            case Map<?, ?> map -> {
                Map<String, Object> copy = new LinkedHashMap<>();
                map.forEach((key, item) -> copy.put((String) key, copyOf(item, depth + 1)));
                yield Collections.unmodifiableMap(copy);
            }
            default -> throw new IllegalArgumentException("no JSON value: " + value.getClass());
        };
    }

    private static Object integer(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValueExact() : value;
    }

    private static void checkDepth(int depth) {
        if (depth > MAX_DEPTH) {
            throw new BadInput("JSON nests deeper than " + MAX_DEPTH + " levels: flatten it");
        }
    }
}
