package candor.cli;

import picocli.CommandLine.Help;

/** The program's commands in its help, in sections: made of {@link CommandTable}, so that no command need be built. */
final class CommandListing {
    private static final int INDENT = 2;

    private CommandListing() {}

    /** Names and purposes under the headings of their sections. */
    static String of(Help help) {
        int column = CommandTable.NAMES.stream().mapToInt(String::length).max().orElseThrow() + 2 * INDENT;
        int width = HelpLayout.width() - column;
        StringBuilder all = new StringBuilder();
        for (CommandTable.Section section : CommandTable.SECTIONS) {
            all.append(String.format("%n%s:%n", section.heading()));
            for (String name : section.names()) {
                all.append(" ".repeat(INDENT))
                        .append(help.colorScheme().commandText(name))
                        .append(" ".repeat(column - INDENT - name.length()))
                        .append(String.join(
                                System.lineSeparator() + " ".repeat(column),
                                Wrapped.lines(CommandTable.purpose(name), width)))
                        .append(System.lineSeparator());
            }
        }
        return all.toString();
    }
}
