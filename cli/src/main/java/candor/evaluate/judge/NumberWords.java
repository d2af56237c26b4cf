package candor.evaluate.judge;

import candor.evaluate.judge.Verdict.Range;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the value that a text of a closed world states: one number, "between a and b", "at least a", "at most b". */
final class NumberWords {
    private static final String NUMBER = "(-?(?:\\d{1,3}(?:,\\d{3})+|\\d{1,15})(?:\\.\\d{1,15})?)";
    private static final Pattern ONE = Pattern.compile(NUMBER);
    private static final Pattern BETWEEN =
            Pattern.compile("(?:between|from)\\s+" + NUMBER + "\\s+(?:and|to)\\s+" + NUMBER);
    private static final Pattern LEAST = Pattern.compile("(?:at least|more than|over|above)\\s+" + NUMBER);
    private static final Pattern MOST = Pattern.compile("(?:at most|less than|under|below|up to)\\s+" + NUMBER);

    private NumberWords() {}

    /**
     * The value that all texts agree on, those without a value aside; {@link Range#NONE} where they do not.
     *
     * @param about beginnings of sentences right behind which a number must stand to count; empty where any number does
     */
    static Range together(List<String> texts, List<String> about) {
        List<Range> stated = texts.stream()
                .map(text -> about.isEmpty() ? range(text) : behind(text, about))
                .filter(range -> !range.isNone())
                .distinct()
                .toList();
        return stated.size() == 1 ? stated.getFirst() : Range.NONE;
    }

    private static Range behind(String text, List<String> about) {
        List<Double> all = about.stream()
                .flatMap(beginning -> Phrases.behind(text, beginning).stream())
                .filter(word -> ONE.matcher(word).matches())
                .map(NumberWords::number)
                .distinct()
                .toList();
        return all.size() == 1 ? new Range(all.getFirst(), all.getFirst()) : Range.NONE;
    }

    static Range range(String text) {
        String plain = text.toLowerCase(Locale.ROOT);
        Matcher between = BETWEEN.matcher(plain);
        if (between.find()) {
            double a = number(between.group(1));
            double b = number(between.group(2));
            return new Range(Math.min(a, b), Math.max(a, b));
        }
        Matcher least = LEAST.matcher(plain);
        if (least.find()) {
            return new Range(number(least.group(1)), null);
        }
        Matcher most = MOST.matcher(plain);
        if (most.find()) {
            return new Range(null, number(most.group(1)));
        }
        List<Double> all = ONE.matcher(plain)
                .results()
                .map(found -> number(found.group(1)))
                .distinct()
                .toList();
        return all.size() == 1 ? new Range(all.getFirst(), all.getFirst()) : Range.NONE;
    }

    private static double number(String digits) {
        return Double.parseDouble(digits.replace(",", ""));
    }
}
