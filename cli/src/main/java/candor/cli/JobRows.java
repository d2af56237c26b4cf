package candor.cli;

import candor.ops.ProcessMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Jobs at work, a row each at the end of a terminal, drawn anew a few times a second: the clock goes on within a long step, too.
 * The last row also has the memory that the process takes. Where standard error is no terminal that can have rows, nothing is shown.
 */
final class JobRows implements AutoCloseable {
    private static final long PAUSE_MILLIS = 250;

    /** More would push away what was said before. */
    private static final int MOST_ROWS = 6;

    /** Null where there is none. */
    private final TerminalErr terminal;

    private final List<JobRow> jobs = new ArrayList<>();
    private OptionalLong device = OptionalLong.empty();
    /** When; 0 for never. For the thread that does the work. */
    private long asked;

    /** Null until there is something to show. */
    private ScheduledExecutorService clock;

    private JobRows(TerminalErr terminal) {
        this.terminal = terminal;
    }

    static JobRows onStderr() {
        return new JobRows(System.err instanceof TerminalErr terminal ? terminal : null);
    }

    static JobRows on(TerminalErr terminal) {
        return new JobRows(terminal);
    }

    /** Whether anybody sees them; if not, lines say how far the work is. */
    boolean shown() {
        return terminal != null;
    }

    /** A job below the others; see {@link JobRow#begin}. */
    synchronized JobRow add(String name, String unit, long done, long all) {
        JobRow job = new JobRow(name, unit, done, all);
        show(jobs.size(), job);
        return job;
    }

    /** This job alone. */
    synchronized void only(JobRow job) {
        jobs.clear();
        show(0, job);
    }

    /** A job among the others, unless it is there. */
    synchronized void show(int row, JobRow job) {
        if (jobs.contains(job)) {
            return;
        }
        jobs.add(row, job);
        if (terminal != null && clock == null) {
            clock = Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("job rows").factory());
            clock.scheduleWithFixedDelay(this::draw, 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    synchronized void remove(JobRow job) {
        jobs.remove(job);
    }

    /** Bytes of a device's own memory that the work has taken. */
    synchronized void device(OptionalLong bytes) {
        device = bytes;
    }

    /** The same, asked now and then, on the caller's thread. */
    void device(Supplier<OptionalLong> bytes) {
        long now = System.nanoTime();
        if (terminal != null && (asked == 0 || now - asked > PAUSE_MILLIS * 1_000_000)) {
            asked = now;
            device(bytes.get());
        }
    }

    private synchronized void draw() {
        if (clock.isShutdown() || jobs.isEmpty()) {
            return;
        }
        terminal.rows(now(terminal.columns()));
    }

    /** The rows as they are. */
    synchronized List<String> now(int columns) {
        return jobs.isEmpty() ? List.of() : texts(columns, jobs, memory(device, ProcessMemory.resident()));
    }

    /** A row for each job, those in the middle left out where they are too many. */
    static List<String> texts(int columns, List<JobRow> jobs, List<String> memory) {
        List<String> texts = new ArrayList<>();
        int shown = jobs.size() <= MOST_ROWS ? jobs.size() : MOST_ROWS - 1;
        for (int i = 0; i < shown - 1; i++) {
            texts.add(jobs.get(i).text(columns, List.of()));
        }
        if (shown < jobs.size()) {
            String more = "and " + (jobs.size() - shown) + " more";
            texts.add(more.substring(0, Math.min(columns, more.length())));
        }
        texts.add(jobs.getLast().text(columns, memory));
        return texts;
    }

    /** "310 MiB", "GPU 2,100 MiB"; the device's first, which is the scarcer. */
    static List<String> memory(OptionalLong device, long resident) {
        List<String> memory = new ArrayList<>();
        device.ifPresent(bytes -> memory.add(String.format(Locale.ROOT, "GPU %,d MiB", bytes >> 20)));
        if (resident > 0) {
            memory.add(String.format(Locale.ROOT, "%,d MiB", resident >> 20));
        }
        return memory;
    }

    /** Takes the rows away; the lines above them stay. */
    @Override
    public synchronized void close() {
        if (clock != null) {
            clock.shutdownNow();
            terminal.rows(List.of());
        }
    }
}
