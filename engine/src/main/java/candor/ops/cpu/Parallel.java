package candor.ops.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * A few threads that share the tasks of one operation at a time. The calling thread works too; the others spin briefly
 * between operations, because a step is hundreds of short ones, and sleep when nothing comes.
 *
 * <p>Each thread has an equal share of the tasks, the same share of every operation, and takes them in rising order; who is
 * done takes from the others. So a thread mostly reads what it has written itself an operation before, which lies in its own
 * core's cache and not in another's. A task writes outputs that no other task writes. An operation ends when its tasks are done, and
 * not when every thread has taken notice of it: a thread that the system gives no processor to delays nobody unless it is
 * in the middle of a task.
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

    /**
     * Some hundred microseconds on a machine of today: longer than the gap between two operations of a step, small operations
     * that the calling thread does alone included.
     */
    private static final int SPINS = 8_000;

    /** Each thread's range is on a cache line of its own, and on the next, which the processor may fetch with it. */
    private static final int STRIDE = 16;

    private final Thread[] helpers;
    /**
     * For each thread the tasks of its own that nobody has claimed: the first (upper half) and the one behind the last (lower
     * half). Between operations all are empty. The owner claims the first, the others the last. A claim that succeeds is
     * one of the operation in hand, even if the numbers were read in an earlier one: only then {@link #task} is read.
     */
    private final AtomicLongArray unclaimed;

    /**
     * For each thread the nanoseconds that it has spent on tasks, a stride apart. Written by that thread alone, before it reports
     * its last task done: so the caller of {@link #run} sees all of an operation's behind it.
     */
    private final AtomicLongArray busy;

    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile boolean closed;
    private volatile Throwable failure;
    private Task task;

    Parallel(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads);
        }
        unclaimed = new AtomicLongArray(threads * STRIDE);
        busy = new AtomicLongArray(threads * STRIDE);
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

    /** Nanoseconds that all threads together have spent on tasks so far. For the thread that calls {@link #run}, between runs. */
    long busyNanos() {
        long sum = 0;
        for (int worker = 0; worker < threads(); worker++) {
            sum += busy.getPlain(worker * STRIDE);
        }
        return sum;
    }

    private void addBusy(int worker, long since) {
        int at = worker * STRIDE;
        busy.setPlain(at, busy.getPlain(at) + System.nanoTime() - since);
    }

    /** Runs tasks 0 to {@code tasks − 1}, and returns when all are done; what a task throws ends the others early. */
    void run(int tasks, Task work) {
        requireOpen();
        if (tasks <= 1 || helpers.length == 0) {
            runAlone(tasks, work);
            return;
        }
        task = work;
        unfinished.set(tasks);
        int threads = threads();
        int from = tasks;
        for (int worker = threads - 1; worker >= 0; worker--) {
            int to = from;
            from = (int) ((long) tasks * worker / threads);
            unclaimed.set(worker * STRIDE, range(from, to)); // publishes the fields above
        }
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

    /** Runs tasks 0 to {@code tasks − 1} on the calling thread. */
    void runAlone(int tasks, Task work) {
        requireOpen();
        long start = System.nanoTime();
        try {
            for (int i = 0; i < tasks; i++) {
                work.run(i, 0);
            }
        } finally {
            addBusy(0, start);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
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
        int index = claim(worker);
        if (index < 0) {
            return false;
        }
        long start = System.nanoTime();
        while (index >= 0) {
            try {
                task.run(index, worker);
            } catch (Throwable thrown) { // a worker's failure must reach the caller, whatever it is
                failure = thrown;
                unfinished.addAndGet(-dropUnclaimed());
            }
            index = claim(worker); // of the same operation, which cannot end before this thread's last task is reported
            if (index < 0) {
                addBusy(worker, start);
            }
            unfinished.decrementAndGet();
        }
        return true;
    }

    /** The next task: the first of one's own, else the last of another's; −1 if there is none. */
    private int claim(int worker) {
        int threads = threads();
        for (int i = 0; i < threads; i++) {
            int owner = worker + i < threads ? worker + i : worker + i - threads;
            int index = claim(owner, owner == worker);
            if (index >= 0) {
                return index;
            }
        }
        return -1;
    }

    private int claim(int owner, boolean first) {
        while (true) {
            long seen = unclaimed.get(owner * STRIDE);
            int from = from(seen);
            int to = to(seen);
            if (from == to) {
                return -1;
            }
            long less = first ? range(from + 1, to) : range(from, to - 1);
            if (unclaimed.compareAndSet(owner * STRIDE, seen, less)) {
                return first ? from : to - 1;
            }
        }
    }

    /** Leaves nothing to claim, and says how many tasks were dropped. */
    private int dropUnclaimed() {
        int dropped = 0;
        for (int owner = 0; owner < threads(); owner++) {
            long seen = unclaimed.getAndSet(owner * STRIDE, 0);
            dropped += to(seen) - from(seen);
        }
        return dropped;
    }

    private static long range(int from, int to) {
        return (long) from << Integer.SIZE | to;
    }

    private static int from(long range) {
        return (int) (range >>> Integer.SIZE);
    }

    private static int to(long range) {
        return (int) range;
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
