package candor.cli;

import candor.comm.Communicator;
import candor.comm.PeerFailed;
import candor.comm.mpi.Launch;
import candor.ops.Backends;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/**
 * The processes that {@code mpirun} or {@code srun} started together with this one. A command that is {@link Divided} is carried
 * out by all of them; any other by the first alone. The first speaks for all: what another one has to say of itself is heard with
 * {@code --verbose}, and why it fails, by the first.
 */
final class Processes {
    /** A command whose work several processes share. */
    interface Divided {}

    private static Launch launch;
    private static Communicator joined = Communicator.ALONE;
    private static FollowerErr words;
    private static boolean failed;

    private Processes() {}

    /** Finds out whether there are others, and gives the streams of this one. */
    static Streams started(Streams streams) {
        Optional<Launch> found = Launch.of(System.getenv());
        if (found.isEmpty()) {
            return streams;
        }
        launch = found.get();
        if (launch.rank() == 0) {
            return streams;
        }
        words = new FollowerErr(streams.err());
        return new Streams(FollowerErr.silence(), words.stream());
    }

    /** All of them are to be heard, each by its number. */
    static void verbose() {
        if (launch != null) {
            Logs.named("process " + launch.rank() + ": ");
        }
        if (words != null) {
            words.speak();
        }
    }

    /**
     * Joins the others where the command is one for several processes.
     *
     * @return whether this process has anything to do
     */
    static boolean joins(ParseResult parsed) {
        if (launch == null) {
            return true;
        }
        ParseResult command = parsed;
        while (command.hasSubcommand()) {
            command = command.subcommand();
        }
        boolean divided = command.commandSpec().userObject() instanceof Divided;
        if (divided && !command.isUsageHelpRequested() && !command.isVersionHelpRequested()) {
            if (joined == Communicator.ALONE) {
                joined = launch.join();
                Backends.deviceOfProcess(joined.localRank());
            }
            return true;
        }
        return launch.rank() == 0;
    }

    /** Those that share this command; alone where there are no others. */
    static Communicator joined() {
        return joined;
    }

    /** Why they cannot go on, as far as is known. */
    static Optional<PeerFailed> failure() {
        return joined.failure();
    }

    /** Notes that this process ends with an error of its own, which was told on its standard error. */
    static int failed(int code) {
        failed = true;
        boolean firstIsGone =
                failure().filter(each -> each.rank() == 0 && each.silent()).isPresent();
        if (firstIsGone && launch.rank() == 1) {
            words.tellError();
        }
        return code;
    }

    /** Leaves the others, and gives the exit code. */
    static int leave(int code) {
        if (failed) {
            joined.fail(words == null ? "the first process has ended" : words.error());
        }
        // Bad usage is that of all, and the first tells it; what befell this one before it could join, it alone knows.
        if (failed && words != null && joined == Communicator.ALONE && code == ExitCode.FAILED) {
            words.tellError();
        }
        joined.close();
        return code;
    }
}
