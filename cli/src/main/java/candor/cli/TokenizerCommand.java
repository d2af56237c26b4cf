package candor.cli;

import candor.data.TokenizerTraining;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor tokenizer}: makes tokenizers. */
@Command(
        name = "tokenizer",
        description = "Trains a tokenizer for your own model.",
        synopsisSubcommandLabel = "(train)",
        subcommands = TokenizerCommand.Train.class)
final class TokenizerCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** Trains one. */
    @Command(
            name = "train",
            description =
                    "Learns byte-level byte-pair encoding from the texts of training data, and writes tokenizer.json and"
                            + " tokenizer_config.json, with a chat template.")
    static final class Train implements Callable<Integer> {
        private static final Logger LOG = LoggerFactory.getLogger(TokenizerCommand.class);

        @Spec
        private CommandSpec spec;

        @Option(
                names = "--data",
                required = true,
                arity = "1..*",
                paramLabel = "FILE",
                description = "Training data, as for 'train': one or more files or folders.")
        private List<Path> data;

        @Option(
                names = "--vocab-size",
                defaultValue = "1024",
                paramLabel = "N",
                description = "Tokens, special ones included; fewer where the data has no more pairs.")
        private int vocabSize;

        @Option(
                names = "--min-frequency",
                defaultValue = "2",
                paramLabel = "N",
                description = "Pairs of tokens that are seen less often are not merged.")
        private int minFrequency;

        @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to write.")
        private Path output;

        @Override
        public Integer call() {
            int tokens = TokenizerTraining.run(data, vocabSize, minFrequency, output);
            LOG.info("{} tokens", tokens);
            spec.commandLine().getOut().println(output);
            return ExitCode.DONE;
        }
    }
}
