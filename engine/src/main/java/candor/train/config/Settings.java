package candor.train.config;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * What was given: texts by key, each with where it stands ("run.yaml, line 3" or "--learning-rate"). Values are read, and
 * found wanting, when they are asked for.
 */
public final class Settings {
    /** @param name the key as it was written */
    private record Given(String name, List<String> texts, String origin) {
        String at() {
            return Settings.at(name, origin);
        }
    }

    /** Nothing given. */
    public static final Settings NONE = new Settings(Map.of());

    private final Map<String, Given> given;

    private Settings(Map<String, Given> given) {
        this.given = given;
    }

    /** These and one more; a key that was there is replaced. */
    public Settings with(String key, List<String> texts, String origin) {
        return with(key, key, texts, origin);
    }

    private Settings with(String key, String name, List<String> texts, String origin) {
        Map<String, Given> all = new LinkedHashMap<>(given);
        all.put(key, new Given(name, FamiliarNames.words(key, texts), origin));
        return new Settings(all);
    }

    /**
     * These and one more, under whatever name users know it by.
     *
     * @param known the keys of all settings there
     * @param notes told what a user should hear, though all is well
     * @throws BadInput for what is not here, and for what was given before under another name
     */
    public Settings withFamiliar(
            String name, List<String> texts, String origin, Collection<String> known, Consumer<String> notes) {
        return FamiliarNames.ours(name, texts, at(name, origin), known, notes)
                .map(ours -> {
                    Given before = given.get(ours.key());
                    if (before != null) {
                        throw new BadInput(
                                at(name, origin) + ": is " + before.at() + " once more; remove one of the two");
                    }
                    return with(ours.key(), name, ours.texts(), origin);
                })
                .orElse(this);
    }

    /** These and one more, given by a program. */
    public Settings with(Setting<?> setting, String... texts) {
        return with(setting.key(), List.of(texts), setting.flag());
    }

    /** Both, the other's where both have a key. */
    public Settings overriddenBy(Settings other) {
        Map<String, Given> all = new LinkedHashMap<>(given);
        all.putAll(other.given);
        return new Settings(all);
    }

    /**
     * The same with other texts, such as what a name stands for; where they stand does not change.
     *
     * @param of gives the texts for a key and the texts it has
     */
    public Settings mapped(BiFunction<String, List<String>, List<String>> of) {
        Map<String, Given> all = new LinkedHashMap<>();
        given.forEach((key, each) -> all.put(key, new Given(each.name, of.apply(key, each.texts), each.origin)));
        return new Settings(all);
    }

    public boolean has(Setting<?> setting) {
        return given.containsKey(setting.key());
    }

    /** Where a key stands, for messages; its flag where nobody gave it. */
    public String origin(Setting<?> setting) {
        Given found = given.get(setting.key());
        return found == null ? setting.flag() : found.at();
    }

    private static String at(String name, String origin) {
        return origin.startsWith("--") ? origin : origin + ": " + name;
    }

    /** The value, or the default, or null where there is neither. */
    public <T> T get(Setting<T> setting) {
        Given found = given.get(setting.key());
        if (found == null) {
            return setting.fallback();
        }
        try {
            return setting.kind().read(found.texts);
        } catch (Setting.Wrong wrong) {
            String texts = String.join(",", found.texts);
            throw new BadInput(found.at() + ": must be " + wrong.getMessage() + ", not "
                    + (texts.length() > 60 ? texts.substring(0, 60) + "…" : texts));
        }
    }

    /** The value or the default; where there is neither, one line that says what to give. */
    public <T> T require(Setting<T> setting) {
        T value = get(setting);
        if (value == null) {
            throw new BadInput(setting.flag() + " is missing: " + setting.help());
        }
        return value;
    }

    /** The values of settings, given or not, by their keys: constants by their names, null where there is neither value nor default. */
    public ObjectNode json(Collection<Setting<?>> of) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        for (Setting<?> setting : of) {
            json.set(setting.key(), json(get(setting)));
        }
        return json;
    }

    private static JsonNode json(Object value) {
        return switch (value) {
            case null -> JsonNodeFactory.instance.nullNode();
            case Long number -> JsonNodeFactory.instance.numberNode(number);
            case Double number -> JsonNodeFactory.instance.numberNode(number);
            case Boolean yes -> JsonNodeFactory.instance.booleanNode(yes);
            case Enum<?> constant -> JsonNodeFactory.instance.textNode(constant.name());
            case List<?> list -> {
                ArrayNode all = JsonNodeFactory.instance.arrayNode();
                list.forEach(each -> all.add(json(each)));
                yield all;
            }
            default -> JsonNodeFactory.instance.textNode(value.toString());
        };
    }

    /** All that was given, as {@link #read} takes it: for another process that shall read the same values, and complain alike. */
    public ObjectNode written() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        given.forEach((key, each) -> {
            ObjectNode one = json.putObject(key).put("name", each.name).put("origin", each.origin);
            each.texts.forEach(one.putArray("texts")::add);
        });
        return json;
    }

    /** What {@link #written} wrote. */
    public static Settings read(JsonNode written) {
        Map<String, Given> all = new LinkedHashMap<>();
        written.properties().forEach(entry -> {
            JsonNode one = entry.getValue();
            List<String> texts = new ArrayList<>();
            one.get("texts").forEach(text -> texts.add(text.textValue()));
            all.put(
                    entry.getKey(),
                    new Given(
                            one.get("name").textValue(),
                            List.copyOf(texts),
                            one.get("origin").textValue()));
        });
        return new Settings(all);
    }

    /**
     * Refuses keys that nobody knows.
     *
     * @param known every key that may be given, and where those belong that may be given elsewhere
     */
    public void refuseUnknown(Collection<String> known, Map<String, String> elsewhere) {
        given.forEach((key, value) -> {
            if (known.contains(key)) {
                return;
            }
            String place = elsewhere.get(key);
            throw new BadInput(value.at() + ": "
                    + (place != null
                            ? "belongs to " + place + "; remove it here"
                            : "there is no such setting"
                                    + FamiliarNames.suggestion(key, known, UnaryOperator.identity())));
        });
    }
}
