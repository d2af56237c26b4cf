package candor.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C (and SIGTERM) as a request: work that asks {@link #requested} between its steps can put itself in order first.
 *
 * <pre>{@code
 * try (Interrupt interrupt = Interrupt.listen()) {
 *     trainer.run(interrupt::requested);   // ends early, with a checkpoint, when it becomes true
 * }
 * }</pre>
 *
 * <p>The signal has already begun to end the JVM when {@code requested} turns true; only the closing of this object is
 * waited for. The exit code is then the shell's own, 128 + the signal's number: 130 after Ctrl-C.
 */
final class Interrupt implements AutoCloseable {
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook = new Thread(this::request, "interrupt");
    private volatile boolean requested;

    private Interrupt() {}

    static Interrupt listen() {
        Interrupt interrupt = new Interrupt();
        Runtime.getRuntime().addShutdownHook(interrupt.hook);
        return interrupt;
    }

    /** True from the moment on when the user asked to stop. */
    boolean requested() {
        return requested;
    }

    @Override
    public void close() {
        closed.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The signal came at this very moment: the hook runs, finds us closed, and ends.
            }
        }
    }

    private void request() {
        requested = true;
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
