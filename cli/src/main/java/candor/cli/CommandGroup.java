package candor.cli;

import java.util.List;
import picocli.CommandLine;

/**
 * A command with commands of its own, each of which is built when somebody names it, or wants all of them ({@link Subcommands}): to
 * build all that there are, for one that runs, took most of a second.
 */
interface CommandGroup {
    /** The names, as the help lists them. */
    List<String> names();

    /** Builds the command of one of the {@link #names}. */
    CommandLine build(String name);

    /** One of the {@link #names} for a word of a command line, which may be another name of the same; null if it is none. */
    default String named(String word) {
        return names().contains(word) ? word : null;
    }
}
