package candor.watch;

import candor.report.html.Visible;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** How texts and numbers stand on the page. */
final class Shown {
    /** Characters of a stranger's text that are kept. */
    private static final int MOST_CHARACTERS = 1200;

    private static final int MOST_OF_A_NAME = 120;

    private Shown() {}

    /** A reply or a prompt, cut where it is long. */
    static String text(String text) {
        return Visible.cut(text, MOST_CHARACTERS);
    }

    /** A name, or a line, on one line. */
    static String name(String text) {
        return Visible.brief(text, MOST_OF_A_NAME);
    }

    static String whole(double number) {
        return String.format(Locale.ROOT, "%,.0f", number);
    }

    static String number(double number) {
        return String.format(Locale.ROOT, "%.4f", number);
    }

    /** "0:21", "1:02:03", "2 d 1:02:03". */
    static String clock(Duration time) {
        long days = time.toDays();
        return days > 0
                ? String.format(
                        Locale.ROOT,
                        "%d d %d:%02d:%02d",
                        days,
                        time.toHoursPart(),
                        time.toMinutesPart(),
                        time.toSecondsPart())
                : time.toHours() > 0
                        ? String.format(
                                Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart())
                        : String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
    }

    /** How long ago, coarsely: the page need not change with every second. */
    static String ago(Instant then, Instant now) {
        long seconds = Math.max(0, Duration.between(then, now).toSeconds());
        return seconds < 10
                ? "just now"
                : seconds < 60
                        ? seconds / 10 * 10 + " s ago"
                        : seconds < 3600
                                ? seconds / 60 + " min ago"
                                : seconds < 86_400 ? seconds / 3600 + " h ago" : seconds / 86_400 + " days ago";
    }
}
