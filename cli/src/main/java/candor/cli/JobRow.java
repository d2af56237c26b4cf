package candor.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How far a job is, as a row of a terminal says it. */
final class JobRow {
    private static final int NARROWEST = 8;
    private static final int WIDEST = 40;

    /** A name takes at most this part of a row. */
    private static final int NAME_PART = 3;

    private String name;
    private String unit;
    private long done;
    private long all;
    /** Of what is counted next, as much as is done. */
    private double part;

    private long start;
    private Pace pace;
    private List<String> numbers = List.of();

    JobRow(String name, String unit, long done, long all) {
        begin(name, unit, done, all);
    }

    /**
     * Another piece of work in the same row.
     *
     * @param name what comes first; may be empty
     * @param unit of what is counted, for many
     * @param done before
     * @param all  0 where nobody knows
     */
    void begin(String name, String unit, long done, long all) {
        begin(name, unit, done, 0, all);
    }

    /** @param part of what is counted next, as much as is done: what is counted may take long */
    synchronized void begin(String name, String unit, long done, double part, long all) {
        this.name = name.replaceAll("\\p{Cntrl}", "?"); // a folder may be called anything
        this.unit = unit;
        this.done = done;
        this.all = all;
        this.part = part;
        numbers = List.of();
        start = System.nanoTime();
        pace = new Pace(start, done + part);
    }

    /** @param numbers to stand behind it, the most important first */
    synchronized void at(long done, List<String> numbers) {
        at(done, 0, numbers);
    }

    /** @param part see {@link #begin(String, String, long, double, long)} */
    synchronized void at(long done, double part, List<String> numbers) {
        this.done = done;
        this.part = part;
        this.numbers = List.copyOf(numbers);
        pace.at(System.nanoTime(), done + part);
    }

    /**
     * The row as it is now.
     *
     * @param more numbers of the process, the least important of all
     */
    synchronized String text(int columns, List<String> more) {
        long now = System.nanoTime();
        Optional<String> time = pace.left(now, all)
                .map(left -> clock(left) + " left")
                .or(() -> pace.known() || all > 0 && done >= all
                        ? Optional.empty()
                        : Optional.of(clock(Duration.ofNanos(now - start)) + " so far"));
        return text(columns, name, count(), share(), time, numbers, more);
    }

    /** "30/60 steps"; empty where nothing is counted. */
    private String count() {
        String count = all > 0 ? done + "/" + all : done > 0 ? Long.toString(done) : "";
        return count.isEmpty() || unit.isEmpty() ? count : count + " " + unit;
    }

    /** What part is done, negative where nobody knows. */
    private double share() {
        return all > 0 ? Math.min(1, (done + part) / all) : -1;
    }

    /**
     * As much of it as fits, the least important left out first; what is left over is the bar's.
     *
     * @param name  of the job; may be empty
     * @param count how much of how much; may be empty
     * @param share what part that is; negative where nobody knows
     * @param time  that is left, or has passed; it goes behind the first number
     */
    static String text(
            int columns,
            String name,
            String count,
            double share,
            Optional<String> time,
            List<String> numbers,
            List<String> more) {
        String label = name.isEmpty() ? "" : end(name, columns / NAME_PART) + ": ";
        List<String> parts = new ArrayList<>(numbers);
        if (!count.isEmpty()) {
            parts.addFirst(count);
        }
        time.ifPresent(text -> parts.add(Math.min(count.isEmpty() ? 0 : 2, parts.size()), text));
        parts.addAll(more);
        while (parts.size() > 1 && label.length() + String.join(", ", parts).length() > columns) {
            parts.removeLast();
        }
        String text = String.join(", ", parts);
        int free = columns - label.length() - text.length();
        String percent = share < 0 ? "" : String.format(Locale.ROOT, "%3d%% ", (int) (100 * share));
        int inside = Math.min(WIDEST, free - percent.length() - 3);
        String before = share < 0
                ? ""
                : inside >= NARROWEST
                        ? percent + picture(inside, share) + " "
                        : free >= percent.length() ? percent : "";
        String row = label + before + text;
        return row.substring(0, Math.min(columns, row.length()));
    }

    /** The end of a name, which tells it from others more often than the beginning. */
    private static String end(String name, int most) {
        return name.length() <= most ? name : "…" + name.substring(name.length() - Math.max(0, most - 1));
    }

    private static String picture(int inside, double share) {
        int filled = (int) (inside * share);
        return "[" + "=".repeat(filled) + " ".repeat(inside - filled) + "]";
    }

    /** "0:21", "1:02:03". */
    static String clock(Duration time) {
        return time.toHours() == 0
                ? String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart())
                : String.format(
                        Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }
}
