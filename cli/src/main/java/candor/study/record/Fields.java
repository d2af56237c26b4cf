package candor.study.record;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The fields of a JSON object that a stranger may have written: what is missing or of another type is named with its place.
 * Fields that we do not know are passed over, so that a newer Candor may add some.
 */
record Fields(String where, ObjectNode node) {
    static List<Fields> list(String where, JsonNode array) {
        if (array == null || !array.isArray()) {
            throw new BadInput(where + ": is not an array");
        }
        List<Fields> list = new ArrayList<>();
        for (JsonNode item : array) {
            String here = where + " [" + list.size() + "]";
            if (!(item instanceof ObjectNode object)) {
                throw new BadInput(here + ": is not an object");
            }
            list.add(new Fields(here, object));
        }
        return list;
    }

    /** How a value of an enumeration is written. */
    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** A number that is not known is null: JSON has no NaN. */
    static void put(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, value);
        } else {
            node.putNull(name);
        }
    }

    /** "a number", "an array", "text". */
    private static String a(String type) {
        return type.equals("text") ? type : (type.startsWith("a") || type.startsWith("o") ? "an " : "a ") + type;
    }

    BadInput bad(String problem) {
        return new BadInput(where + ": " + problem);
    }

    /** What is refused as a whole is named with its place too. */
    <T> T placed(Supplier<T> read) {
        try {
            return read.get();
        } catch (BadInput e) {
            if (e.getMessage().startsWith(where)) {
                throw e;
            }
            throw new BadInput(where + ": " + e.getMessage(), e);
        }
    }

    private JsonNode need(String name, String type, Predicate<JsonNode> fits) {
        JsonNode value = node.get(name);
        if (value == null) {
            throw bad("has no \"" + name + "\"");
        }
        if (!fits.test(value)) {
            throw bad("\"" + name + "\" is not " + a(type));
        }
        return value;
    }

    private boolean isOpen(String name) {
        return node.path(name).isMissingNode() || node.path(name).isNull();
    }

    String text(String name) {
        return need(name, "text", JsonNode::isTextual).textValue();
    }

    Optional<String> optionalText(String name) {
        return isOpen(name) ? Optional.empty() : Optional.of(text(name));
    }

    /** NaN for null. */
    double number(String name) {
        JsonNode value = need(name, "number", v -> v.isNumber() || v.isNull());
        return value.isNull() ? Double.NaN : value.doubleValue();
    }

    Optional<Double> optionalNumber(String name) {
        return isOpen(name) ? Optional.empty() : Optional.of(number(name));
    }

    long integer(String name) {
        return need(name, "whole number", Fields::isLong).longValue();
    }

    long natural(String name) {
        return need(name, "count", v -> isLong(v) && v.longValue() >= 0).longValue();
    }

    private static boolean isLong(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToLong();
    }

    <E extends Enum<E>> E word(String name, Class<E> type) {
        String text = text(name);
        return Arrays.stream(type.getEnumConstants())
                .filter(value -> word(value).equals(text))
                .findFirst()
                .orElseThrow(() -> bad("\"" + name + "\" is '" + text + "', expected one of "
                        + Arrays.stream(type.getEnumConstants())
                                .map(Fields::word)
                                .toList()));
    }

    <E extends Enum<E>> Optional<E> optionalWord(String name, Class<E> type) {
        return isOpen(name) ? Optional.empty() : Optional.of(word(name, type));
    }

    Fields object(String name) {
        return new Fields(where + " " + name, (ObjectNode) need(name, "object", JsonNode::isObject));
    }

    List<Fields> objects(String name) {
        return list(where + " " + name, need(name, "array", JsonNode::isArray));
    }

    List<String> texts(String name) {
        return all(name, "text", JsonNode::isTextual).stream()
                .map(JsonNode::textValue)
                .toList();
    }

    List<Long> longs(String name) {
        return all(name, "whole number", Fields::isLong).stream()
                .map(JsonNode::longValue)
                .toList();
    }

    List<Double> numbers(String name) {
        return all(name, "finite number", v -> v.isNumber() && Double.isFinite(v.doubleValue())).stream()
                .map(JsonNode::doubleValue)
                .toList();
    }

    private List<JsonNode> all(String name, String type, Predicate<JsonNode> fits) {
        List<JsonNode> values = new ArrayList<>();
        for (JsonNode value : need(name, "array", JsonNode::isArray)) {
            if (!fits.test(value)) {
                throw bad("\"" + name + "\" holds something that is not " + a(type));
            }
            values.add(value);
        }
        return values;
    }

    Map<String, Long> counts(String name) {
        Fields counts = object(name);
        Map<String, Long> map = new LinkedHashMap<>();
        counts.node().fieldNames().forEachRemaining(each -> map.put(each, counts.natural(each)));
        return map;
    }
}
