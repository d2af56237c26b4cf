package candor.study;

import candor.BadInput;
import candor.train.config.FamiliarNames;
import candor.train.config.Setting;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Keys and values with sections among them, as a YAML file has them; every value knows where it stands. A value is read, and
 * found wanting, when it is asked for; {@link #check} refuses what nobody would ask for.
 */
public final class Section {
    /** Texts (one, but for lists) and where they stand: "study.yaml, line 3" or "--set". */
    private record Given(List<String> texts, String origin) {}

    private static final Section EMPTY_TOP = new Section("", "", Map.of(), Map.of());

    private final String path;
    private final String origin;
    private final Map<String, Given> values;
    private final Map<String, Section> sections;

    private Section(String path, String origin, Map<String, Given> values, Map<String, Section> sections) {
        this.path = path;
        this.origin = origin;
        this.values = values;
        this.sections = sections;
    }

    /** Nothing given. */
    public static Section empty() {
        return EMPTY_TOP;
    }

    private static Section empty(String path, String origin) {
        return new Section(path, origin, Map.of(), Map.of());
    }

    /** The same with a value, which replaces one that is there; dots in the key lead into sections. */
    public Section with(String key, List<String> texts, String where) {
        int dot = key.indexOf('.');
        if (dot < 0) {
            if (sections.containsKey(key)) {
                throw new BadInput(
                        where + ": " + path + key + " is a section; give one of its keys as " + path + key + ".KEY");
            }
            Map<String, Given> all = new LinkedHashMap<>(values);
            all.put(key, new Given(List.copyOf(texts), where));
            return new Section(path, origin, all, sections);
        }
        String name = key.substring(0, dot);
        Section inner = sections.getOrDefault(name, empty(path + name + ".", where));
        return with(name, inner.with(key.substring(dot + 1), texts, where), where);
    }

    /**
     * The same with {@code KEY=VALUE} from the command line; where the schema has a list, commas separate its values.
     *
     * @param notes told what a user should hear, though all is well
     * @throws BadInput where there is no =
     */
    public Section with(String assignment, Schema schema, Consumer<String> notes) {
        int equals = assignment.indexOf('=');
        if (equals < 1) {
            throw new BadInput("--set " + assignment + ": must be KEY=VALUE, such as train.learning_rate=1e-4");
        }
        String key = assignment.substring(0, equals).strip();
        String value = assignment.substring(equals + 1);
        List<String> texts = schema.isList(key) ? List.of(value.split(",")) : List.of(value);
        return overriddenBy(EMPTY_TOP.with(key, texts, "--set").named(schema, notes));
    }

    /**
     * The same under our names, where keys stand under names that users know from other programs.
     *
     * @param notes told what a user should hear, though all is well
     * @throws BadInput for what is not here, and for a setting that is given under two names
     */
    public Section named(Schema schema, Consumer<String> notes) {
        if (schema == Schema.anything()) {
            return this;
        }
        Map<String, Given> renamed = new LinkedHashMap<>();
        values.forEach((key, given) -> (schema.anyKey()
                        ? Optional.of(new FamiliarNames.Ours(key, given.texts()))
                        : FamiliarNames.ours(key, given.texts(), where(key), schema.names(), notes))
                .ifPresent(ours -> {
                    if (renamed.put(ours.key(), new Given(ours.texts(), given.origin())) != null) {
                        throw new BadInput(
                                where(key) + ": is " + path + ours.key() + " once more; remove one of the two");
                    }
                }));
        Map<String, Section> inner = new LinkedHashMap<>();
        sections.forEach((name, section) -> {
            Schema its = schema.sections().get(name);
            inner.put(name, its == null ? section : section.named(its, notes));
        });
        return new Section(path, origin, renamed, inner);
    }

    /** The same with a section in the place of the one that is there. */
    Section with(String name, Section section, String where) {
        if (values.containsKey(name)) {
            throw new BadInput(where + ": " + path + name + " is a value at "
                    + values.get(name).origin() + " and a section here");
        }
        Map<String, Section> all = new LinkedHashMap<>(sections);
        all.put(name, section);
        return new Section(path, origin, values, all);
    }

    /** An empty section of this one, to be filled and put in with {@link #with(String, Section, String)}. */
    Section inner(String name, String where) {
        return empty(path + name + ".", where);
    }

    /** The same with a part of every value put for another, such as a folder for its name. */
    public Section replacing(String part, String by) {
        Map<String, Given> replaced = new LinkedHashMap<>();
        values.forEach((key, given) -> replaced.put(
                key,
                new Given(
                        given.texts().stream()
                                .map(text -> text.replace(part, by))
                                .toList(),
                        given.origin())));
        Map<String, Section> inner = new LinkedHashMap<>();
        sections.forEach((name, section) -> inner.put(name, section.replacing(part, by)));
        return new Section(path, origin, replaced, inner);
    }

    /** Gives the texts of a key in the place of those that it has. */
    @FunctionalInterface
    public interface Mapping {
        /** @param path of the key's section, such as {@code evaluate.mask.}; empty at the top */
        List<String> of(String path, Section section, String key, List<String> texts);
    }

    /** The same with other texts, such as what a name stands for, in all sections; where they stand does not change. */
    public Section mapped(Mapping mapping) {
        Map<String, Given> all = new LinkedHashMap<>();
        values.forEach((key, given) ->
                all.put(key, new Given(List.copyOf(mapping.of(path, this, key, given.texts())), given.origin())));
        Map<String, Section> inner = new LinkedHashMap<>();
        sections.forEach((name, section) -> inner.put(name, section.mapped(mapping)));
        return new Section(path, origin, all, inner);
    }

    /** Its own values, without the sections in it. */
    Section alone() {
        return new Section(path, origin, values, Map.of());
    }

    /** Both; where both have a value, the other's. */
    public Section overriddenBy(Section other) {
        Section all = this;
        for (Map.Entry<String, Given> entry : other.values.entrySet()) {
            all = all.with(
                    entry.getKey(), entry.getValue().texts(), entry.getValue().origin());
        }
        for (Map.Entry<String, Section> entry : other.sections.entrySet()) {
            Section mine = all.sections.get(entry.getKey());
            Section both = mine == null ? entry.getValue() : mine.overriddenBy(entry.getValue());
            all = all.with(entry.getKey(), both, entry.getValue().origin);
        }
        return all;
    }

    /** Whether a section of this name was given. */
    public boolean has(String section) {
        return sections.containsKey(section);
    }

    public boolean has(Setting<?> setting) {
        return values.containsKey(setting.key());
    }

    /** A section, empty where it was not given. */
    public Section section(String name) {
        return sections.getOrDefault(name, empty(path + name + ".", origin));
    }

    /** The names of the sections that were given, in the order of the file. */
    public List<String> sectionNames() {
        return List.copyOf(sections.keySet());
    }

    /** The keys that were given, in the order of the file. */
    public Set<String> keys() {
        return values.keySet();
    }

    /** The value, or the default, or null where there is neither. */
    public <T> T get(Setting<T> setting) {
        return settings().get(setting);
    }

    /** The value of a key that is the user's own. */
    public String text(String key) {
        Given given = values.get(key);
        if (given.texts().size() != 1) {
            throw new BadInput(
                    where(key) + ": must be one value, not " + given.texts().size());
        }
        return given.texts().getFirst();
    }

    /** The value of a key as a file has it: a list in brackets, texts in quotes where they would be read as something else. */
    public String written(String key) {
        List<String> texts = values.get(key).texts();
        return written(texts, texts.size() != 1);
    }

    /** Texts as a file has them. */
    public static String written(List<String> texts, boolean list) {
        String all = texts.stream()
                .map(text -> text.matches("[A-Za-z0-9][A-Za-z0-9_./+-]*|\\{.*\\}")
                        ? text
                        : JsonNodeFactory.instance.textNode(text).toString())
                .collect(Collectors.joining(", "));
        return list ? "[" + all + "]" : all;
    }

    /** The value or the default; where there is neither, one line that says what to give. */
    public <T> T require(Setting<T> setting) {
        T value = get(setting);
        if (value == null) {
            throw new BadInput(path + setting.key() + " is missing: " + setting.help()
                    + " Give it in the YAML file, or as" + " --set " + path + setting.key() + "=…");
        }
        return value;
    }

    /** Where a key stands, for messages. */
    public String where(String key) {
        Given given = values.get(key);
        return given == null ? path + key : given.origin() + ": " + path + key;
    }

    public String where(Setting<?> setting) {
        return where(setting.key());
    }

    /** The values of this section alone, as settings of the engine. */
    public Settings settings() {
        Settings settings = Settings.NONE;
        for (Map.Entry<String, Given> entry : values.entrySet()) {
            // A flag's message names the flag and no key; here the key is what is wrong.
            String at = entry.getValue().origin();
            settings = settings.with(
                    entry.getKey(), entry.getValue().texts(), at.startsWith("--") ? "on the command line" : at);
        }
        return settings;
    }

    /**
     * Refuses every key and section that the schema does not have, and values that are not of their kind.
     *
     * @throws BadInput names the nearest that it has
     */
    public void check(Schema schema) {
        if (schema == Schema.anything()) {
            return;
        }
        values.forEach((key, given) -> {
            if (schema.sections().containsKey(key)) {
                throw new BadInput(where(key) + ": is a section, keys and values of its own on the lines below it");
            }
            if (!schema.anyKey()
                    && schema.settings().stream().noneMatch(s -> s.key().equals(key))) {
                throw new BadInput(where(key) + ": there is no such setting" + nearest(key, schema));
            }
        });
        schema.settings().stream().filter(this::has).forEach(this::get);
        sections.forEach((name, section) -> {
            Schema inner = schema.sections().get(name);
            if (inner == null) {
                boolean isKey = schema.settings().stream().anyMatch(s -> s.key().equals(name));
                throw new BadInput(section.origin + ": " + path + name + ": "
                        + (isKey
                                ? "must be a value or a list of values, not a section"
                                : "there is no such section" + nearest(name, schema)));
            }
            section.check(inner);
        });
    }

    private static String nearest(String key, Schema schema) {
        List<String> known = schema.names();
        return FamiliarNames.suggestion(key, known, UnaryOperator.identity());
    }

    /** All values, for the record: a text that is a number, true or false becomes that. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        values.forEach((key, given) -> {
            if (given.texts().size() == 1) {
                json.set(key, plain(given.texts().getFirst()));
            } else {
                ArrayNode list = json.putArray(key);
                given.texts().forEach(text -> list.add(plain(text)));
            }
        });
        sections.forEach((name, section) -> json.set(name, section.json()));
        return json;
    }

    private static com.fasterxml.jackson.databind.node.ValueNode plain(String text) {
        if (text.equals("true") || text.equals("false")) {
            return JsonNodeFactory.instance.booleanNode(text.equals("true"));
        }
        if (text.matches("-?(0|[1-9][0-9]{0,17})")) {
            return JsonNodeFactory.instance.numberNode(Long.parseLong(text));
        }
        if (text.matches("-?[0-9]{1,17}(\\.[0-9]{1,17})?([eE][-+]?[0-9]{1,3})?")) {
            return JsonNodeFactory.instance.numberNode(Double.parseDouble(text));
        }
        return JsonNodeFactory.instance.textNode(text);
    }

    /** Several of one value's texts, each read by a function that gives null for what it does not take. */
    public <T> List<T> list(Setting<List<String>> setting, java.util.function.Function<String, T> read, String mustBe) {
        List<T> list = new ArrayList<>();
        for (String text : require(setting)) {
            T value = read.apply(text.strip());
            if (value == null) {
                throw new BadInput(where(setting) + ": must be " + mustBe + ", not " + text);
            }
            list.add(value);
        }
        return List.copyOf(list);
    }
}
