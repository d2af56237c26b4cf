package candor.cli;

import candor.BadInput;
import candor.ops.Backends;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The program: {@code ./candor COMMAND …}.
 *
 * <p>A command is a class that picocli annotates and whose {@code call} gives the exit code. It prints its results to
 * {@code System.out}, logs through slf4j (which ends on stderr), and throws {@link candor.BadInput} for whatever the
 * user can mend; {@link Errors} turns what it throws into a line and an exit code. {@code --help}, {@code --version}
 * and {@code --verbose} come from here and work behind every command.
 */
@Command(
        name = "candor",
        description = "Fine-tunes chat models with LoRA, and measures how honest they stay.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        showDefaultValues = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        scope = ScopeType.INHERIT,
        commandListHeading = "%nCommands:%n",
        footerHeading = "%n",
        footer = "Exit codes: 0 done, 1 failed, 2 bad usage or bad input, 130 stopped by Ctrl-C (143 by SIGTERM, 129"
                + " by a closed terminal).")
public final class Candor implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Candor.class);

    @Spec
    private CommandSpec spec;

    /** Every command there is, as the help lists them: a new one is a line here. */
    private static List<Object> commands() {
        return List.of(
                new QuickstartCommand(),
                TrainCommand.commandLine(),
                PlanCommand.commandLine(),
                EvalCommand.commandLine(),
                StudyCommand.commandLine(),
                new GenerateCommand(),
                new ChatCommand(),
                new ScreenCommand(),
                new ServeCommand(),
                new MergeCommand(),
                new SteerCommand(),
                new QuantizeCommand(),
                new DirectionCommand(),
                new ExportCommand(),
                new DownloadCommand(),
                new UploadCommand(),
                new TokenizeCommand(),
                new TokenizerCommand(),
                new RenderCommand(),
                new WorldCommand(),
                new ReportCommand(),
                new CheckCommand(),
                new BenchCommand(),
                new DoctorCommand(),
                new HelpCommand());
    }

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log more.",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private void verbose(boolean on) {
        if (on) {
            Logs.verbose();
            Processes.verbose();
        }
    }

    @Option(
            names = "--device",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description =
                    "The GPU to take, from 0, of those that CUDA_VISIBLE_DEVICES leaves; several processes of a machine"
                            + " take one each by themselves.",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private void device(int ordinal) {
        if (ordinal < 0) {
            throw new ParameterException(spec.commandLine(), "--device: expected a number from 0, not " + ordinal);
        }
        Backends.device(ordinal);
    }

    /** Runs when no command was named. */
    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr(), CommandLine.Help.Ansi.OFF);
        return ExitCode.BAD_INPUT;
    }

    /** Runs the program. */
    public static void main(String[] args) {
        Streams ours = Streams.ofThisProcess();
        Streams streams;
        try {
            streams = Processes.started(ours);
        } catch (BadInput e) {
            System.exit(new Errors(ours.err()).exitCode(e));
            return;
        }
        System.setOut(streams.out());
        System.setErr(streams.err());
        CommandLine.Help.Ansi help = Tty.canColour(Tty.STDOUT) ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF;
        System.exit(Processes.leave(run(streams.out(), streams.err(), help, args)));
    }

    /** Runs one command line and gives its exit code; ends nothing, so that a test can call it. */
    static int run(PrintStream out, PrintStream err, String... args) {
        return run(out, err, CommandLine.Help.Ansi.OFF, args);
    }

    private static int run(PrintStream out, PrintStream err, CommandLine.Help.Ansi help, String... args) {
        try {
            CommandLine line = commandLine(out, err);
            line.setColorScheme(CommandLine.Help.defaultColorScheme(help));
            int code = execute(line, args);
            out.flush();
            return code;
        } catch (Throwable thrown) {
            return Processes.failed(new Errors(err).exitCode(thrown));
        }
    }

    /** Runs a command line in whatever names users know. */
    static int execute(CommandLine line, String... args) {
        return line.execute(OptionNames.ours(line, LOG::info, args));
    }

    static CommandLine commandLine(PrintStream out, PrintStream err) {
        Errors errors = new Errors(err);
        CommandLine line = new CommandLine(new Candor());
        commands().forEach(line::addSubcommand);
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        line.setExpandAtFiles(false);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionStrategy(parsed -> {
            try {
                if (!Processes.joins(parsed)) {
                    return ExitCode.DONE;
                }
                HubNames.resolve(parsed);
                return new CommandLine.RunLast().execute(parsed);
            } catch (Streams.BrokenPipe | Streams.OutputFailed lost) {
                return Processes.failed(
                        errors.exitCode(lost)); // while picocli itself printed: its help, or our version
            } catch (BadInput | Ended before) {
                return Processes.failed(errors.exitCode(before)); // while names were put into options
            }
        });
        line.setParameterExceptionHandler((wrong, parsed) -> errors.exitCode(wrong));
        line.setExecutionExceptionHandler(
                (thrown, command, parsed) -> Processes.failed(errors.exitCode(thrown, command)));
        return line;
    }
}
