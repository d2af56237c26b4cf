package candor.io;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A JSON object in a file that may be hostile: strict JSON in UTF-8, no key twice, nothing behind it, bounded in size
 * and depth. The getters check what they hand out; whatever does not fit is a {@link BadInput} that names file and key.
 */
public final class JsonFile {
    /** Far more than any configuration or index of the models that we know; small enough for any heap. */
    static final long MOST_BYTES = 4L << 20;

    private static final int MOST_SHOWN = 80;

    private static final JsonMapper MAPPER = JsonMapper.builder(strict())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Path file;
    private final String prefix;
    private final ObjectNode node;

    private JsonFile(Path file, String prefix, ObjectNode node) {
        this.file = file;
        this.prefix = prefix;
        this.node = node;
    }

    /** The rules for every JSON text that we read: names are not interned, so a file cannot fill a table that stays. */
    public static JsonFactory strict() {
        return JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(32)
                        .maxNumberLength(100)
                        .maxNameLength(1024)
                        .maxStringLength(1 << 20)
                        .build())
                .build();
    }

    /** Reads a file of at most 4 MiB. */
    public static JsonFile read(Path file) {
        try (FileChannel channel = InputFile.open(file)) {
            long size = channel.size();
            if (size > MOST_BYTES) {
                throw new BadInput(file + ": is " + size + " bytes long, more than the " + MOST_BYTES
                        + " that such a file may have; check that it is the right one");
            }
            Reader reader =
                    new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8.newDecoder());
            JsonNode root = MAPPER.readTree(reader);
            if (!(root instanceof ObjectNode object)) {
                throw new BadInput(file + ": holds no JSON object; download the file again");
            }
            return new JsonFile(file, "", object);
        } catch (JsonProcessingException e) {
            throw invalid(file, e);
        } catch (CharacterCodingException e) {
            throw new BadInput(file + ": is not UTF-8 text; download the file again", e);
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    /**
     * An object within a file of another kind.
     *
     * @param place what stands before its keys in messages
     * @param text  UTF-8
     */
    public static JsonFile within(Path file, String place, byte[] text) {
        try {
            JsonNode root = MAPPER.readTree(text);
            if (!(root instanceof ObjectNode object)) {
                throw new BadInput(file + ": " + place + " holds no JSON object; download the file again");
            }
            return new JsonFile(file, place + ".", object);
        } catch (JsonProcessingException e) {
            throw invalid(file + ": " + place, e);
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    public static BadInput invalid(Path file, JsonProcessingException e) {
        return invalid(file.toString(), e);
    }

    private static BadInput invalid(String what, JsonProcessingException e) {
        String place = e.getLocation() == null
                ? ""
                : " (line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr() + ")";
        // The parser's own idea of where an object began is a dump of its settings.
        String reason = e.getOriginalMessage().replaceFirst("(?s) \\(start marker at .*", "");
        return new BadInput(what + ": is not valid JSON: " + shorten(reason) + place + "; download the file again", e);
    }

    public static String shorten(String text) {
        return text.length() <= 2 * MOST_SHOWN ? text : text.substring(0, 2 * MOST_SHOWN) + "…";
    }

    public Path file() {
        return file;
    }

    /** The keys, sorted. */
    public Set<String> keys() {
        Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** Whether the key is there with a value other than null. */
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** Whether the value says nothing: absent, null, false, or an empty list, object or text. */
    public boolean neutral(String key) {
        JsonNode value = node.get(key);
        return value == null
                || value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty())
                || (value.isTextual() && value.textValue().isEmpty());
    }

    public boolean isText(String key) {
        return has(key) && node.get(key).isTextual();
    }

    public boolean isObject(String key) {
        return has(key) && node.get(key).isObject();
    }

    public boolean isList(String key) {
        return has(key) && node.get(key).isArray();
    }

    /** A whole number within bounds, both included. */
    public int integer(String key, int least, int most) {
        return integer(required(key), key, least, most);
    }

    private int integer(JsonNode value, String key, int least, int most) {
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < least
                || value.intValue() > most) {
            throw wrong(key, "a whole number from " + least + " to " + most);
        }
        return value.intValue();
    }

    /** The same, with a value for where the key is absent or null. */
    public int integer(String key, int least, int most, int absent) {
        return has(key) ? integer(key, least, most) : absent;
    }

    /** One whole number, or a list of at most {@code longest}; empty where the key is absent or null. */
    public List<Integer> integers(String key, int least, int most, int longest) {
        if (!isList(key)) {
            return has(key) ? List.of(integer(key, least, most)) : List.of();
        }
        if (node.get(key).size() > longest) {
            throw wrong(key, "a list of at most " + longest + " numbers");
        }
        List<Integer> values = new ArrayList<>();
        node.get(key).forEach(value -> values.add(integer(value, key, least, most)));
        return values;
    }

    /** A finite number within bounds, both included. */
    public double number(String key, double least, double most) {
        JsonNode value = required(key);
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw wrong(key, "a number from " + least + " to " + most);
        }
        return value.doubleValue();
    }

    public double number(String key, double least, double most, double absent) {
        return has(key) ? number(key, least, most) : absent;
    }

    /** An object whose values are numbers within bounds, in the order of the file; at most {@code most} of them. */
    public Map<String, Double> numbers(String key, double least, double largest, int most) {
        JsonFile inner = object(key);
        if (inner.node.size() > most) {
            throw wrong(key, "an object of at most " + most + " numbers");
        }
        Map<String, Double> numbers = new LinkedHashMap<>();
        inner.node.fieldNames().forEachRemaining(name -> numbers.put(name, inner.number(name, least, largest)));
        return numbers;
    }

    /** True or false; {@code absent} where the key is absent or null. */
    public boolean bool(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        if (!node.get(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return node.get(key).booleanValue();
    }

    public String text(String key) {
        JsonNode value = required(key);
        if (!value.isTextual()) {
            throw wrong(key, "a text");
        }
        return value.textValue();
    }

    public List<String> texts(String key, int longest) {
        JsonNode value = required(key);
        if (!value.isArray() || value.size() > longest) {
            throw wrong(key, "a list of at most " + longest + " texts");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw wrong(key, "a list of texts");
            }
            texts.add(element.textValue());
        }
        return texts;
    }

    /** Every key of this object with its value, which must be a text; sorted by key. */
    public Map<String, String> allTexts() {
        Map<String, String> texts = new TreeMap<>();
        keys().forEach(key -> texts.put(key, text(key)));
        return texts;
    }

    public JsonFile object(String key) {
        if (!(required(key) instanceof ObjectNode object)) {
            throw wrong(key, "an object");
        }
        return new JsonFile(file, prefix + key + ".", object);
    }

    /** The value as JSON, shortened, for messages. */
    public String shown(String key) {
        String text = String.valueOf(node.get(key));
        return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "…";
    }

    private JsonNode required(String key) {
        if (!node.has(key)) {
            throw new BadInput(file + ": has no " + prefix + key + "; check that it is the right file");
        }
        return node.get(key);
    }

    /** "FILE: KEY is VALUE, expected …". */
    public BadInput wrong(String key, String expected) {
        return new BadInput(file + ": " + prefix + key + " is " + shown(key) + ", expected " + expected
                + "; correct it, or take another file");
    }

    /** "FILE: KEY is VALUE, which is not supported: …". */
    public BadInput unsupported(String key, String advice) {
        return new BadInput(file + ": " + prefix + key + " is " + shown(key) + ", which is not supported", advice);
    }
}
