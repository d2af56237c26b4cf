package candor.cli;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor completion}: what shells and man show of the commands. */
@Command(
        name = "completion",
        description = {
            "Prints what a shell needs to complete commands and options, or writes manual pages.",
            "bash: source <(./candor completion bash) · zsh: the same, after 'autoload -U compinit && compinit' ·"
                    + " fish: ./candor completion fish | source · man: ./candor completion man --output DIR, then man"
                    + " DIR/candor.1"
        })
final class CompletionCommand implements Callable<Integer> {
    /** For whom. */
    enum Kind {
        BASH,
        ZSH,
        FISH,
        MAN
    }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "bash|zsh|fish|man", description = "For whom: one of these.")
    private Kind kind;

    @Option(names = "--output", paramLabel = "DIR", description = "With man: the folder that pages are written into.")
    private Path output;

    @Override
    public Integer call() {
        if ((kind == Kind.MAN) != (output != null)) {
            throw new BadInput(
                    kind == Kind.MAN
                            ? "man: pages are files; give their folder as --output DIR"
                            : "--output: belongs to man; a script is printed on stdout");
        }
        CommandLine root = spec.root().commandLine();
        Subcommands.completeAll(root);
        PrintWriter out = spec.commandLine().getOut();
        switch (kind) {
            case BASH, ZSH ->
                out.print(AutoComplete.bash(root.getCommandName(), root)); // zsh reads bash's by bashcompinit
            case FISH -> out.print(FishCompletion.of(root));
            case MAN -> pages(root);
        }
        out.flush();
        return ExitCode.DONE;
    }

    private void pages(CommandLine command) {
        CommandSpec page = command.getCommandSpec();
        Path file = output.resolve(ManPage.name(page) + ".1");
        try {
            Files.createDirectories(output);
            AtomicFile.write(file, ManPage.of(page).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be written (" + IoReason.of(e) + ")", "choose another {output}", e);
        }
        command.getSubcommands().values().stream().distinct().forEach(this::pages);
    }
}
