package candor.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jline.utils.Signals;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ctrl-C (SIGINT), SIGTERM, a terminal that is gone (SIGHUP) and SIGUSR1, which mpirun and srun hand on as it is, as a request:
 * work that asks {@link #requested} between its steps can put itself in order first.
 *
 * <pre>{@code
 * try (Interrupt interrupt = Interrupt.listen(goOn)) {
 *     trainer.run(interrupt::requested);   // ends early, with a checkpoint, when it becomes true
 *     …
 *     return interrupt.stopped();
 * }
 * }</pre>
 *
 * <p>Ctrl-C after a first signal ends the process at once, as SIGKILL would: what is on the disk must be whole at any moment.
 * Other signals may come twice on their own (a shell hands on the SIGHUP that the system has sent already) and say nothing
 * new. A signal that was ignored when the program began, as nohup and a script's {@code &} have it, stays ignored; the JVM sees
 * to that.
 *
 * <p>The handlers are the JVM's own kind. A terminal library that sets the signals back to the system's defaults would undo
 * them, so there must be none beside this.
 */
final class Interrupt implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Interrupt.class);

    private static final int SIGINT = 2;
    /** By number, as Linux has them. */
    private static final Map<Integer, String> SIGNALS = Map.of(1, "HUP", SIGINT, "INT", 10, "USR1", 15, "TERM");

    private static final int NONE = 0;
    private static final long TELLING_MILLIS = 300;

    private final String goOn;
    private final AtomicInteger first = new AtomicInteger(NONE);
    private final Map<Integer, Object> before = new LinkedHashMap<>();

    // What was said, guarded by this.
    private boolean saidHow;
    private boolean saidAll;

    private Interrupt(String goOn) {
        this.goOn = goOn;
    }

    /** @param goOn how to go on after a stop, for the user */
    static Interrupt listen(String goOn) {
        Interrupt interrupt = new Interrupt(Processes.goesOn(goOn));
        SIGNALS.forEach((number, name) ->
                interrupt.before.put(number, Signals.register(name, () -> interrupt.received(number))));
        return interrupt;
    }

    /** True from the moment on when the user asked to stop: this process, or another one that works with it. */
    boolean requested() {
        return first.get() != NONE || Processes.joined().stopAsked();
    }

    /** Says that the work has stopped and how to go on, and gives the exit code: 128 and the signal's number, as a shell has it. */
    int stopped() {
        synchronized (this) {
            saidAll = true;
            String last = saidHow ? "stopped" : "stopped; " + goOn;
            Processes.lastly(() -> LOG.warn(last));
        }
        return first.get() == NONE ? ExitCode.INTERRUPTED : ExitCode.SIGNALLED + first.get();
    }

    private void received(int signal) {
        if (first.compareAndSet(NONE, signal)) {
            Processes.joined().askToStop();
            if (!ofTheEnd(signal)) {
                stopping();
            }
        } else if (signal == SIGINT) {
            tellInPassing("stopped at once; " + goOn);
            Runtime.getRuntime().halt(ExitCode.SIGNALLED + signal);
        }
    }

    /** Those that start several processes may have little patience: there, how to go on is said before it is too late. */
    private synchronized void stopping() {
        if (saidAll) {
            return;
        }
        saidHow = Processes.joined().size() > 1;
        LOG.warn(
                "stopping as soon as all is kept{}",
                saidHow
                        ? ", unless mpirun or srun ends the processes before; " + goOn
                        : "; Ctrl-C (again) stops at once");
    }

    /**
     * Whether the signal comes since another process has failed: whoever started them ends all, and that is told as it is. Ctrl-C
     * is a person's.
     */
    private static boolean ofTheEnd(int signal) {
        if (signal != SIGINT && Processes.joined().size() > 1) {
            LockSupport.parkNanos(TELLING_MILLIS * 1_000_000);
        }
        return Processes.failure().isPresent();
    }

    /** The last that is told. Not waited for if the terminal takes nothing. */
    private static void tellInPassing(String text) {
        Thread teller = Thread.ofPlatform().daemon().start(() -> {
            LOG.warn("{}", text);
            TerminalErr.leave(System.err);
        });
        try {
            teller.join(TELLING_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        before.forEach((number, handler) -> Signals.unregister(SIGNALS.get(number), handler));
    }
}
