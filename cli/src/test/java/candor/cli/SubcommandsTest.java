package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Commands are built when they are named, and then behave as if they had always been there. */
class SubcommandsTest {
    private final PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    private final CommandLine root = Candor.commandLine(nowhere, nowhere);

    @Test
    void onlyWhatIsNamedIsBuilt() {
        assertThat(root.getSubcommands()).isEmpty();
        OptionNames.ours(root, note -> {}, "train", "sft", "--lora-rank", "3");
        assertThat(root.getSubcommands()).containsOnlyKeys("train");
        assertThat(root.getSubcommands().get("train").getSubcommands()).containsOnlyKeys("sft");
    }

    @Test
    void allOfThemInTheOrderOfTheHelp() {
        Subcommands.complete(root);
        assertThat(root.getSubcommands().keySet()).containsExactlyElementsOf(CommandTable.NAMES);
        Subcommands.complete(root);
        assertThat(root.getSubcommands()).hasSameSizeAs(CommandTable.NAMES);
    }

    @Test
    void theTableNamesEachClassAsItNamesItself() {
        for (String name : CommandTable.NAMES) {
            assertThat(CommandTable.type(name).getAnnotation(Command.class).name())
                    .isEqualTo(name);
            assertThat(CommandTable.purpose(name)).as(name).isNotBlank().doesNotContain("\n");
        }
        assertThat(CommandTable.NAMES).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({"mask_probability,mask_probability", "mask-probability,mask_probability", "mask,mask", "no-such,"})
    void aBenchmarkByItsOtherName(String word, String name) {
        CommandLine found = Subcommands.find(Subcommands.find(root, "eval"), word);
        assertThat(found == null ? null : found.getCommandName()).isEqualTo(name);
    }

    @Test
    void whatIsBuiltLaterBehavesAsTheGroup() {
        CommandLine sft = Subcommands.find(Subcommands.find(root, "train"), "sft");
        assertThat(sft.isExpandAtFiles()).isFalse();
        assertThat(sft.getExecutionStrategy()).isSameAs(root.getExecutionStrategy());
        assertThat(sft.getParameterExceptionHandler()).isSameAs(root.getParameterExceptionHandler());
        assertThat(sft.getExecutionExceptionHandler()).isSameAs(root.getExecutionExceptionHandler());
        assertThat(sft.getOut()).isSameAs(root.getOut());
        assertThat(sft.getErr()).isSameAs(root.getErr());
        assertThat(sft.getCommandSpec().qualifiedName()).isEqualTo("candor train sft");
        assertThat(sft.getCommandSpec().optionsMap()).containsKeys("--help", "--version", "--verbose", "--device");
    }

    @Test
    void aHintNamesWhatWasNotBuilt() {
        assertThat(Cli.run("train", "sft", "--beta", "0.1").err())
                .contains("it belongs to 'candor train kto' and 'candor train dpo'");
        assertThat(Cli.run("--lora-rank", "3", "train").err())
                .contains("options follow the command: candor train --lora-rank");
    }

    @Test
    void helpOfAGroupListsAll() {
        String help = Cli.run("train", "--help").succeeded().out();
        for (String name : List.of("sft", "kto", "dpo", "full")) {
            assertThat(help).containsPattern("(?m)^ +" + name + " +\\S");
        }
        assertThat(help).startsWith("Usage: candor train ").contains("(sft|kto|dpo|full)");
    }

    @Test
    void theVersionBehindAnyCommand() {
        String version = Cli.run("--version").succeeded().out();
        assertThat(Cli.run("-V").succeeded().out()).isEqualTo(version);
        assertThat(Cli.run("train", "sft", "--version").succeeded().out()).isEqualTo(version);
        assertThat(Cli.run("--verbose", "--version").succeeded().out()).isEqualTo(version);
        assertThat(Cli.run("--help", "--version").succeeded().out()).startsWith("Usage: candor");
    }
}
