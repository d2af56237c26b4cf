package candor.cli;

import candor.train.config.Setting;
import candor.train.config.Settings;
import java.util.List;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Settings as options of a command, and what was given on a command line as settings. */
final class SettingOptions {
    private SettingOptions() {}

    /** A setting under its own name, with its default in the help. */
    static OptionSpec.Builder option(Setting<?> setting) {
        String help = setting.help()
                + setting.fallbackText()
                        .filter(text -> !text.isEmpty())
                        .map(text -> " Default: " + text + ".")
                        .orElse("");
        OptionSpec.Builder option = OptionSpec.builder(setting.flag()).description(help.replace("%", "%%"));
        return switch (setting.kind()) {
            case Setting.YesNo _ -> option.negatable(true).arity("0").type(Boolean.class);
            case Setting.Texts texts ->
                option.paramLabel(texts.label())
                        .arity("1..*")
                        .splitRegex(texts.label().equals("NAME") ? "," : "")
                        .type(List.class)
                        .auxiliaryTypes(String.class);
            case Setting.Kind<?> kind ->
                option.paramLabel(kind.label()).arity("1").type(String.class);
        };
    }

    /** Those of the settings that a command line gives. */
    static Settings given(ParseResult parsed, List<Setting<?>> settings) {
        Settings flags = Settings.NONE;
        for (Setting<?> setting : settings) {
            OptionSpec option = parsed.matchedOption(setting.flag());
            if (option != null) {
                flags = flags.with(setting.key(), texts(option.getValue()), setting.flag());
            }
        }
        return flags;
    }

    private static List<String> texts(Object value) {
        return value instanceof List<?> list
                ? list.stream().map(Object::toString).toList()
                : List.of(value.toString());
    }
}
