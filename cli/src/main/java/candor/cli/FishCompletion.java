package candor.cli;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Completions for fish, made of the commands themselves: the library that makes those for bash has none. */
final class FishCompletion {
    /** Where on a command line we are: the words that are no options, from the first. A value of an option ends the path, too. */
    private static final String PATH = """
        function __candor_at
            set -l path
            for word in (commandline -opc)[2..-1]
                string match -q -- '-*' $word; and break
                set -a path $word
            end
            test "$path" = "$argv"
        end
        """;

    private final StringBuilder text = new StringBuilder(PATH);

    private FishCompletion() {}

    static String of(CommandLine root) {
        FishCompletion script = new FishCompletion();
        script.text.append("complete -c ").append(root.getCommandName()).append(" -e\n");
        script.command(root, root, "");
        return script.text.toString();
    }

    /** @param path the words that name the command, without the program's */
    private void command(CommandLine root, CommandLine command, String path) {
        String start =
                "complete -c " + root.getCommandName() + " -n '__candor_at" + (path.isEmpty() ? "" : " " + path) + "' ";
        command.getSubcommands().forEach((name, inner) -> text.append(start)
                .append("-f -a ")
                .append(name)
                .append(" -d ")
                .append(quoted(purpose(inner.getCommandSpec())))
                .append('\n'));
        for (OptionSpec option : command.getCommandSpec().options()) {
            text.append(start);
            names(option).forEach(name -> text.append(name).append(' '));
            text.append(option.arity().max() == 0 ? "" : "-r ")
                    .append("-d ")
                    .append(quoted(sentence(option.description())))
                    .append('\n');
        }
        command.getSubcommands()
                .forEach((name, inner) -> command(root, inner, path.isEmpty() ? name : path + " " + name));
    }

    /** "-s v", "-l verbose", and of a flag that can be denied "-l no-base", too. */
    private static Stream<String> names(OptionSpec option) {
        return Arrays.stream(option.names()).flatMap(name -> {
            if (!name.startsWith("--")) {
                return Stream.of("-s " + name.substring(1));
            }
            String bare = name.substring(2);
            return option.negatable() ? Stream.of("-l " + bare, "-l no-" + bare) : Stream.of("-l " + bare);
        });
    }

    private static String purpose(CommandSpec spec) {
        return sentence(spec.usageMessage().description());
    }

    private static String sentence(String[] description) {
        String whole = HelpLayout.plain(String.join(" ", List.of(description)));
        return whole.split("(?<=[.:;]) ", 2)[0].replaceFirst("[.:;]$", "");
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
