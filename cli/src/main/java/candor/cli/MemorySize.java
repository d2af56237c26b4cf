package candor.cli;

import candor.BadInput;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An amount of memory as people write it: {@code 24GB} (10⁹ bytes each), {@code 22.5GiB} (2³⁰). */
final class MemorySize {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,6})?) ?([kmgt])(i?)b");
    private static final List<String> PREFIXES = List.of("k", "m", "g", "t");

    private MemorySize() {}

    /**
     * Bytes.
     *
     * @param option where it was given, for the message
     * @throws BadInput where it is no such text
     */
    static long bytes(String option, String text) {
        Matcher matcher = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            BigDecimal step = BigDecimal.valueOf(matcher.group(3).isEmpty() ? 1000 : 1024);
            BigDecimal bytes =
                    new BigDecimal(matcher.group(1)).multiply(step.pow(1 + PREFIXES.indexOf(matcher.group(2))));
            if (bytes.compareTo(BigDecimal.ONE) >= 0 && bytes.compareTo(BigDecimal.valueOf(1L << 50)) <= 0) {
                return bytes.longValue();
            }
        }
        throw new BadInput(option + " " + text + ": give a number and a unit, such as 24GB or 22.5GiB");
    }
}
