package candor.cli;

import candor.BadInput;
import candor.bindings.MpiLibrary.Kind;
import candor.comm.Communicator;
import candor.comm.PeerFailed;
import candor.comm.mpi.Launch;
import candor.ops.Backends;
import candor.train.distributed.StartCheck;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * The processes that {@code mpirun} or {@code srun} started together with this one. A command that is {@link Divided} is carried
 * out by all of them; any other by the first alone. The first speaks for all: what another one has to say of itself is heard with
 * {@code --verbose}, and why it fails, by the first.
 */
final class Processes {
    /** A command whose work several processes share. */
    interface Divided {}

    /** What a process needs at most to notice by itself that another one is gone, where it does not compute just then. */
    private static final long NOTICE_MILLIS = 400;

    /** The same, where the other one waits to be noticed. */
    private static final long UNHURRIED_MILLIS = 5000;

    private static final long LAST_NANOS = 100_000_000;

    private static Launch launch;
    private static Launch.Apart apart;
    private static Communicator joined = Communicator.ALONE;
    private static FollowerErr words;
    private static boolean failed;
    /** Who says why this process ends, and ends it. */
    private static final AtomicReference<Thread> ender = new AtomicReference<>();

    private static volatile String goOn = "";
    private static Runnable lastWord;

    private Processes() {}

    /** Finds out whether there are others, and gives the streams of this one. */
    static Streams started(Streams streams) {
        Optional<Launch> found = Launch.of(System.getenv());
        if (found.isEmpty()) {
            apart = Launch.apart(System.getenv()).orElse(null);
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
     * @throws BadInput where there are others, and no way to them, or they are another program
     */
    static boolean joins(ParseResult parsed) {
        if (launch == null && apart == null) {
            return true;
        }
        ParseResult command = parsed;
        while (command.hasSubcommand()) {
            command = command.subcommand();
        }
        boolean divided = command.commandSpec().userObject() instanceof Divided;
        boolean shares = divided && !command.isUsageHelpRequested() && !command.isVersionHelpRequested();
        if (launch == null) {
            if (shares) {
                refuse(apart);
            }
            return true;
        }
        if (shares) {
            join();
            requireReadable("");
            Map<String, String> program = StudyCommand.facts();
            program.put("java", Runtime.version().toString());
            StartCheck.require(joined, program);
            return true;
        }
        return launch.rank() == 0;
    }

    /** One of them says it. */
    private static void refuse(Launch.Apart apart) {
        if (apart.rank() == 0) {
            throw apart.refusal();
        }
        throw new Ended(ExitCode.BAD_INPUT);
    }

    private static void join() {
        if (joined == Communicator.ALONE) {
            joined = launch.join();
            Backends.deviceOfProcess(joined.localRank());
            joined.whenFailed(Processes::endUnnoticed);
        }
    }

    /**
     * A command line that this process cannot read, and the others perhaps can: what it names may be missing here alone.
     * It has been told here.
     */
    static void unreadable(CommandSpec command) {
        if (launch == null || !(command.userObject() instanceof Divided)) {
            return;
        }
        try {
            join();
            requireReadable(words == null ? "it has told why" : words.error());
        } catch (BadInput | PeerFailed e) {
            // It is told, or the first process tells it.
        }
    }

    /**
     * All take part.
     *
     * @param wrong what is wrong with the command line here, or nothing
     * @throws BadInput in those that can read it, where another one cannot
     */
    private static void requireReadable(String wrong) {
        List<byte[]> all = joined.allGather(wrong.getBytes(StandardCharsets.UTF_8));
        for (int rank = 0; rank < all.size(); rank++) {
            if (all.get(rank).length > 0 && wrong.isEmpty()) {
                throw new BadInput("process " + rank + " of " + all.size() + ": "
                        + new String(all.get(rank), StandardCharsets.UTF_8));
            }
        }
    }

    /** Notes how to go on after a stop, and gives it as it holds for as many processes as there are. */
    static String goesOn(String how) {
        goOn = joined.size() == 1 ? how : how + ", with any number of processes";
        return goOn;
    }

    /** The failure of another one, with what to do about it. */
    static PeerFailed orGoOn(PeerFailed failed) {
        return failed.badInput() || goOn.isEmpty() ? failed : failed.orDo(goOn);
    }

    /** This process is about to say why it ends. Where that is being done already, this does not come back. */
    static void ends() {
        Thread here = Thread.currentThread();
        while (joined != Communicator.ALONE && !ender.compareAndSet(null, here) && ender.get() != here) {
            LockSupport.park();
        }
    }

    /**
     * Ends this process where its work takes too long to notice that another one has failed: mpirun does not give the rest much
     * time. What is on the disk is whole at any moment.
     */
    private static void endUnnoticed(PeerFailed failed) {
        try {
            Thread.sleep(failed.silent() ? NOTICE_MILLIS : UNHURRIED_MILLIS);
        } catch (InterruptedException e) {
            return;
        }
        if (ender.compareAndSet(null, Thread.currentThread())) {
            TerminalErr.leave(System.err);
            Runtime.getRuntime().halt(leave(failed(new Errors(System.err).exitCode(failed))));
        }
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
        ends();
        if (failed) {
            joined.fail(words == null ? "the first process has ended" : words.error(), code == ExitCode.BAD_INPUT);
        }
        // Bad usage is that of all, and the first tells it; what befell this one before it could join, it alone knows.
        if (failed && words != null && joined == Communicator.ALONE && code == ExitCode.FAILED) {
            words.tellError();
        }
        int all = failed ? code : agreed(code);
        joined.close();
        if (lastWord != null) {
            if (launch.kind() == Kind.MPICH) {
                joined.outlast();
            }
            lastWord.run();
            LockSupport.parkNanos(LAST_NANOS);
        }
        return all;
    }

    /**
     * Says at the end of this process that all is stopped. MPICH's mpirun takes those for well that end without its notice after
     * Ctrl-C, and it looks who has ended only where another one says something: so this is said when the others have.
     */
    static void lastly(Runnable says) {
        if (joined.size() == 1 || !joined.leads()) {
            says.run();
        } else {
            lastWord = says;
        }
    }

    /** With which code all of them end: the first one's, since it speaks for all. */
    private static int agreed(int code) {
        joined.patient(!joined.leads());
        try {
            return joined.broadcast(new byte[] {(byte) code}, 0)[0] & 0xff;
        } catch (PeerFailed e) {
            return code;
        }
    }
}
