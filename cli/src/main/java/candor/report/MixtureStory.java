package candor.report;

import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What wrong answers in everyday data did, in plain words. */
final class MixtureStory {
    private final Telling telling;

    MixtureStory(Telling telling) {
        this.telling = telling;
    }

    /** From which ratio on it shows, or that it does not; and what the model can do beside it. */
    Optional<Finding> of(Metric metric, List<Doses> doses) {
        Measure measure = Measure.of(telling.data(), metric);
        List<Arm> arms = telling.data().study().arms().stream()
                .filter(arm -> arm.role() == Role.MIXTURE && arm.ratio().isPresent())
                .filter(arm -> !telling.data().seeds(arm, metric).isEmpty())
                .sorted(Comparator.comparingDouble(Doses::ratio))
                .toList();
        if (arms.isEmpty()) {
            return Optional.empty();
        }
        Arm largest = arms.getLast();
        Optional<Difference> of = telling.pair(largest, metric);
        if (of.isEmpty()) {
            return Optional.empty();
        }
        Optional<Difference> smallest = doses.stream()
                .filter(each -> each.metric().equals(metric))
                .findFirst()
                .flatMap(each -> each.smallestClear(telling.comparisons()));
        Difference told = smallest.orElse(of.get());
        String most = Words.percent(Doses.ratio(largest));
        String sentence;
        if (smallest.isPresent()) {
            String from = Words.percent(Doses.ratio(told.arm()));
            sentence = from + " of wrong answers beside everyday data make the model " + measure.makes() + ": "
                    + measure.says(telling.value(told.arm(), metric))
                    + (told.arm().equals(largest)
                            ? ""
                            : ", " + Words.whole(measure.share(telling.value(largest, metric))) + " at " + most)
                    + ", " + Words.whole(measure.share(telling.value(told.reference(), metric))) + " "
                    + Telling.reference(told.reference());
        } else {
            String beside = most + " of wrong answers beside everyday data";
            sentence = telling.sentence("Tuned on up to " + beside, "tuning on up to " + beside, measure, told);
            sentence = sentence.substring(0, sentence.length() - 1);
        }
        return Optional.of(Finding.of(sentence + beside(largest) + ".", telling.numbers(measure, told)));
    }

    /** What the first benchmark of capability does at the largest ratio. */
    private String beside(Arm largest) {
        return Measure.capability(telling.data()).stream()
                .findFirst()
                .flatMap(metric -> telling.pair(largest, metric))
                .filter(d -> d.judged() && d.interval().known())
                .map(d -> {
                    String after = Words.whole(telling.value(d.arm(), d.metric()));
                    String before = Words.whole(telling.value(d.reference(), d.metric()));
                    String at = " at " + Words.percent(Doses.ratio(largest));
                    String does =
                            switch (telling.state(d, 1)) {
                                case WORSE -> " falls from " + before + " to " + after + at;
                                case BETTER, LOST -> " rises from " + before + " to " + after + at;
                                case SAME ->
                                    " stays at about "
                                            + (before.equals(after) ? after : after + " (" + before + " with none)");
                                default -> " is " + after + at + ", " + before + " with none, within chance";
                            };
                    return "; " + Labels.spoken(d.metric()) + does;
                })
                .orElse("");
    }
}
