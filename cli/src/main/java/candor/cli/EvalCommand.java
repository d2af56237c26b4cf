package candor.cli;

import candor.BadInput;
import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.Benchmarks;
import candor.train.config.Setting;
import candor.train.config.Settings;
import candor.world.EmbeddedModel;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** Evaluates a model, with any number of adapters at once. One subcommand a benchmark; the options are its settings. */
@Command(name = "eval", description = "Evaluates a model with any number of adapters.")
final class EvalCommand implements Callable<Integer>, CommandGroup {
    private static final Logger LOG = LoggerFactory.getLogger(EvalCommand.class);
    private static final String COMPARE = "compare";
    private static final String CONFORMANCE = "conformance";

    @Spec
    private CommandSpec spec;

    /** A name for each benchmark, and what is done with results. */
    @Override
    public List<String> names() {
        return Stream.concat(Benchmarks.all().stream().map(Benchmark::name), Stream.of(COMPARE, CONFORMANCE))
                .toList();
    }

    @Override
    public String named(String word) {
        return names().contains(word)
                ? word
                : names().stream()
                        .filter(name -> dashed(name).equals(word))
                        .findFirst()
                        .orElse(null);
    }

    @Override
    public CommandLine build(String name) {
        return switch (name) {
            case COMPARE -> new CommandLine(new EvalCompareCommand());
            case CONFORMANCE -> new CommandLine(new EvalConformanceCommand());
            default ->
                evaluating(Benchmarks.all().stream()
                        .filter(each -> each.name().equals(name))
                        .findFirst()
                        .orElseThrow());
        };
    }

    private static CommandLine evaluating(Benchmark benchmark) {
        CommandLine evaluates = new CommandLine(benchmark.judged() ? new Judged(benchmark) : new Unjudged(benchmark));
        CommandSpec command = evaluates.getCommandSpec();
        command.usageMessage().description(benchmark.description());
        if (benchmark.judged()) {
            JudgeOptions.addTo(command);
        }
        benchmark.settings().forEach(setting -> command.addOption(option(setting)));
        if (!dashed(benchmark.name()).equals(benchmark.name())) {
            command.aliases(dashed(benchmark.name()));
        }
        return evaluates;
    }

    private static String dashed(String name) {
        return name.replace('_', '-');
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
    private static final class Judged implements Callable<Integer>, Processes.Divided {
        private final Benchmark benchmark;

        @Spec
        private CommandSpec spec;

        @Mixin
        private EvalOptions options;

        Judged(Benchmark benchmark) {
            this.benchmark = benchmark;
        }

        @Override
        public Integer call() {
            JudgeOptions judge = JudgeOptions.of(spec.commandLine().getParseResult());
            return evaluate(benchmark, spec, options, judge);
        }
    }

    /** Evaluates on a benchmark that goes by rules alone. */
    @Command
    private static final class Unjudged implements Callable<Integer>, Processes.Divided {
        private final Benchmark benchmark;

        @Spec
        private CommandSpec spec;

        @Mixin
        private EvalOptions options;

        Unjudged(Benchmark benchmark) {
            this.benchmark = benchmark;
        }

        @Override
        public Integer call() {
            return evaluate(benchmark, spec, options, null);
        }
    }

    private static int evaluate(Benchmark benchmark, CommandSpec spec, EvalOptions options, JudgeOptions judge) {
        Settings given = SettingOptions.given(spec.commandLine().getParseResult(), benchmark.settings());
        boolean embedded = EmbeddedModel.is(options.model());
        benchmark.remark(embedded, given).ifPresent(EvalCommand::tell);
        Task<?> task = benchmark.open(options.data(), benchmark.forModel(embedded, given));
        return EvalRun.run(task, benchmark.shown(), options, judge);
    }

    private static void tell(Benchmark.Remark remark) {
        String text = BadInput.advice(remark.text(), Setting::flagOf);
        LOG.atLevel(remark.warning() ? Level.WARN : Level.INFO).log(text);
    }

    /** A number that an option must not fall below. */
    static void require(boolean holds, String message) {
        if (!holds) {
            throw new BadInput(message);
        }
    }
}
