package candor.text.template;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.util.Locale;

/** C's {@code strftime} in the C locale, for the directives that name a date or a time. */
final class Strftime {
    private Strftime() {}

    static String format(String format, LocalDateTime t, Budget budget) {
        Output out = new Output(budget);
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(String.valueOf(c));
                continue;
            }
            char d = format.charAt(++i);
            boolean bare = d == '-' && i + 1 < format.length();
            if (bare) {
                d = format.charAt(++i);
            }
            String text = directive(d, t);
            // glibc's "%-d": without the leading zeros of a number.
            out.append(bare ? text.replaceFirst("^0+(?=\\d)", "") : text);
        }
        return out.toString();
    }

    private static String directive(char d, LocalDateTime t) {
        return switch (d) {
            case 'd' -> two(t.getDayOfMonth());
            case 'm' -> two(t.getMonthValue());
            case 'Y' -> String.valueOf(t.getYear());
            case 'y' -> two(t.getYear() % 100);
            case 'B' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b' ->
                t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'A' -> t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' ->
                t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'H' -> two(t.getHour());
            case 'I' -> two(t.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'M' -> two(t.getMinute());
            case 'S' -> two(t.getSecond());
            case 'p' -> t.getHour() < 12 ? "AM" : "PM";
            case 'j' -> String.format(Locale.ROOT, "%03d", t.getDayOfYear());
            case 'F' -> t.getYear() + "-" + two(t.getMonthValue()) + "-" + two(t.getDayOfMonth());
            case 'T' -> two(t.getHour()) + ":" + two(t.getMinute()) + ":" + two(t.getSecond());
            case '%' -> "%";
            default -> throw TemplateError.unsupported("the directive '%" + d + "' of strftime_now()");
        };
    }

    private static String two(int n) {
        return n < 10 ? "0" + n : String.valueOf(n);
    }
}
