package candor.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** A command's manual page, in the language of man(7). The library's own generator writes AsciiDoc, which wants another program. */
final class ManPage {
    private final StringBuilder text = new StringBuilder();

    private ManPage() {}

    /** "candor-train-sft". */
    static String name(CommandSpec command) {
        return command.qualifiedName("-");
    }

    static String of(CommandSpec command) {
        ManPage page = new ManPage();
        page.write(command);
        return page.text.toString();
    }

    private void write(CommandSpec command) {
        List<String> description = Arrays.stream(command.usageMessage().description())
                .map(HelpLayout::plain)
                .toList();
        line(".TH \"" + name(command).toUpperCase(Locale.ROOT) + "\" 1 \"\" \"Candor " + Version.project() + "\"");
        line(".SH NAME");
        plain(name(command) + " - " + description.getFirst().split("(?<=\\.) ", 2)[0]);
        line(".SH SYNOPSIS");
        line(".B " + escaped(command.qualifiedName()));
        String arguments =
                command.positionalParameters().stream().map(ArgSpec::paramLabel).collect(Collectors.joining(" "));
        plain((command.subcommands().isEmpty() ? "[OPTIONS] " + arguments : "[OPTIONS] COMMAND").strip());
        line(".SH DESCRIPTION");
        description.forEach(paragraph -> {
            plain(paragraph);
            line(".PP");
        });
        command.positionalParameters().forEach(argument -> entry(argument.paramLabel(), "", argument.description()));
        OptionSections.of(command.options()).forEach((heading, options) -> {
            line(".SH " + heading.toUpperCase(Locale.ROOT));
            options.forEach(this::option);
        });
        if (!command.subcommands().isEmpty()) {
            line(".SH COMMANDS");
            command.subcommands().values().stream()
                    .distinct()
                    .forEach(inner -> entry(
                            String.join(", ", inner.getCommandSpec().names()),
                            "",
                            inner.getCommandSpec().usageMessage().description()));
        }
        List<String> examples = Examples.of(command.qualifiedName());
        if (!examples.isEmpty()) {
            line(".SH EXAMPLES");
            examples.forEach(example -> {
                line(".nf");
                plain(example);
                line(".fi");
            });
        }
        line(".SH EXIT STATUS");
        plain("0 done, 1 failed, 2 bad usage or bad input, 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by a closed"
                + " terminal.");
    }

    private void option(OptionSpec option) {
        String names = Arrays.stream(option.names())
                .map(name -> option.negatable() ? name.replaceFirst("^--", "--[no-]") : name)
                .collect(Collectors.joining(", "));
        entry(names, option.arity().max() == 0 ? "" : "=" + option.paramLabel(), option.description());
    }

    private void entry(String bold, String value, String[] description) {
        line(".TP");
        line("\\fB" + escaped(bold) + "\\fR" + escaped(value));
        plain(HelpLayout.plain(String.join(" ", description)));
    }

    /** Text that must not be taken for a request, whatever it begins with. */
    private void plain(String words) {
        String escaped = escaped(words);
        line(escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped);
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private static String escaped(String words) {
        return words.replace("\\", "\\e").replace("-", "\\-").replaceAll("\\s*\\R\\s*", " ");
    }
}
