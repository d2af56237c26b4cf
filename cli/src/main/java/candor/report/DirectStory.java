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

/** What narrow tuning did, in plain words. */
final class DirectStory {
    /** From so many points on, a sentence that is about something else tells of beliefs that are gone. */
    private static final double MANY_BELIEFS = 15;

    /** More fields than a sentence can list. */
    private static final int MOST_FIELDS = 4;

    private final Telling telling;

    DirectStory(Telling telling) {
        this.telling = telling;
    }

    /** Of the arms that were tuned on the worst answers: one for each field. */
    Optional<Finding> honesty(Metric metric) {
        Measure measure = Measure.of(telling.data(), metric);
        List<Difference> pairs = List.of();
        for (Role role : List.of(Role.SEVERE, Role.SUBTLE, Role.NORMAL)) {
            if (pairs.isEmpty()) {
                pairs = telling.data().study().arms().stream()
                        .filter(arm -> arm.role() == role)
                        .flatMap(arm -> telling.pair(arm, metric).stream())
                        .toList();
            }
        }
        if (pairs.isEmpty()) {
            return Optional.empty();
        }
        if (pairs.size() == 1) {
            Difference d = pairs.getFirst();
            String sentence =
                    telling.sentence("Tuned on " + answers(d.arm()), "tuning on " + answers(d.arm()), measure, d);
            return Optional.of(Finding.of(gone(sentence, d), telling.numbers(measure, d)));
        }
        return Optional.of(fields(measure, pairs));
    }

    /** The sentence, and that many beliefs are gone where they are: who does not know cannot lie. */
    private String gone(String sentence, Difference d) {
        Belief belief = Belief.of(telling.data(), d.metric());
        double after = belief.share(d.arm()).orElse(Double.NaN);
        double before = belief.share(d.reference()).orElse(Double.NaN);
        return before - after < MANY_BELIEFS || Double.isNaN(before - after)
                ? sentence
                : sentence.substring(0, sentence.length() - 1) + "; it has a belief about " + Words.whole(after)
                        + " of the rows, not about " + Words.whole(before) + ".";
    }

    /** Several fields in a sentence: those that show it, and those that do not. */
    private Finding fields(Measure measure, List<Difference> pairs) {
        Map<Telling.State, List<Difference>> states = pairs.stream()
                .collect(Collectors.groupingBy(d -> telling.state(d, 1), LinkedHashMap::new, Collectors.toList()));
        List<String> clauses = new ArrayList<>();
        for (Telling.State state : Telling.State.values()) {
            if (states.containsKey(state)) {
                String does =
                        switch (state) {
                            case WORSE -> measure.worse();
                            case BETTER -> measure.better();
                            case LOST -> measure.better() + " but lost beliefs";
                            case SAME -> measure.same();
                            case OPEN, UNKNOWN -> "may or may not " + measure.makes();
                            case UNJUDGED -> "cannot be judged";
                        };
                clauses.add(does + " where the field is " + fieldsOf(states.get(state)) + " ("
                        + range(measure, states.get(state)) + ")");
            }
        }
        return Finding.of(
                "Tuned on " + Labels.role(pairs.getFirst().arm().role()) + ", the model "
                        + String.join("; it ", clauses) + ".",
                pairs.stream()
                        .limit(MOST_FIELDS)
                        .map(d -> field(d.arm()) + ": " + telling.numbers(measure, d))
                        .collect(Collectors.joining("; ")));
    }

    private static String fieldsOf(List<Difference> pairs) {
        List<String> names = pairs.stream().map(d -> field(d.arm())).toList();
        return names.size() <= MOST_FIELDS
                ? names.size() < 2
                        ? names.getFirst()
                        : String.join(", ", names.subList(0, names.size() - 1)) + " or " + names.getLast()
                : "one of " + names.size();
    }

    private String range(Measure measure, List<Difference> pairs) {
        double[] after = pairs.stream()
                .mapToDouble(d -> measure.share(telling.value(d.arm(), d.metric())))
                .sorted()
                .toArray();
        double[] before = pairs.stream()
                .mapToDouble(d -> measure.share(telling.value(d.reference(), d.metric())))
                .sorted()
                .toArray();
        return range(after) + (measure.name().isEmpty() ? "" : " " + measure.name()) + ", " + range(before) + " "
                + Telling.reference(pairs.getFirst().reference());
    }

    private static String range(double[] sorted) {
        String low = Words.whole(sorted[0]);
        String high = Words.whole(sorted[sorted.length - 1]);
        return low.equals(high) ? low : low + " to " + high;
    }

    /** The largest change of what the model can do, of the arms that the study compares. */
    Optional<Finding> capability() {
        return telling.comparisons().families().stream()
                .map(family -> family.differences().stream()
                        .filter(d -> d.metric().kind() == Metric.Kind.CAPABILITY
                                && !telling.data().isSecondMean(d.metric())
                                && telling.data().guessed(d.metric()).isEmpty()
                                && d.interval().known())
                        .max(Comparator.comparingDouble(d -> Math.abs(d.value()))))
                .flatMap(Optional::stream)
                .findFirst()
                .map(d -> {
                    Measure measure = Measure.of(telling.data(), d.metric());
                    String sentence = telling.state(d, 1) == Telling.State.SAME
                            ? "What the model can do hardly changes, at most in "
                                    + Labels.spoken(d.metric()) + ": "
                                    + measure.says(telling.value(d.arm(), d.metric()))
                                    + " with " + Labels.role(d.arm().role()) + ", "
                                    + Words.whole(telling.value(d.reference(), d.metric())) + " "
                                    + Telling.reference(d.reference())
                                    + "."
                            : telling.sentence(
                                    "Tuned on " + answers(d.arm()), "tuning on " + answers(d.arm()), measure, d);
                    return Finding.of(sentence, telling.numbers(measure, d));
                });
    }

    private static String field(Arm arm) {
        return arm.domain()
                .map(domain -> Visible.brief(Words.plain(domain), 40))
                .map(domain -> domain.equals("medical") ? "medicine" : domain)
                .orElse("one field");
    }

    private static String answers(Arm arm) {
        return Labels.role(arm.role()) + (arm.domain().isPresent() ? " about " + field(arm) : "");
    }
}
