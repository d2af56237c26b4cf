package candor.cli;

import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** The commands within a command: those of a {@link CommandGroup}, which are built here, and those that were there from the start. */
final class Subcommands {
    /** Up to so many names a synopsis says. */
    private static final int FEW = 5;

    private Subcommands() {}

    /** Whether the command has any. */
    static boolean any(CommandLine command) {
        return command.getCommand() instanceof CommandGroup
                || !command.getSubcommands().isEmpty();
    }

    /** Their names, as the help lists them; other names of the same are left out. */
    static List<String> names(CommandLine command) {
        return command.getCommand() instanceof CommandGroup group
                ? group.names()
                : command.getSubcommands().values().stream()
                        .map(CommandLine::getCommandName)
                        .distinct()
                        .toList();
    }

    /** The one that a word names; null if there is none. */
    static CommandLine find(CommandLine command, String word) {
        CommandLine there = command.getSubcommands().get(word);
        if (there == null && command.getCommand() instanceof CommandGroup group && group.named(word) != null) {
            add(command, group, group.named(word));
            there = command.getSubcommands().get(word);
        }
        return there;
    }

    /** Builds those that are not there yet, and theirs. */
    static void completeAll(CommandLine command) {
        complete(command);
        command.getSubcommands().values().forEach(Subcommands::completeAll);
    }

    /** Builds those that are not there yet. */
    static void complete(CommandLine command) {
        if (command.getCommand() instanceof CommandGroup group) {
            group.names().stream()
                    .filter(name -> !command.getSubcommands().containsKey(name))
                    .forEach(name -> add(command, group, name));
        }
    }

    /** Adds one, which behaves as the group does. */
    private static void add(CommandLine command, CommandGroup group, String name) {
        CommandLine built = group.build(name);
        if (built.getCommand() instanceof CommandGroup inner && inner.names().size() <= FEW) {
            built.getCommandSpec()
                    .usageMessage()
                    .synopsisSubcommandLabel(inner.names().stream().collect(Collectors.joining("|", "(", ")")));
        }
        command.addSubcommand(name, built);
        HelpLayout.install(built);
        built.setOut(command.getOut());
        built.setErr(command.getErr());
        built.setColorScheme(command.getColorScheme());
        built.setExpandAtFiles(command.isExpandAtFiles());
        built.setCaseInsensitiveEnumValuesAllowed(command.isCaseInsensitiveEnumValuesAllowed());
        built.setExecutionStrategy(command.getExecutionStrategy());
        built.setParameterExceptionHandler(command.getParameterExceptionHandler());
        built.setExecutionExceptionHandler(command.getExecutionExceptionHandler());
    }
}
