package candor.ops.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A few threads that share the tasks of one operation at a time. The calling thread works too; the others spin briefly
 * between operations, because a step is hundreds of short ones, and sleep when nothing comes.
 *
 * <p>Tasks are claimed in rising order, one by one. A task writes outputs that no other task writes.
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
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger working = new AtomicInteger();
    private volatile int round;
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
            helpers[i] = Thread.ofPlatform().daemon().name("candor-cpu-" + worker).start(() -> help(worker));
        }
    }

    int threads() {
        return helpers.length + 1;
    }

    /** Runs tasks 0 to {@code tasks − 1}, and returns when all are done. */
    void run(int tasks, Task work) {
        if (tasks <= 1 || helpers.length == 0) {
            for (int i = 0; i < tasks; i++) {
                work.run(i, 0);
            }
            return;
        }
        task = work;
        count = tasks;
        next.set(0);
        working.set(helpers.length);
        round++; // publishes the fields above
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        drain(0);
        while (working.get() != 0) {
            Thread.onSpinWait();
        }
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw new IllegalStateException("a worker thread failed: " + thrown, thrown);
        }
    }

    private void help(int worker) {
        int seen = 0;
        while (!closed) {
            int spins = 0;
            while (round == seen && !closed) {
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            seen = round;
            drain(worker);
            working.decrementAndGet();
        }
    }

    private void drain(int worker) {
        try {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                task.run(i, worker);
            }
        } catch (Throwable thrown) { // a worker's failure must reach the caller, whatever it is
            failure = thrown;
            next.set(count);
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
