package candor.cli;

import candor.BadInput;
import candor.ops.Backends;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
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
        showDefaultValues = true,
        sortOptions = false,
        scope = ScopeType.INHERIT,
        footer = "Exit codes: 0 done, 1 failed, 2 bad usage or bad input, 130 stopped by Ctrl-C (143 by SIGTERM, 138"
                + " by SIGUSR1, 129 by a closed terminal).")
public final class Candor implements Callable<Integer>, CommandGroup {
    @Spec
    private CommandSpec spec;

    @Override
    public List<String> names() {
        return CommandTable.NAMES;
    }

    @Override
    public CommandLine build(String name) {
        return new CommandLine(CommandTable.type(name));
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
        System.exit(Processes.leave(run(streams.out(), streams.err(), Tty.canColour(Tty.STDOUT), args)));
    }

    /** Runs one command line and gives its exit code; ends nothing, so that a test can call it. */
    static int run(PrintStream out, PrintStream err, String... args) {
        return run(out, err, false, args);
    }

    private static int run(PrintStream out, PrintStream err, boolean coloured, String... args) {
        try {
            if (args.length == 1 && Version.OPTIONS.contains(args[0])) {
                Version.lines().forEach(out::println);
                return ExitCode.DONE;
            }
            CommandLine line = commandLine(out, err);
            line.setColorScheme(CommandLine.Help.defaultColorScheme(
                    coloured ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
            int code = execute(line, args);
            out.flush();
            return code;
        } catch (Throwable thrown) {
            return Processes.failed(new Errors(err).exitCode(thrown));
        }
    }

    /** Runs a command line in whatever names users know. */
    static int execute(CommandLine line, String... args) {
        return line.execute(OptionNames.ours(line, Candor::note, args));
    }

    /** Whether a command line asks for the version, behind whichever command, and not for help before that. */
    private static boolean asksForVersion(ParseResult parsed) {
        return !parsed.isUsageHelpRequested()
                && (parsed.isVersionHelpRequested() || parsed.hasSubcommand() && asksForVersion(parsed.subcommand()));
    }

    /** Most command lines have nothing to note, and then there is no log to set up. */
    private static void note(String text) {
        LoggerFactory.getLogger(Candor.class).info(text);
    }

    /** The program's command line, without commands until they are named ({@link Subcommands}). */
    static CommandLine commandLine(PrintStream out, PrintStream err) {
        Errors errors = new Errors(err);
        CommandLine line = new CommandLine(new Candor());
        HelpLayout.install(line);
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        line.setExpandAtFiles(false);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionStrategy(parsed -> {
            try {
                if (!Processes.joins(parsed)) {
                    return ExitCode.DONE;
                }
                if (asksForVersion(parsed)) {
                    // picocli would ask for it at each start, for each command.
                    Version.lines().forEach(parsed.commandSpec().commandLine().getOut()::println);
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
        line.setParameterExceptionHandler((wrong, parsed) -> {
            int code = errors.exitCode(wrong);
            Processes.unreadable(wrong.getCommandLine().getCommandSpec());
            return code;
        });
        line.setExecutionExceptionHandler(
                (thrown, command, parsed) -> Processes.failed(errors.exitCode(thrown, command)));
        return line;
    }
}
