package candor.study;

import candor.train.config.Setting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a {@link Section} may hold.
 *
 * @param settings its own keys
 * @param sections its sections by name
 * @param anyKey whether it may hold keys of the user's choice, such as names of domains
 */
public record Schema(List<Setting<?>> settings, Map<String, Schema> sections, boolean anyKey) {
    /** Whatever there is; somebody else looks at it. */
    private static final Schema ANYTHING = new Schema(List.of(), Map.of(), true);

    public Schema {
        settings = List.copyOf(settings);
    }

    /** A section of these keys, without sections of its own. */
    public static Schema of(Setting<?>... settings) {
        return of(List.of(settings));
    }

    public static Schema of(List<Setting<?>> settings) {
        return new Schema(settings, Map.of(), false);
    }

    /** A section whose keys are the user's. */
    public static Schema anyKeys() {
        return new Schema(List.of(), Map.of(), true);
    }

    /** A section that is checked elsewhere, sections within it too. */
    public static Schema anything() {
        return ANYTHING;
    }

    /** These keys and more. */
    public Schema with(Setting<?>... more) {
        List<Setting<?>> all = new ArrayList<>(settings);
        all.addAll(List.of(more));
        return new Schema(all, sections, anyKey);
    }

    /** These keys and more. */
    public Schema with(List<Setting<?>> more) {
        return with(more.toArray(Setting<?>[]::new));
    }

    /** The same with a section. */
    public Schema with(String name, Schema section) {
        Map<String, Schema> all = new LinkedHashMap<>(sections);
        all.put(name, section);
        return new Schema(settings, all, anyKey);
    }

    /** Whether a key, dots leading into sections, takes a list of values. */
    boolean isList(String key) {
        int dot = key.indexOf('.');
        if (dot >= 0) {
            Schema inner = sections.get(key.substring(0, dot));
            return inner != null && inner.isList(key.substring(dot + 1));
        }
        return settings.stream()
                .anyMatch(setting -> setting.key().equals(key) && setting.kind() instanceof Setting.Texts);
    }

    List<String> names() {
        List<String> names = new ArrayList<>();
        settings.forEach(setting -> names.add(setting.key()));
        names.addAll(sections.keySet());
        return names;
    }
}
