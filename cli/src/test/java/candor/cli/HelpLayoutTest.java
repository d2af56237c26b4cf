package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The help of every command there is, as it is set where output is no terminal: 80 columns. */
class HelpLayoutTest {
    private static final int COLUMNS = 80;

    private static List<CommandLine> all() {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        CommandLine root = Candor.commandLine(nowhere, nowhere);
        Subcommands.completeAll(root);
        List<CommandLine> all = new ArrayList<>();
        add(root, all);
        return all;
    }

    private static void add(CommandLine command, List<CommandLine> all) {
        all.add(command);
        command.getSubcommands().values().stream().distinct().forEach(inner -> add(inner, all));
    }

    private static String plain(CommandLine command) {
        return command.getUsageMessage(CommandLine.Help.Ansi.OFF);
    }

    @Test
    void linesEndBeforeTheTerminalDoesUnlessAWordIsLonger() {
        for (CommandLine command : all()) {
            assertThat(plain(command)
                            .lines()
                            .takeWhile(line -> !line.equals("Examples:"))
                            .filter(line ->
                                    line.length() > COLUMNS && line.strip().contains(" ")))
                    .as(command.getCommandSpec().qualifiedName())
                    .isEmpty();
        }
    }

    @Test
    void noWordOfAnExplanationIsBroken() {
        for (CommandLine command : all()) {
            Set<String> words = Set.copyOf(words(plain(command)));
            for (OptionSpec option : command.getCommandSpec().options()) {
                for (String sentence : option.description()) {
                    assertThat(words.containsAll(words(HelpLayout.plain(sentence))))
                            .as(command.getCommandSpec().qualifiedName() + " " + option.longestName())
                            .isTrue();
                }
            }
        }
    }

    private static List<String> words(String text) {
        return Stream.of(text.strip().split("\\s+")).distinct().toList();
    }

    @Test
    void everyOptionIsThereOnce() {
        for (CommandLine command : all()) {
            List<String> lines = plain(command).lines().toList();
            for (OptionSpec option : command.getCommandSpec().options()) {
                String name = option.negatable() ? option.longestName().replace("--", "--[no-]") : option.longestName();
                assertThat(lines.stream().filter(line -> line.matches("  (-\\S+, )*\\Q" + name + "\\E([ =\\[].*)?")))
                        .as(command.getCommandSpec().qualifiedName() + " " + name)
                        .hasSize(1);
            }
        }
    }

    @Test
    void optionsStandUnderHeadings() {
        String help = Cli.run("train", "kto", "--help").succeeded().out();
        assertThat(help).startsWith("Usage: candor train kto ");
        List<String> headings =
                help.lines().filter(line -> line.matches("[A-Z][A-Za-z ]+:")).toList();
        assertThat(headings)
                .containsSubsequence(
                        "Model:", "Data:", "Results:", "Adapter:", "Steps:", "Machine:", "Everywhere:", "Examples:");
        String steps = help.substring(help.indexOf("\nSteps:"), help.indexOf("\nEvaluation on the way:"));
        assertThat(steps)
                .contains("--learning-rate=X", "--beta=X", "Default: 0.1.")
                .doesNotContain("--lora-rank", "--model=");
    }

    @Test
    void whatMustBeGivenIsInTheFirstLine() {
        assertThat(Cli.run("eval", "mask", "--help").succeeded().out())
                .startsWith("Usage: candor eval mask --data=FILE... --output=DIR [OPTIONS]");
        assertThat(Cli.run("report", "--help").succeeded().out()).startsWith("Usage: candor report [OPTIONS] DIR");
        assertThat(Cli.run("train", "--help").succeeded().out())
                .startsWith("Usage: candor train [OPTIONS] (sft|kto|dpo|full)");
    }

    @Test
    void examplesBelongToCommandsThatThereAre() {
        List<String> names = all().stream()
                .map(command -> command.getCommandSpec().qualifiedName())
                .toList();
        assertThat(names).containsAll(Examples.all().keySet());
        assertThat(all().stream()
                        .filter(command -> command.getSubcommands().isEmpty())
                        .map(command -> command.getCommandSpec().qualifiedName())
                        .filter(name -> !name.equals("candor eval echo"))) // a benchmark of these tests
                .as("each command that does something has an example")
                .isSubsetOf(Examples.all().keySet());
        Examples.all().forEach((command, lines) -> assertThat(lines)
                .as(command)
                .hasSizeBetween(1, 3)
                .allMatch(line -> line.startsWith("." + "/candor ")
                        && (command.equals("candor") || line.contains("./" + command))));
        assertThat(Cli.run("train", "sft", "--help").out())
                .contains("Examples:", "  ./candor train sft --output runs/chats --resume");
    }

    @Test
    void aWrongChoiceIsToldInTheWordsToGive() {
        Cli poem = Cli.run("init", "poem");
        assertThat(poem.code()).isEqualTo(2);
        assertThat(poem.err()).contains("expected one of sft, kto, dpo, study, not 'poem'");
        assertThat(Cli.run("study", "loop", "--launcher", "moon").err())
                .contains("'--launcher': expected one of local, slurm, not 'moon'");
    }

    @Test
    void anOptionOfNoSectionIsTheCommandsOwn() {
        assertThat(OptionSections.heading("--lora-rank")).isEqualTo("Adapter");
        assertThat(OptionSections.heading("--judge-url")).isEqualTo("Judge");
        assertThat(OptionSections.heading("--vocab-size")).isEqualTo("Options");
        assertThat(OptionSections.heading("-h")).isEqualTo("Options");
        assertThat(OptionSections.heading("--help")).isEqualTo("Everywhere");
    }
}
