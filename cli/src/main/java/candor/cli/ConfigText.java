package candor.cli;

import candor.BadInput;
import candor.study.Schema;
import candor.train.config.Setting;
import java.util.List;
import java.util.Map;

/**
 * A YAML file of settings, all of them: those that were chosen with their values, the others behind a # with the value that they have
 * anyway, and each under what it is for.
 */
final class ConfigText {
    private static final int COLUMNS = 100;
    private static final String INDENT = "  ";

    private final Map<String, String> chosen;
    private final StringBuilder text = new StringBuilder();

    private ConfigText(Map<String, String> chosen) {
        this.chosen = chosen;
    }

    /** @param chosen values as YAML writes them, by key */
    static String of(List<Setting<?>> settings, Map<String, String> chosen) {
        ConfigText config = new ConfigText(chosen);
        settings.forEach(setting -> config.setting("", "", setting));
        return config.text.toString();
    }

    /** @param chosen values as YAML writes them, by key, with dots behind the names of sections */
    static String of(Schema schema, Map<String, String> chosen) {
        ConfigText config = new ConfigText(chosen);
        config.section("", "", schema);
        return config.text.toString();
    }

    private void section(String path, String indent, Schema schema) {
        schema.settings().forEach(setting -> setting(path, indent, setting));
        chosen.forEach((key, value) -> {
            String own = key.startsWith(path) ? key.substring(path.length()) : ".";
            if (schema.anyKey()
                    && !own.contains(".")
                    && schema.settings().stream().noneMatch(s -> s.key().equals(own))) {
                text.append(indent).append(own).append(": ").append(value).append('\n');
            }
        });
        schema.sections().forEach((name, inner) -> {
            String within = path + name + ".";
            boolean any = chosen.keySet().stream().anyMatch(key -> key.startsWith(within));
            if (any) {
                text.append('\n').append(indent).append(name).append(":\n");
                section(within, indent + INDENT, inner);
            } else if (!inner.settings().isEmpty()) {
                text.append('\n').append(indent).append("# ").append(name).append(": a section of ");
                text.append(String.join(
                                ", ",
                                inner.settings().stream().map(Setting::key).toList()))
                        .append('\n');
            }
        });
    }

    private void setting(String path, String indent, Setting<?> setting) {
        String help = BadInput.advice(setting.help(), key -> key);
        text.append('\n');
        Wrapped.lines(help, COLUMNS - indent.length() - 2)
                .forEach(line -> text.append(indent).append("# ").append(line).append('\n'));
        String value = chosen.get(path + setting.key());
        text.append(indent);
        if (value == null) {
            text.append("# ")
                    .append(setting.key())
                    .append(": ")
                    .append(fallback(setting))
                    .append('\n');
        } else {
            text.append(setting.key()).append(": ").append(value).append('\n');
        }
    }

    private static String fallback(Setting<?> setting) {
        return setting.fallbackText()
                .filter(text -> !text.isEmpty())
                .map(text -> setting.fallback() instanceof List<?> ? "[" + text.replace(",", ", ") + "]" : text)
                .orElse("(none, if not given)");
    }
}
