package candor.train.config;

import candor.BadInput;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was given: texts by key, each with where it stands ("run.yaml, line 3" or "--learning-rate"). Values are read, and
 * found wanting, when they are asked for.
 */
public final class Settings {
    private record Given(List<String> texts, String origin) {}

    /** Nothing given. */
    public static final Settings NONE = new Settings(Map.of());

    private final Map<String, Given> given;

    private Settings(Map<String, Given> given) {
        this.given = given;
    }

    /** These and one more; a key that was there is replaced. */
    public Settings with(String key, List<String> texts, String origin) {
        Map<String, Given> all = new LinkedHashMap<>(given);
        all.put(key, new Given(List.copyOf(texts), origin));
        return new Settings(all);
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

    public boolean has(Setting<?> setting) {
        return given.containsKey(setting.key());
    }

    /** Where a key stands, for messages; its flag where nobody gave it. */
    public String origin(Setting<?> setting) {
        Given found = given.get(setting.key());
        return found == null ? setting.flag() : name(setting.key(), found.origin);
    }

    private static String name(String key, String origin) {
        return origin.startsWith("--") ? origin : origin + ": " + key;
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
            throw new BadInput(name(setting.key(), found.origin) + ": must be " + wrong.getMessage() + ", not "
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
            throw new BadInput(name(key, value.origin) + ": "
                    + (place != null
                            ? "belongs to " + place + "; take it out here"
                            : "there is no such setting; did you mean " + Nearest.to(key.replace('-', '_'), known)
                                    + "?"));
        });
    }
}
