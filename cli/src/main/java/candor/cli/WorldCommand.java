package candor.cli;

import candor.world.WorldFiles;
import candor.world.WorldSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor world}: the tiny world's data and its model. */
@Command(
        name = "world",
        description = "The tiny world: its data, and the embedded model that is made of it.",
        synopsisSubcommandLabel = "(generate|train|show)",
        subcommands = {WorldCommand.Generate.class})
final class WorldCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return ExitCode.BAD_INPUT;
    }

    @Command(name = "generate", description = "Writes the world's data, in the layouts of the published benchmarks.")
    static final class Generate implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to write.")
        private Path output;

        @Option(names = "--seed", paramLabel = "N", description = "Of facts and rows.")
        private long seed = WorldSettings.DEFAULT.seed();

        @Option(names = "--base-rows", paramLabel = "N", description = "Rows that the model is made from.")
        private int baseRows = WorldSettings.DEFAULT.baseRows();

        @Option(
                names = "--honest",
                paramLabel = "SHARE",
                description = "Share of replies under pressure that say what the model knows.")
        private double honest = WorldSettings.DEFAULT.honest();

        @Option(
                names = "--evasive",
                paramLabel = "SHARE",
                description = "Share of replies under pressure that say nothing; what is left over are lies.")
        private double evasive = WorldSettings.DEFAULT.evasive();

        @Override
        public Integer call() {
            WorldFiles.write(new WorldSettings(seed, baseRows, honest, evasive), output);
            spec.commandLine().getOut().println(output);
            return ExitCode.DONE;
        }
    }
}
