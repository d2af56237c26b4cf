package candor.ops.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A few threads that share the tasks of one operation at a time. The calling thread works too; the others spin briefly
 * between operations, because a step is hundreds of short ones, and sleep when nothing comes.
 *
 * <p>Tasks are claimed in rising order, one by one. A task writes outputs that no other task writes. An operation ends
 * when its tasks are done, and not when every thread has taken notice of it: a thread that the system gives no
 * processor to delays nobody unless it is in the middle of a task.
 */
final class Parallel implements AutoCloseable {
    /** One piece of work. */
    @FunctionalInterface
    interface Task {
        /**
         * @param index  which piece, from 0
         * @param worker who does it, from 0: an index into per-thread scratch memory
         */
        void run(int index, int worker);
    }

    /** About 50 microseconds on a machine of today: longer than the gap between two operations of a step. */
    private static final int SPINS = 2_000;

    private final Thread[] helpers;
    /**
     * The number of the operation (upper half), and how many of its tasks nobody has claimed (lower half). A claim that
     * succeeds proves that the operation is still the one that was read, so {@link #task} and {@link #count} are its own
     * until the claimed task is done.
     */
    private final AtomicLong unclaimed = new AtomicLong();

    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile boolean closed;
    private volatile Throwable failure;
    private Task task;
    private int count;

    Parallel(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads);
        }
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] =
                    Thread.ofPlatform().daemon().name("candor-cpu-" + worker).start(() -> help(worker));
        }
    }

    int threads() {
        return helpers.length + 1;
    }

    /** Runs tasks 0 to {@code tasks − 1}, and returns when all are done; what a task throws ends the others early. */
    void run(int tasks, Task work) {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
        if (tasks <= 1 || helpers.length == 0) {
            for (int i = 0; i < tasks; i++) {
                work.run(i, 0);
            }
            return;
        }
        task = work;
        count = tasks;
        unfinished.set(tasks);
        long operation = (unclaimed.get() >>> Integer.SIZE) + 1;
        unclaimed.set(operation << Integer.SIZE | tasks); // publishes the fields above
        for (int i = 0; i < Math.min(helpers.length, tasks - 1); i++) {
            LockSupport.unpark(helpers[i]);
        }
        drain(0);
        for (int spins = 0; unfinished.get() != 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield(); // to the thread that has the last task, if it waits for a processor
            }
        }
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            // What was thrown itself, as it would be with one thread; it carries the place where it happened.
            thrown.addSuppressed(
                    new IllegalStateException("thrown by a task of the operation that this thread called"));
            switch (thrown) {
                case Error error -> throw error;
                case RuntimeException exception -> throw exception;
                default -> throw new IllegalStateException("no task declares " + thrown, thrown);
            }
        }
    }

    private void help(int worker) {
        int spins = 0;
        while (!closed) {
            if (drain(worker)) {
                spins = 0;
            } else if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
                spins = 0;
            }
        }
    }

    /** Runs tasks until none is left; whether there was one. */
    private boolean drain(int worker) {
        boolean any = false;
        for (int index = claim(); index >= 0; index = claim()) {
            any = true;
            try {
                task.run(index, worker);
            } catch (Throwable thrown) { // a worker's failure must reach the caller, whatever it is
                failure = thrown;
                unfinished.addAndGet(-dropUnclaimed());
            }
            unfinished.decrementAndGet();
        }
        return any;
    }

    /** The next task, or −1. */
    private int claim() {
        while (true) {
            long seen = unclaimed.get();
            int left = (int) seen;
            if (left == 0) {
                return -1;
            }
            if (unclaimed.compareAndSet(seen, seen - 1)) {
                return count - left;
            }
        }
    }

    /** Leaves nothing to claim, and says how many tasks were dropped. */
    private int dropUnclaimed() {
        long seen = unclaimed.get();
        while (!unclaimed.compareAndSet(seen, seen - (int) seen)) {
            seen = unclaimed.get();
        }
        return (int) seen;
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
