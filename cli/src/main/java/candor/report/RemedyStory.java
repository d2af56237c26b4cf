package candor.report;

import candor.report.html.Visible;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What remedies did against wrong answers, in plain words. */
final class RemedyStory {
    /** More remedies than a sentence can have numbers of. */
    private static final int MOST_NUMBERS = 4;

    private final Telling telling;

    RemedyStory(Telling telling) {
        this.telling = telling;
    }

    private List<Difference> pairs(Metric metric) {
        return telling.data().study().arms().stream()
                .filter(arm -> arm.role() == Role.REMEDY)
                .flatMap(arm -> telling.pair(arm, metric).stream())
                .toList();
    }

    /** The remedies of a metric, the one that helps most first. */
    private List<Difference> ranked(Metric metric) {
        return pairs(metric).stream()
                .sorted(Comparator.comparingDouble(
                        d -> d.metric().better() == Metric.Better.HIGHER ? -d.value() : d.value()))
                .toList();
    }

    /** The remedy that helps most, or hurts least. */
    Optional<Finding> best(Metric metric) {
        Measure measure = Measure.of(telling.data(), metric);
        return ranked(metric).stream().findFirst().map(d -> {
            String what = "on wrong answers with " + name(d.arm());
            return Finding.of(
                    telling.sentence("Tuned " + what, "tuning " + what, measure, d), telling.numbers(measure, d));
        });
    }

    /** Which remedies help, and which do not, where there are several. */
    Optional<Finding> honesty(Metric metric) {
        Measure measure = Measure.of(telling.data(), metric);
        List<Difference> pairs = ranked(metric);
        if (pairs.size() < 2) {
            return Optional.empty();
        }
        Map<Telling.State, List<Difference>> states = pairs.stream()
                .collect(Collectors.groupingBy(d -> telling.state(d, 1), LinkedHashMap::new, Collectors.toList()));
        List<String> clauses = new ArrayList<>();
        for (Telling.State state : List.of(
                Telling.State.BETTER,
                Telling.State.LOST,
                Telling.State.SAME,
                Telling.State.OPEN,
                Telling.State.UNKNOWN,
                Telling.State.WORSE,
                Telling.State.UNJUDGED)) {
            if (states.containsKey(state)) {
                String names = named(measure, states.get(state));
                clauses.add(
                        switch (state) {
                            case BETTER -> "with " + names + " the model " + measure.better();
                            case LOST -> "with " + names + " it " + measure.better() + " but lost beliefs";
                            case SAME -> "with " + names + " it " + measure.same() + " as without";
                            case OPEN -> "with " + names + " it stays open";
                            case UNKNOWN -> "of " + names + " there are too few results";
                            case WORSE -> "with " + names + " it " + measure.worse();
                            case UNJUDGED -> "of " + names + " nothing can be said, for the judge failed too often";
                        });
            }
        }
        Arm without = pairs.getFirst().reference();
        String sentence = "Of remedies against wrong answers: " + String.join("; ", clauses) + "; "
                + measure.says(telling.value(without, metric)) + " " + Telling.reference(without) + ".";
        String numbers = pairs.stream()
                .limit(MOST_NUMBERS)
                .map(d -> name(d.arm()) + ": " + telling.numbers(measure, d))
                .collect(Collectors.joining("; "));
        return Optional.of(Finding.of(sentence, numbers));
    }

    private String named(Measure measure, List<Difference> pairs) {
        return Words.list(pairs.stream()
                .map(d -> name(d.arm()) + " (" + measure.says(telling.value(d.arm(), d.metric())) + ")")
                .toList());
    }

    /** The largest change of what the model can do. */
    Optional<Finding> capability() {
        return telling.data().measured(Metric.Kind.CAPABILITY).stream()
                .filter(metric -> !telling.data().isSecondMean(metric))
                .filter(metric -> telling.data().guessed(metric).isEmpty())
                .flatMap(metric -> pairs(metric).stream())
                .filter(d -> d.interval().known())
                .max(Comparator.comparingDouble(d -> Math.abs(d.value())))
                .map(d -> {
                    Measure measure = Measure.of(telling.data(), d.metric());
                    String sentence = "Of what the model can do, remedies change "
                            + Labels.spoken(d.metric()) + " most: " + measure.says(telling.value(d.arm(), d.metric()))
                            + " with " + name(d.arm()) + ", "
                            + Words.whole(telling.value(d.reference(), d.metric())) + " "
                            + Telling.reference(d.reference())
                            + (d.clear() ? "." : "; that is not clear after correction.");
                    return Finding.of(sentence, telling.numbers(measure, d));
                });
    }

    private static String name(Arm arm) {
        return Visible.brief(arm.label(), 60);
    }
}
