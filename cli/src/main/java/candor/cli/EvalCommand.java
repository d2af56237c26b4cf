package candor.cli;

import candor.BadInput;
import candor.evaluate.benchmark.Benchmarks;
import candor.train.config.Setting;
import candor.world.EmbeddedModel;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** Evaluates a model, with any number of adapters at once. One subcommand a benchmark; the options are its settings. */
@Command(name = "eval", description = "Evaluates a model with any number of adapters.")
final class EvalCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(EvalCommand.class);

    @Spec
    private CommandSpec spec;

    /** The command with a subcommand for each benchmark, and what is done with results. */
    static CommandLine commandLine() {
        CommandLine eval = new CommandLine(new EvalCommand());
        for (Benchmarks benchmark : Benchmarks.values()) {
            CommandLine evaluates =
                    new CommandLine(benchmark.judged() ? new Judged(benchmark) : new Unjudged(benchmark));
            CommandSpec command = evaluates.getCommandSpec();
            command.usageMessage().description(benchmark.description());
            benchmark.settings().forEach(setting -> command.addOption(option(setting)));
            String dashed = benchmark.word().replace('_', '-');
            if (!dashed.equals(benchmark.word())) {
                command.aliases(dashed);
            }
            eval.addSubcommand(benchmark.word(), evaluates);
        }
        eval.addSubcommand(new EvalCompareCommand());
        eval.addSubcommand(new EvalConformanceCommand());
        return eval;
    }

    /** A list of names may be called by its singular too: --subset statistics. */
    private static OptionSpec option(Setting<?> setting) {
        OptionSpec.Builder option = SettingOptions.option(setting);
        String flag = setting.flag();
        return setting.kind() instanceof Setting.Texts texts && texts.label().equals("NAME") && flag.endsWith("s")
                ? option.names(flag, flag.substring(0, flag.length() - 1)).build()
                : option.build();
    }

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** Evaluates on a benchmark that asks a judge. */
    @Command
    private static final class Judged implements Callable<Integer> {
        private final Benchmarks benchmark;

        @Spec
        private CommandSpec spec;

        @Mixin
        private EvalOptions options;

        @Mixin
        private JudgeOptions judge;

        Judged(Benchmarks benchmark) {
            this.benchmark = benchmark;
        }

        @Override
        public Integer call() {
            return evaluate(benchmark, spec, options, judge);
        }
    }

    /** Evaluates on a benchmark that goes by rules alone. */
    @Command
    private static final class Unjudged implements Callable<Integer> {
        private final Benchmarks benchmark;

        @Spec
        private CommandSpec spec;

        @Mixin
        private EvalOptions options;

        Unjudged(Benchmarks benchmark) {
            this.benchmark = benchmark;
        }

        @Override
        public Integer call() {
            return evaluate(benchmark, spec, options, null);
        }
    }

    private static int evaluate(Benchmarks benchmark, CommandSpec spec, EvalOptions options, JudgeOptions judge) {
        var given = SettingOptions.given(spec.commandLine().getParseResult(), benchmark.settings());
        boolean embedded = EmbeddedModel.is(options.model());
        if (embedded && benchmark == Benchmarks.GSM8K) {
            tellOfExamples(benchmark.examples(given));
        }
        return EvalRun.run(benchmark.open(embedded, options.data(), given), options, judge);
    }

    /** A word where the number of examples is not the benchmark's own four, or will not fit the model. */
    private static void tellOfExamples(Optional<Long> shots) {
        if (shots.isEmpty()) {
            LOG.info("no worked examples, as the embedded model has learnt to read none; --num-fewshot N gives some");
        } else if (shots.get() > 0) {
            LOG.warn(
                    "the embedded model has learnt to read no worked examples: --num-fewshot {} will confuse it,"
                            + " --num-fewshot 0 is what it can do",
                    shots.get());
        }
    }

    /** A number that an option must not fall below. */
    static void require(boolean holds, String message) {
        if (!holds) {
            throw new BadInput(message);
        }
    }
}
