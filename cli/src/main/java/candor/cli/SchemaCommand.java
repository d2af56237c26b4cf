package candor.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor schema}: what YAML files may hold, for editors. */
@Command(
        name = "schema",
        description = {
            "Prints the JSON Schema of a YAML file that a command reads, for editors that check files while they are"
                    + " written.",
            "In VS Code with the YAML extension, and elsewhere with yaml-language-server, a first line"
                    + " '# yaml-language-server: $schema=train-sft.json' names the file it was printed into."
        })
final class SchemaCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "Such as train-sft or study-direct; without it, the names are printed.")
    private String name;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (name == null) {
            ConfigSchema.names().forEach(out::println);
        } else {
            out.println(JsonOut.text(ConfigSchema.of(name)));
        }
        return ExitCode.DONE;
    }
}
