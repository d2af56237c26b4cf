package candor.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How long the rest of some work takes, judging by the later half of the time that has gone by: loops are compiled and memory is
 * taken in the first.
 */
final class Pace {
    /** So many points of the past are kept; every second is dropped when there are more. */
    private static final int MOST_MARKS = 128;

    /** So much was done then. */
    private record Mark(long nanos, double done) {}

    private final List<Mark> marks = new ArrayList<>();

    /**
     * Work that begins now, or goes on.
     *
     * @param nanos by {@link System#nanoTime}
     * @param done  before
     */
    Pace(long nanos, double done) {
        marks.add(new Mark(nanos, done));
    }

    /** So much is done now; as much as before is no news. */
    void at(long nanos, double done) {
        if (done <= marks.getLast().done) {
            return;
        }
        marks.add(new Mark(nanos, done));
        if (marks.size() > MOST_MARKS) {
            for (int i = marks.size() - 2; i > 0; i -= 2) {
                marks.remove(i);
            }
        }
    }

    /** Whether something was done here. */
    boolean known() {
        return marks.size() > 1;
    }

    /**
     * The time that is left, a second at least, less what has passed since the last news; empty while nothing was done here, and
     * when all is done.
     */
    Optional<Duration> left(long nanos, double all) {
        Mark first = marks.getFirst();
        Mark last = marks.getLast();
        if (last.done <= first.done || last.done >= all) {
            return Optional.empty();
        }
        long half = first.nanos + (last.nanos - first.nanos) / 2;
        Mark from = first;
        for (Mark mark : marks) {
            from = mark.nanos <= half ? mark : from;
        }
        double each = (last.nanos - from.nanos) / (last.done - from.done);
        double left = each * (all - last.done) - (nanos - last.nanos);
        return Optional.of(Duration.ofNanos((long) Math.max(1e9, left)));
    }
}
