package candor.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** How far work is, in the last row of a terminal, drawn anew a few times a second: the clock goes on within a long step, too. */
final class Bar implements AutoCloseable {
    private static final long PAUSE_MILLIS = 250;
    private static final int NARROWEST = 8;
    private static final int WIDEST = 40;

    private final TerminalErr terminal;
    private final String unit;
    private final long first;
    private final long all;
    private final long start = System.nanoTime();
    private final ScheduledExecutorService clock;
    private long done;
    private List<String> numbers = List.of();

    /** A bar on standard error, or null where that is no terminal that can have one. */
    static Bar onStderr(String unit, long done, long all) {
        return System.err instanceof TerminalErr terminal ? new Bar(terminal, unit, done, all) : null;
    }

    private Bar(TerminalErr terminal, String unit, long done, long all) {
        this.terminal = terminal;
        this.unit = unit;
        this.first = done;
        this.done = done;
        this.all = all;
        clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("progress bar").factory());
        clock.scheduleWithFixedDelay(this::draw, 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** @param numbers to stand behind it, the most important first */
    synchronized void at(long done, List<String> numbers) {
        this.done = done;
        this.numbers = List.copyOf(numbers);
    }

    private synchronized void draw() {
        if (clock.isShutdown()) {
            return;
        }
        terminal.row(row(terminal.columns(), unit, done, all, left(), numbers));
    }

    /** At the mean speed so far. */
    private Duration left() {
        long nanos = System.nanoTime() - start;
        return done == first ? null : Duration.ofNanos((long) ((double) nanos / (done - first) * (all - done)));
    }

    /**
     * As much of it as fits, the least important left out first; what is left over is the bar's.
     *
     * @param left time; null while that is not known
     */
    static String row(int columns, String unit, long done, long all, Duration left, List<String> numbers) {
        String percent = String.format(Locale.ROOT, "%3d%% ", all == 0 ? 100 : 100 * done / all);
        List<String> parts = new ArrayList<>(numbers);
        parts.addFirst(done + "/" + all + " " + unit);
        if (left != null) {
            parts.add(Math.min(2, parts.size()), clock(left) + " left");
        }
        while (parts.size() > 1 && String.join(", ", parts).length() > columns) {
            parts.removeLast();
        }
        String text = String.join(", ", parts);
        int free = columns - text.length();
        int inside = Math.min(WIDEST, free - percent.length() - 3);
        String before = inside >= NARROWEST
                ? percent + picture(inside, done, all) + " "
                : free >= percent.length() ? percent : "";
        return (before + text).substring(0, Math.min(columns, before.length() + text.length()));
    }

    private static String picture(int inside, long done, long all) {
        int filled = (int) (all == 0 ? inside : inside * done / all);
        return "[" + "=".repeat(filled) + " ".repeat(inside - filled) + "]";
    }

    private static String clock(Duration time) {
        return time.toHours() == 0
                ? String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart())
                : String.format(
                        Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }

    /** Takes the row away; the lines above it stay. */
    @Override
    public synchronized void close() {
        clock.shutdownNow();
        terminal.row("");
    }
}
