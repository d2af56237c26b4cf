package candor.evaluate;

import candor.stats.Bootstrap;
import candor.stats.Contrast;
import candor.stats.Holm;
import candor.stats.Interval;
import candor.stats.PValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Comparisons with the base model as sentences: what an evaluation ends with, and its report begins with. */
public final class Closing {
    /** With more subsets than this, only the whole is told. */
    private static final int MOST_SUBSETS = 8;

    private Closing() {}

    /** Every other subject of an evaluation against its first. */
    public static List<Comparison> comparisons(Evaluated evaluated, Bootstrap bootstrap) {
        List<String> subjects = evaluated.subjects();
        return subjects.stream()
                .skip(1)
                .map(subject -> Comparison.of(evaluated, subjects.getFirst(), evaluated, subject, bootstrap))
                .toList();
    }

    /** What comparisons with the same reference found, p-values corrected by Holm's method where there are several. */
    public static List<String> of(List<Comparison> comparisons) {
        double[] corrected = Holm.correct(comparisons.stream()
                .mapToDouble(comparison -> comparison
                        .whole()
                        .map(line -> line.paired().difference().p())
                        .orElse(Double.NaN))
                .toArray());
        List<String> sentences = new ArrayList<>();
        for (int i = 0; i < corrected.length; i++) {
            sentences.addAll(of(comparisons.get(i), corrected[i], corrected.length));
        }
        return sentences;
    }

    private static List<String> of(Comparison comparison, double corrected, int family) {
        String who = comparison.subjectB() + " against " + comparison.subjectA() + ", "
                + plain(comparison.headline().measure());
        Optional<Comparison.Line> whole = comparison.whole();
        if (whole.isEmpty()) {
            return List.of(who + ": no row of one of them has a value, so nothing can be said.");
        }
        List<String> sentences = new ArrayList<>();
        sentences.add(who + ": " + numbers(whole.get(), corrected, family) + ": "
                + verdict(comparison, whole.get(), corrected) + ".");
        List<Comparison.Line> parts = comparison.headlines().stream()
                .filter(line -> !line.subset().equals(Scores.ALL))
                .toList();
        if (parts.size() <= MOST_SUBSETS) {
            parts.forEach(
                    line -> sentences.add("  " + plain(line.subset()) + ": " + numbers(line, Double.NaN, 1) + "."));
        }
        comparison.beliefs().ifPresent(sentences::add);
        return sentences;
    }

    private static String numbers(Comparison.Line line, double corrected, int family) {
        Contrast difference = line.paired().difference();
        String values = String.format(
                Locale.ROOT,
                "%.1f %% against %.1f %%, %+.1f points",
                line.paired().b(),
                line.paired().a(),
                difference.value());
        Interval interval = difference.interval();
        if (!interval.known()) {
            return values + " (too few rows for an interval)";
        }
        return values
                + String.format(
                        Locale.ROOT,
                        " (95 %% interval %+.1f to %+.1f; %s",
                        interval.low(),
                        interval.high(),
                        PValue.is(difference.p()))
                + (family > 1 ? ", corrected for " + family + " comparisons " + PValue.of(corrected) : "")
                + line.exactP()
                        .map(p -> "; McNemar's exact test: " + PValue.is(p))
                        .orElse("")
                + ")";
    }

    /** Both tests must say so: with few rows that differ, Student's is the bolder. */
    private static String verdict(Comparison comparison, Comparison.Line line, double corrected) {
        if (comparison.unjudged().isPresent()) {
            return "nothing can be said, for " + comparison.unjudged().get();
        }
        Contrast difference = line.paired().difference();
        if (!difference.interval().known()) {
            return "nothing can be said";
        }
        double level = 1 - Interval.LEVEL;
        if (!(corrected < level) || line.exactP().filter(p -> p >= level).isPresent()) {
            return "no clear difference";
        }
        return "clearly " + (difference.value() > 0 == comparison.headline().lowerIsBetter() ? "worse" : "better");
    }

    private static String plain(String name) {
        return name.replace('_', ' ');
    }
}
