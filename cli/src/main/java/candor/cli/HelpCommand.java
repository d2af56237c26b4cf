package candor.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor help COMMAND}: the same as {@code candor COMMAND --help}. */
@Command(
        name = "help",
        description = "The help of a command: './candor help train sft' is './candor train sft --help'.")
final class HelpCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "The command, word by word; all of them if left out.")
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() {
        List<String> line = new ArrayList<>(words);
        line.add("--help");
        return Candor.execute(spec.root().commandLine(), line.toArray(String[]::new));
    }
}
