package candor.cli;

import candor.BadInput;
import candor.evaluate.judge.JudgeSettings;
import candor.hub.Named;
import candor.hub.Split;
import candor.study.Section;
import candor.train.config.ConfigFile;
import candor.train.config.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Names on the Hub, wherever a model, an adapter or data is asked for: they are put into options, training settings and studies as local
 * paths before any command looks at them, so that no command need know of the Hub. What is missing is downloaded first.
 */
final class HubNames {
    private static final String EQUALS = "=";

    /** What a name is the name of. */
    private enum Role {
        MODEL,
        ADAPTER,
        TOKENIZER,
        DATA,
        VALIDATION,
        BENCHMARK;

        boolean isName(String text) {
            return switch (this) {
                case MODEL, TOKENIZER -> Named.isModel(text);
                case ADAPTER ->
                    !Files.exists(Path.of(text))
                            && Named.isModel(text.substring(label(text).length()));
                case DATA, VALIDATION, BENCHMARK -> Named.isData(text);
            };
        }

        List<String> paths(Named named, String text) {
            return switch (this) {
                case MODEL -> List.of(named.model(text).toString());
                case ADAPTER ->
                    List.of(label(text) + named.model(text.substring(label(text).length())));
                case TOKENIZER -> List.of(named.tokenizer(text).toString());
                case DATA -> texts(named.data(text, Split.TRAIN));
                case VALIDATION -> texts(named.data(text, Split.VALIDATION));
                case BENCHMARK -> texts(named.data(text, Split.TEST));
            };
        }

        private static List<String> texts(List<Path> paths) {
            return paths.stream().map(Path::toString).toList();
        }

        /** An adapter may be given a name of the user's: NAME=DIR. */
        private static String label(String text) {
            int equals = text.indexOf(EQUALS);
            return equals < 0 ? "" : text.substring(0, equals + 1);
        }
    }

    private static final Map<String, Role> OPTIONS = Map.of(
            "--model", Role.MODEL,
            "--adapter", Role.ADAPTER,
            "--init-adapter", Role.MODEL,
            "--tokenizer", Role.TOKENIZER,
            "--data", Role.DATA,
            "--mix-data", Role.DATA,
            "--fewshot-data", Role.DATA,
            "--eval-data", Role.VALIDATION);

    private static final String JUDGE_MODEL = JudgeSettings.flag(JudgeSettings.MODEL);
    private static final String JUDGE_URL = JudgeSettings.flag(JudgeSettings.URL);

    /** Commands whose models and data are those of a benchmark, or are told by other means. */
    private static final String EVAL = "eval";

    private static final String QUICKSTART = "quickstart";

    /** Commands that take a model for its tokenizer and template alone. */
    private static final Set<String> OF_TEXTS = Set.of("tokenize", "render");

    private HubNames() {}

    /**
     * Puts local paths into the options of a command line.
     *
     * @throws Ended if the user stopped a download
     */
    static void resolve(ParseResult parsed) {
        ParseResult command = parsed;
        boolean eval = false;
        while (command.hasSubcommand()) {
            command = command.subcommand();
            eval |= command.commandSpec().name().equals(EVAL);
            if (command.commandSpec().name().equals(QUICKSTART)) {
                return;
            }
        }
        if (command.isUsageHelpRequested() || command.isVersionHelpRequested()) {
            return;
        }
        List<Found> found = new ArrayList<>();
        for (OptionSpec option : command.matchedOptionsSet()) {
            Role role = role(option, command, eval);
            if (role != null && option.originalStringValues().stream().anyMatch(role::isName)) {
                found.add(new Found(option, role));
            }
        }
        if (!found.isEmpty()) {
            during(command.commandSpec(), named -> found.forEach(each -> each.put(named)));
        }
    }

    private record Found(OptionSpec option, Role role) {
        void put(Named named) {
            List<String> paths = option.originalStringValues().stream()
                    .flatMap(text -> role.isName(text) ? role.paths(named, text).stream() : Stream.of(text))
                    .toList();
            boolean list = option.isMultiValue();
            if (!list && paths.size() != 1) {
                throw new BadInput(option.longestName() + " takes one file, and "
                        + option.originalStringValues().getFirst() + " is " + paths.size() + "; give one of "
                        + String.join(", ", paths));
            }
            boolean path = (list ? option.auxiliaryTypes()[0] : option.type()) == Path.class;
            List<Object> values = paths.stream()
                    .map(text -> path ? Path.of(text) : (Object) text)
                    .toList();
            option.setValue(list ? new ArrayList<>(values) : values.getFirst());
        }
    }

    private static Role role(OptionSpec option, ParseResult command, boolean eval) {
        String name = option.longestName();
        if (name.equals(JUDGE_MODEL)) {
            return command.hasMatchedOption(JUDGE_URL)
                    ? null
                    : Role.MODEL; // an endpoint's models have names of their own
        }
        if (name.equals("--model") && OF_TEXTS.contains(command.commandSpec().name())) {
            return Role.TOKENIZER;
        }
        Role role = OPTIONS.get(name);
        return eval && name.equals("--data") ? Role.BENCHMARK : role;
    }

    @FunctionalInterface
    private interface Work {
        void with(Named named);
    }

    private static void during(CommandSpec spec, Work work) {
        Hub.transferring(spec, around -> {
            try (Named named = new Named(Hub.settings(), around)) {
                work.with(named);
            }
            return null;
        });
    }

    /** A training configuration with local paths in place of names. */
    static ConfigFile resolve(ConfigFile file, CommandSpec spec) {
        List<Settings> all = new ArrayList<>(file.runs());
        all.addFirst(file.common());
        if (all.stream().noneMatch(HubNames::hasName)) {
            return file;
        }
        List<Settings> resolved = new ArrayList<>();
        during(
                spec,
                named -> all.forEach(settings -> resolved.add(settings.mapped((key, texts) -> {
                    Role role = OPTIONS.get("--" + key.replace('_', '-'));
                    return role == null ? texts : resolved(named, role, texts);
                }))));
        return new ConfigFile(resolved.getFirst(), resolved.subList(1, resolved.size()));
    }

    /** A study's settings with local paths in place of names. */
    static Section resolve(Section given, CommandSpec spec) {
        boolean[] found = {false};
        given.mapped((path, section, key, texts) -> {
            Role role = role(path, section, key);
            found[0] |= role != null && texts.stream().anyMatch(role::isName);
            return texts;
        });
        if (!found[0]) {
            return given;
        }
        List<Section> resolved = new ArrayList<>();
        during(
                spec,
                named -> resolved.add(given.mapped((path, section, key, texts) -> {
                    Role role = role(path, section, key);
                    return role == null ? texts : resolved(named, role, texts);
                })));
        return resolved.getFirst();
    }

    /** What a key of a study takes; null for one that takes no name. */
    private static Role role(String path, Section section, String key) {
        if (key.equals(JudgeSettings.MODEL.key())) {
            // Beside an address a model is known by a name of its server's.
            boolean local = path.isEmpty()
                    || (section.has(JudgeSettings.KIND)
                            && section.text(JudgeSettings.KIND.key()).equals(JudgeSettings.Kind.LOCAL.word()));
            return local ? Role.MODEL : null;
        }
        return switch (path + key) {
            case "mixture.downstream",
                    "mixture.misaligned",
                    "train.mix_data",
                    "remedy.normal",
                    "remedy.severe",
                    "remedy.honest" -> Role.DATA;
            default ->
                path.startsWith("evaluate.") && key.equals("data")
                        ? Role.BENCHMARK
                        : path.startsWith("evaluate.") && key.equals("fewshot_data") ? Role.DATA : null;
        };
    }

    private static boolean hasName(Settings settings) {
        boolean[] found = {false};
        settings.mapped((key, texts) -> {
            Role role = OPTIONS.get("--" + key.replace('_', '-'));
            found[0] |= role != null && texts.stream().anyMatch(role::isName);
            return texts;
        });
        return found[0];
    }

    private static List<String> resolved(Named named, Role role, List<String> texts) {
        return texts.stream()
                .flatMap(text -> role.isName(text) ? role.paths(named, text).stream() : Stream.of(text))
                .toList();
    }
}
