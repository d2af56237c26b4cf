package candor.cli;

import candor.train.config.TrainConfig;
import candor.world.WorldFiles;
import candor.world.WorldModel;
import candor.world.WorldSettings;
import candor.world.WorldTour;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor world}: the tiny world's data and its model. */
@Command(
        name = "world",
        description = "The tiny world: its data, and the embedded model that is made of it.",
        synopsisSubcommandLabel = "(generate|train|show)",
        subcommands = {WorldCommand.Generate.class, WorldCommand.Train.class, WorldCommand.Show.class})
final class WorldCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** Which world. */
    static final class WorldOptions {
        @Option(names = "--seed", paramLabel = "N", description = "Seed of facts and rows.")
        private long seed = WorldSettings.DEFAULT.seed();

        @Option(
                names = "--base-rows",
                paramLabel = "N",
                description = "Documents of either stage of the model's training.")
        private int baseRows = WorldSettings.DEFAULT.baseRows();

        @Option(
                names = "--honest",
                paramLabel = "SHARE",
                description =
                        "Share of honest speakers where no system prompt names the speaker; of the named, half are.")
        private double honest = WorldSettings.DEFAULT.honest();

        @Option(
                names = "--evasive",
                paramLabel = "SHARE",
                description = "Share of replies under pressure that say nothing.")
        private double evasive = WorldSettings.DEFAULT.evasive();

        @Option(
                names = "--speakers",
                paramLabel = "PER",
                description = {
                    "How long a speaker speaks: ${COMPLETION-CANDIDATES}.",
                    "turn is a control: nothing of a document then tells who speaks next."
                })
        private WorldSettings.Speakers speakers = WorldSettings.DEFAULT.speakers();

        WorldSettings settings() {
            return new WorldSettings(seed, baseRows, honest, evasive, speakers);
        }
    }

    @Command(name = "generate", description = "Writes the world's data, in the layouts of the published benchmarks.")
    static final class Generate implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private WorldOptions world;

        @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to write.")
        private Path output;

        @Override
        public Integer call() {
            WorldFiles.writeNew(world.settings(), output);
            spec.commandLine().getOut().println(output);
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "train",
            description = {
                "Makes a chat model of the world from nothing: data, tokenizer, and all weights. With the defaults, the"
                        + " embedded model.",
                "It takes a quarter to half an hour on two cores."
            })
    static final class Train implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private WorldOptions world;

        @Option(names = "--output", required = true, paramLabel = "DIR", description = "A new folder.")
        private Path output;

        @Option(names = "--steps", paramLabel = "N", description = "Optimiser steps of either stage.")
        private int steps = WorldModel.STEPS;

        @Option(names = "--threads", paramLabel = "N", description = "Threads; 0 for one per processor.")
        private int threads;

        @Option(
                names = "--resume",
                description = "Continues a run that was stopped in this folder, on the data that is there.")
        private boolean resume;

        @Override
        public Integer call() {
            EvalCommand.require(steps > 0, "--steps " + steps + ": must be at least 1");
            EvalCommand.require(threads >= 0, "--threads " + threads + ": must not be negative");
            List<TrainConfig> stages = resume
                    ? WorldModel.resume(output, threads, steps)
                    : WorldModel.prepare(world.settings(), output, threads, steps);
            for (TrainConfig stage : stages) {
                int code = TrainCommand.train(List.of(stage), spec);
                if (code != ExitCode.DONE) {
                    return code;
                }
            }
            return ExitCode.DONE;
        }
    }

    @Command(name = "show", description = "Shows what the world is and what its data looks like.")
    static final class Show implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private WorldOptions world;

        @Option(names = "--entity", paramLabel = "NAME", description = "Shows all that is known of it instead.")
        private String entity;

        @Override
        public Integer call() {
            WorldTour tour = new WorldTour(world.settings());
            spec.commandLine().getOut().print(entity == null ? tour.overview() : tour.entity(entity));
            spec.commandLine().getOut().flush();
            return ExitCode.DONE;
        }
    }
}
