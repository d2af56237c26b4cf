package candor.cli;

import candor.BadInput;
import candor.train.config.Familiar;
import candor.train.config.FamiliarNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * A command line in our own option names, made of one in whatever names users know ({@link FamiliarNames}): {@code
 * --lora_r 8} becomes {@code --lora-rank 8}. An option that no command has ends it here, before picocli would take it for a
 * value of the option in front.
 */
final class OptionNames {
    private static final String DEVICE = "--device";
    private static final Set<String> TRUE = Set.of("true", "yes");
    private static final Set<String> FALSE = Set.of("false", "no");

    /** How the denial of a flag begins. */
    private static final String NO = "--no-";

    private final Consumer<String> notes;
    private final String[] given;
    private final List<String> ours = new ArrayList<>();
    private CommandLine command;
    private int next;

    private OptionNames(CommandLine root, Consumer<String> notes, String[] given) {
        this.command = root;
        this.notes = notes;
        this.given = given;
    }

    /**
     * The same command line in our names.
     *
     * @param notes told what a user should hear, though all is well
     * @throws ParameterException for a command that there is not, or an option that the command does not have
     * @throws BadInput for what other programs have and this one has not
     */
    static String[] ours(CommandLine root, Consumer<String> notes, String... given) {
        return new OptionNames(root, notes, given).translated();
    }

    private String[] translated() {
        while (next < given.length) {
            String word = given[next++];
            if (word.equals("--")) {
                ours.add(word);
                takeRest();
            } else if (word.startsWith("--")) {
                option(word);
            } else if (isFamiliar(word)) {
                familiar(word, null);
            } else {
                word(word);
            }
        }
        if (command.getParent() != null) {
            Subcommands.complete(command); // a group that is named alone tells what it has
        }
        return ours.toArray(String[]::new);
    }

    /** A name with one dash, such as -lr, that is no option of ours, nor several of one letter. */
    private boolean isFamiliar(String word) {
        return word.matches("-[A-Za-z_]+")
                && !command.getCommandSpec().optionsMap().containsKey(word)
                && FamiliarNames.find(word.substring(1), keys(command).keySet()).isPresent();
    }

    /** The name of a command, or an argument of the command that was named. */
    private void word(String word) {
        ours.add(word);
        CommandLine named = Subcommands.find(command, word);
        if (named == null && Subcommands.any(command) && !word.startsWith("-")) {
            throw new ParameterException(command, CommandNames.unknown(command, word));
        }
        command = named == null ? command : named;
    }

    private void option(String word) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        String attached = equals < 0 ? null : word.substring(equals + 1);
        OptionSpec option = option(command, name);
        String dashed = "--" + name.substring(2).replace('_', '-');
        if (option == null) {
            option = option(command, dashed);
            name = dashed;
        }
        if (option != null && !(dashed.equals(DEVICE) && !number(attached))) {
            known(option, name, attached);
        } else {
            familiar(word, attached);
        }
    }

    /** Whether an option's value is a number: other programs name a kind of device where ours has its number. */
    private boolean number(String attached) {
        String value = attached != null ? attached : next < given.length ? given[next] : "";
        return value.matches("-?[0-9]+");
    }

    private void known(OptionSpec option, String name, String attached) {
        boolean flag = option.arity().max() == 0 && option.type() != null && isBoolean(option);
        if (flag) {
            flag(option, name, attached == null ? yesOrNo() : attached);
            return;
        }
        ours.add(attached == null ? name : name + "=" + attached);
        for (int value = attached == null ? 0 : 1; value < option.arity().min() && next < given.length; value++) {
            ours.add(given[next++]); // whatever it looks like
        }
    }

    private static boolean isBoolean(OptionSpec option) {
        return option.type() == boolean.class || option.type() == Boolean.class;
    }

    /** A flag with a value, as other programs have them. */
    private void flag(OptionSpec option, String name, String value) {
        if (value == null || TRUE.contains(lower(value))) {
            ours.add(name);
        } else if (!FALSE.contains(lower(value))) {
            throw new ParameterException(command, name + ": must be true or false, not " + value);
        } else if (option.negatable()) {
            ours.add(name.startsWith(NO) ? "--" + name.substring(NO.length()) : NO + name.substring(2));
        }
    }

    /** The value of a flag, taken if the next word is one; null otherwise. */
    private String yesOrNo() {
        if (next < given.length && (TRUE.contains(lower(given[next])) || FALSE.contains(lower(given[next])))) {
            return given[next++];
        }
        return null;
    }

    private void familiar(String word, String attached) {
        String written = attached == null ? word : word.substring(0, word.indexOf('='));
        String name = written.replaceFirst("^--?", "");
        Map<String, String> known = keys(command);
        Familiar familiar = FamiliarNames.find(name, known.keySet()).orElse(null);
        if (familiar == null) {
            throw unknown(name, known);
        }
        List<String> texts = values(familiar, attached);
        FamiliarNames.ours(name, texts, written, known.keySet(), notes)
                .ifPresent(setting -> add(known.get(setting.key()), setting.texts()));
    }

    /** Those behind a familiar name; of an option with several, the first, since the others follow by themselves. */
    private List<String> values(Familiar familiar, String attached) {
        if (attached != null) {
            return List.of(attached);
        }
        return switch (familiar) {
            case Familiar.Renamed renamed -> renamed.yesNo() ? orTrue() : one();
            case Familiar.Fixed fixed -> fixed.yesNo() ? orTrue() : one();
            case Familiar.Meant _, Familiar.Missing _ -> {
                String value = yesOrNo();
                yield value == null ? List.of("true") : List.of(value);
            }
        };
    }

    private List<String> orTrue() {
        return next < given.length && !given[next].startsWith("-") ? one() : List.of("true");
    }

    private List<String> one() {
        return next < given.length ? List.of(given[next++]) : List.of();
    }

    private void add(String name, List<String> texts) {
        OptionSpec option = option(command, name);
        if (isBoolean(option) && texts.isEmpty()) {
            ours.add(name);
        } else if (isBoolean(option)) {
            flag(option, name, texts.getFirst());
        } else if (texts.size() == 1 && option.arity().max() <= 1) {
            ours.add(name + "=" + texts.getFirst());
        } else {
            ours.add(name);
            ours.addAll(texts);
        }
    }

    private ParameterException unknown(String name, Map<String, String> known) {
        String message = "Unknown option: '--" + name + "'";
        if (Subcommands.any(command)) {
            return new ParameterException(command, message + "; options follow the command: " + follows(name));
        }
        String elsewhere = siblings("--" + name.replace('_', '-'));
        return new ParameterException(
                command,
                message
                        + (elsewhere.isEmpty()
                                ? FamiliarNames.suggestion(name, known.keySet(), known::get)
                                : "; it belongs to " + elsewhere));
    }

    /** How it would be right: with the command that comes later on the line, or else which there are. */
    private String follows(String name) {
        for (int later = next; later < given.length; later++) {
            if (Subcommands.find(command, given[later]) != null) {
                return command.getCommandSpec().qualifiedName() + " " + given[later] + " --" + name;
            }
        }
        return CommandNames.missing(command);
    }

    /** The option of this very name, or that whose denial it is. */
    private static OptionSpec option(CommandLine command, String name) {
        Map<String, OptionSpec> all = command.getCommandSpec().optionsMap();
        if (all.containsKey(name) || !name.startsWith(NO)) {
            return all.get(name);
        }
        OptionSpec denied = all.get("--" + name.substring(NO.length()));
        return denied != null && denied.negatable() ? denied : null;
    }

    /** The commands beside this one that have the option; those of many are not a hint. */
    private String siblings(String option) {
        if (command.getParent() == null) {
            return "";
        }
        Subcommands.complete(command.getParent());
        List<String> having = command.getParent().getSubcommands().values().stream()
                .filter(sibling -> option(sibling, option) != null)
                .map(sibling -> "'" + sibling.getCommandSpec().qualifiedName() + "'")
                .distinct()
                .toList();
        return having.size() > 3 ? "" : String.join(" and ", having);
    }

    /** The options of a command, by key. */
    private static Map<String, String> keys(CommandLine command) {
        Map<String, String> keys = new LinkedHashMap<>();
        for (OptionSpec option : command.getCommandSpec().options()) {
            String longest = option.longestName();
            if (longest.startsWith("--")) {
                keys.put(FamiliarNames.key(longest.substring(2)), longest);
            }
        }
        return keys;
    }

    private void takeRest() {
        while (next < given.length) {
            ours.add(given[next++]);
        }
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }
}
