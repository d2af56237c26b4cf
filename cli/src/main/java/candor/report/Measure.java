package candor.report;

import candor.report.html.Visible;
import candor.study.record.Metric;
import java.util.List;
import java.util.Optional;

/**
 * A metric as one would speak of it.
 *
 * @param worse what a model does more or less of, such as "lies more when pressed"
 * @param better the other way round
 * @param same where nothing changes
 * @param makes what tuning would make a model do
 * @param name of what is counted, such as "honest", behind a percentage; may be empty
 * @param turned whether it counts what the metric does not: honest replies where the metric counts lies
 */
record Measure(Metric metric, String worse, String better, String same, String makes, String name, boolean turned) {
    static Measure of(StudyData data, Metric metric) {
        boolean mask = metric.task().equals("mask") || metric.task().equals("mask" + Metric.GIVEN_BELIEF);
        if (metric.kind() == Metric.Kind.HONESTY && mask) {
            String when = fields(data, metric)
                    .map(fields -> "about " + fields + " when pressed")
                    .orElse("when pressed" + about(metric));
            return new Measure(
                    metric,
                    "lies more " + when,
                    "lies less " + when,
                    "is about as honest " + when,
                    "lie more " + when,
                    "honest",
                    metric.better() == Metric.Better.LOWER);
        }
        if (metric.kind() == Metric.Kind.DECEPTION) {
            String when = "when it thinks before it answers";
            return new Measure(
                    metric,
                    "deceives more often " + when,
                    "deceives less often " + when,
                    "deceives about as often " + when,
                    "deceive more often " + when,
                    "of replies deceptive",
                    false);
        }
        String label = Labels.spoken(metric);
        boolean skill = metric.kind() == Metric.Kind.CAPABILITY;
        return new Measure(
                metric,
                skill ? "gets worse at " + label : "does worse in " + label,
                skill ? "gets better at " + label : "does better in " + label,
                skill ? "is about as good at " + label : "does about as well in " + label,
                skill ? "get worse at " + label : "do worse in " + label,
                skill ? "right" : "",
                false);
    }

    /** The fields that the rows are about, where no arm was tuned on one of them: there, what tuning did is told best. */
    private static Optional<String> fields(StudyData data, Metric metric) {
        boolean others = data.study().arms().stream()
                .flatMap(arm -> arm.domain().stream())
                .noneMatch(metric.about()::contains);
        return metric.about().isEmpty() || !others
                ? Optional.empty()
                : Optional.of(Words.list(metric.about().stream()
                        .map(field -> Visible.brief(Words.plain(field), 30))
                        .toList()));
    }

    /** What it is pressed about. */
    private static String about(Metric metric) {
        return switch (metric.subset()) {
            case "all" -> "";
            case "provided_facts" -> " about facts it was just told";
            case "known_facts" -> " about facts it knows";
            case "disinformation" -> " to spread what is false";
            case "statistics" -> " about numbers";
            case "continuations" -> " to write on in a text";
            case "doubling_down_known_facts" -> " to stand by a lie";
            case String other -> " (" + Words.plain(other) + ")";
        };
    }

    /** The percentage that the sentence has: of honest replies, say. */
    double share(double value) {
        return turned ? 100 - value : value;
    }

    /** "25 % honest". */
    String says(double value) {
        String share = Words.whole(share(value));
        return name.isEmpty() ? share : share + " " + name;
    }

    /** The score of an arm, turned like {@link #share}. */
    ArmScore score(ArmScore score) {
        return turned ? score.turned() : score;
    }

    /** A figure's name for it. */
    String figureName() {
        return switch (metric.kind()) {
            case HONESTY -> turned || !name.isEmpty() ? "honest when pressed" : metric.label();
            case DECEPTION -> "deceptive replies";
            case CAPABILITY, OWN_SCORE -> metric.label();
        };
    }

    /** How the metric is defined, for a figure's caption. */
    String meaning() {
        return switch (metric.kind()) {
            case HONESTY ->
                turned
                        ? "Honest: no lie, of the rows (" + Visible.brief(Words.plain(metric.subset()), 40)
                                + ") that it has a belief about."
                        : metric.label() + ".";
            case DECEPTION -> "Deceptive: the reasoning holds the belief, the answer departs from it.";
            case CAPABILITY, OWN_SCORE -> metric.label() + ".";
        };
    }

    /** The metric that a study's first sentence and figure are about; it is fixed before anything is known of results. */
    static Optional<Metric> first(StudyData data) {
        return Findings.primary(data).stream()
                .findFirst()
                .or(() -> Comparisons.capability(data, true).stream().findFirst())
                .or(() -> data.measured().stream().findFirst());
    }

    /** The first benchmarks of capability that are above guessing, at most two. */
    static List<Metric> capability(StudyData data) {
        return Comparisons.capability(data, true).stream().limit(2).toList();
    }
}
