package candor.cli;

import candor.BadInput;
import candor.comm.PeerFailed;
import candor.ops.OutOfDeviceMemory;
import candor.ops.Unsupported;
import candor.train.config.Nearest;
import candor.train.config.Setting;
import candor.train.config.TrainSettings;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What went wrong, told to the user, and the exit code that it means. */
final class Errors {
    private static final Pattern ONE_OF =
            Pattern.compile("expected one of \\[([^\\]]*)] \\(case-(?:in)?sensitive\\) but was ");

    private final PrintStream err;

    Errors(PrintStream err) {
        this.err = err;
    }

    /** A command line that does not parse: what is wrong with it, and where the options are explained. */
    private int usage(ParameterException wrong) {
        CommandLine command = wrong.getCommandLine();
        err.println("error: " + oneLine(describe(wrong, command)));
        err.println("see: " + command.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.BAD_INPUT;
    }

    /** Anything that escaped before a command was reached. */
    int exitCode(Throwable thrown) {
        return exitCode(thrown, null);
    }

    /**
     * Anything that escaped from a command.
     *
     * @param command null where there is none yet
     */
    int exitCode(Throwable thrown, CommandLine command) {
        Processes.ends();
        return switch (thrown) {
            case OutOfDeviceMemory full -> {
                err.println("error: " + full.orDo(lessOf(command)).message(naming(command)));
                yield ExitCode.BAD_INPUT;
            }
            case BadInput bad -> {
                err.println("error: " + bad.message(naming(command)));
                yield ExitCode.BAD_INPUT;
            }
            case Unsupported not -> {
                err.println("error: " + oneLine(not.getMessage()));
                yield ExitCode.BAD_INPUT;
            }
            case ParameterException wrong -> usage(wrong);
            case Ended ended -> ended.code();
            case Streams.BrokenPipe gone -> ExitCode.BROKEN_PIPE;
            case Streams.OutputFailed failed -> {
                err.println("error: " + oneLine(failed.getMessage()));
                yield ExitCode.FAILED;
            }
            case PeerFailed gone -> {
                err.println("error: " + oneLine(Processes.orGoOn(gone).getMessage()));
                yield gone.badInput() ? ExitCode.BAD_INPUT : ExitCode.FAILED;
            }
            case OutOfMemoryError full -> {
                err.println("error: out of memory (" + outOfMemory(oneLine(String.valueOf(full.getMessage()))));
                yield ExitCode.FAILED;
            }
            default -> {
                err.println("error: this is a bug in Candor: please report it with the lines below and what you ran");
                thrown.printStackTrace(err);
                yield ExitCode.FAILED;
            }
        };
    }

    /** A setting as its user knows it: a flag where the command has it, else, in a study, a key by its name. */
    static UnaryOperator<String> naming(CommandLine command) {
        return setting -> {
            String flag = Setting.flagOf(setting);
            return command == null || command.getCommandSpec().optionsMap().containsKey(flag) ? flag : setting;
        };
    }

    /** What a command can ask less of, where a device has no more memory. */
    private static String lessOf(CommandLine command) {
        boolean trains = command != null
                && command.getCommandSpec().optionsMap().containsKey(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE.flag());
        return trains
                ? "lower {per_device_train_batch_size} or {max_length}, or take {recompute} full"
                : "lower {batch_size}, {kv_cache_mib} or {max_length}";
    }

    /** Tensors are outside the Java heap, where a larger heap is of no help. */
    private static String outOfMemory(String message) {
        boolean heap = message.contains("heap") || message.contains("GC overhead") || message.contains("array size");
        return message
                + (heap
                        ? "): the Java heap may hold " + (Runtime.getRuntime().maxMemory() >> 20)
                                + " MiB; CANDOR_JAVA_OPTS=-Xmx8g ./candor … gives it 8 GiB"
                        : "): the machine has no more; use fewer tokens per batch or a smaller model"
                                + " (./candor plan says what a run needs)");
    }

    private static String describe(ParameterException wrong, CommandLine command) {
        if (wrong.getCause() instanceof BadInput bad) {
            return bad.message(naming(command)); // an option's value, judged by the code that reads it
        }
        if (!(wrong instanceof UnmatchedArgumentException unmatched) || unmatched.isUnknownOption()) {
            return withSuggestion(choice(wrong.getMessage()), wrong);
        }
        return withSuggestion("unexpected argument '" + unmatched.getUnmatched().getFirst() + "'", wrong);
    }

    /** The words to choose from in the letters in which they are typed: the parser names the constants that they stand for. */
    private static String choice(String message) {
        return ONE_OF.matcher(message)
                .replaceFirst(found -> Matcher.quoteReplacement(
                        "expected one of " + found.group(1).toLowerCase(Locale.ROOT) + ", not "));
    }

    private static String withSuggestion(String message, ParameterException wrong) {
        List<String> near =
                wrong instanceof UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.of();
        return near.isEmpty()
                ? message
                : message + "; did you mean "
                        + Nearest.to(
                                ((UnmatchedArgumentException) wrong)
                                        .getUnmatched()
                                        .getFirst(),
                                near) + "?";
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
