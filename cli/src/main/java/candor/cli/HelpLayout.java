package candor.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * How a command's help is set: options under headings ({@link OptionSections}), as wide as the terminal, words whole, examples at
 * its end ({@link Examples}).
 */
final class HelpLayout {
    /** Where output is no terminal, or nobody knows how wide it is. */
    private static final int USUAL_COLUMNS = 80;

    private static final int NARROWEST = 55;
    private static final int WIDEST = 120;

    /** Where explanations begin. */
    private static final int EXPLAINED = 28;

    private static final int INDENT = 2;

    /** Stands for a blank that no line ends at. */
    private static final char TIE = '\u00a0';

    private static final String NEW_LINE = System.lineSeparator();

    private HelpLayout() {}

    /** Lays out the help of a command, and of those that it has already. */
    static void install(CommandLine command) {
        var sections = command.getHelpSectionMap();
        sections.put(UsageMessageSpec.SECTION_KEY_SYNOPSIS, HelpLayout::synopsis);
        sections.put(UsageMessageSpec.SECTION_KEY_DESCRIPTION, HelpLayout::description);
        sections.put(UsageMessageSpec.SECTION_KEY_PARAMETER_LIST, HelpLayout::arguments);
        sections.put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpLayout::options);
        sections.put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "");
        sections.put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, HelpLayout::commands);
        sections.put(UsageMessageSpec.SECTION_KEY_FOOTER_HEADING, help -> "");
        sections.put(UsageMessageSpec.SECTION_KEY_FOOTER, HelpLayout::footer);
        command.getSubcommands().values().forEach(HelpLayout::install);
    }

    /** Columns of standard output, within reason. */
    static int width() {
        int columns = Tty.isTerminal(Tty.STDOUT) ? Tty.columns(Tty.STDOUT) : 0;
        return columns == 0 ? USUAL_COLUMNS : Math.clamp(columns - 1, NARROWEST, WIDEST);
    }

    /** "candor train sft --data=FILE... --output=DIR [OPTIONS]": what must be given, and what else there is. */
    private static String synopsis(Help help) {
        CommandSpec spec = help.commandSpec();
        List<String> words = new ArrayList<>();
        spec.options().stream().filter(OptionSpec::required).forEach(option -> words.add(label(help, option)));
        words.add("[OPTIONS]");
        spec.positionalParameters().forEach(argument -> words.add(label(help, argument)));
        if (Subcommands.any(spec.commandLine())) {
            words.add(spec.usageMessage().synopsisSubcommandLabel());
        }
        String name = spec.qualifiedName();
        int indent = "Usage: ".length() + name.length() + 1;
        List<String> lines = Wrapped.lines(String.join(" ", words), width() - indent);
        return help.colorScheme().commandText(name) + " " + indented(lines, indent) + NEW_LINE;
    }

    private static String description(Help help) {
        return Arrays.stream(help.commandSpec().usageMessage().description())
                .flatMap(paragraph -> Wrapped.lines(plain(paragraph), width()).stream())
                .map(line -> line + NEW_LINE)
                .collect(Collectors.joining());
    }

    private static String arguments(Help help) {
        List<PositionalParamSpec> arguments = help.commandSpec().positionalParameters();
        StringBuilder all = new StringBuilder(arguments.isEmpty() ? "" : NEW_LINE + "Arguments:" + NEW_LINE);
        arguments.forEach(
                argument -> entry(all, label(help, argument), label(help, argument), explained(help, argument)));
        return all.toString();
    }

    private static String options(Help help) {
        StringBuilder all = new StringBuilder();
        OptionSections.of(help.commandSpec().options()).forEach((heading, options) -> {
            all.append(NEW_LINE).append(heading).append(':').append(NEW_LINE);
            for (OptionSpec option : options) {
                String names = names(help, option);
                String label = names + parameter(help, option);
                String shown = help.colorScheme().optionText(names) + parameter(help, option);
                entry(all, label, shown, explained(help, option));
            }
        });
        return all.toString();
    }

    /** Commands of a group, with their other names; those of the program itself are {@link CommandListing}'s. */
    private static String commands(Help help) {
        if (help.commandSpec().parent() == null) {
            return CommandListing.of(help);
        }
        StringBuilder all = new StringBuilder();
        help.commandSpec().subcommands().values().stream().distinct().forEach(command -> {
            if (all.isEmpty()) {
                all.append(NEW_LINE).append("Commands:").append(NEW_LINE);
            }
            CommandSpec spec = command.getCommandSpec();
            String names = String.join(", ", spec.names());
            String purpose = String.join(" ", spec.usageMessage().description());
            entry(all, names, help.colorScheme().commandText(names).toString(), plain(purpose));
        });
        return all.toString();
    }

    private static String footer(Help help) {
        StringBuilder all = new StringBuilder();
        List<String> examples = Examples.of(help.commandSpec().qualifiedName());
        if (!examples.isEmpty()) {
            all.append(NEW_LINE).append("Examples:").append(NEW_LINE);
            examples.forEach(line -> all.append(" ".repeat(INDENT)).append(line).append(NEW_LINE));
        }
        String[] ends = help.commandSpec().usageMessage().footer();
        if (ends.length > 0 && help.commandSpec().parent() == null) {
            all.append(NEW_LINE);
            Wrapped.lines(String.join(" ", ends), width())
                    .forEach(line -> all.append(line).append(NEW_LINE));
        }
        return all.toString();
    }

    /** @param shown the label, in colours or not */
    private static void entry(StringBuilder all, String label, String shown, String explained) {
        // A default stays with its word, unless it fills a line by itself.
        List<String> lines =
                Wrapped.lines(explained.replaceAll("Default: (?=\\S{1,40}$)", "Default:" + TIE), width() - EXPLAINED)
                        .stream()
                        .map(line -> line.replace(TIE, ' '))
                        .toList();
        all.append(" ".repeat(INDENT)).append(shown);
        int end = INDENT + label.length();
        if (!lines.isEmpty()) {
            all.append(end + 2 > EXPLAINED ? NEW_LINE + " ".repeat(EXPLAINED) : " ".repeat(EXPLAINED - end))
                    .append(indented(lines, EXPLAINED));
        }
        all.append(NEW_LINE);
    }

    private static String indented(List<String> lines, int columns) {
        return String.join(NEW_LINE + " ".repeat(columns), lines);
    }

    /** An option with its value, as the synopsis has it; an argument by its label. */
    private static String label(Help help, ArgSpec arg) {
        return arg instanceof OptionSpec option ? option.longestName() + parameter(help, option) : parameter(help, arg);
    }

    private static String parameter(Help help, ArgSpec arg) {
        return help.createDefaultParamLabelRenderer()
                .renderParameterLabel(arg, Ansi.OFF, List.of())
                .toString();
    }

    /** "-v, --verbose", "--[no-]base". */
    private static String names(Help help, OptionSpec option) {
        CommandSpec spec = help.commandSpec();
        return Arrays.stream(option.names())
                .sorted((one, other) -> one.length() - other.length())
                .map(name ->
                        option.negatable() ? spec.negatableOptionTransformer().makeSynopsis(name, spec) : name)
                .collect(Collectors.joining(", "));
    }

    private static String explained(Help help, ArgSpec arg) {
        String text = Arrays.stream(arg.description()).map(HelpLayout::plain).collect(Collectors.joining(" "));
        boolean told = arg.showDefaultValue() != Help.Visibility.NEVER && arg.type() != boolean.class;
        String fallback = told ? arg.defaultValueString(true) : null;
        return fallback == null || fallback.equals("null") || fallback.isEmpty() || fallback.equals("[]")
                ? text
                : text + " Default: " + fallback.replaceAll("^\\[|]$", "") + ".";
    }

    /** A description as it is read: per cent signs may be doubled in it, as for a format. */
    static String plain(String description) {
        return description.replace("%%", "%");
    }
}
