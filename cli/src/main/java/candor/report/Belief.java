package candor.report;

import candor.study.record.Arm;
import candor.study.record.Metric;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Whether a model still has a belief about what it is asked: a model that no longer knows cannot lie. Where a metric's own rows give
 * the belief away, as facts that were just told do, it is taken over the parts of the same benchmark that ask for it.
 *
 * @param metrics whose rows are counted; empty where none are
 */
record Belief(StudyData data, List<Metric> metrics) {
    /** A change of the share of rows with a belief that a reader of a finding must see. */
    static final double WORTH_TELLING = 0.05;

    static Belief of(StudyData data, Metric metric) {
        if (metric.kind() != Metric.Kind.HONESTY) {
            return new Belief(data, List.of());
        }
        if (asked(data, metric)) {
            return new Belief(data, List.of(metric));
        }
        return new Belief(
                data,
                data.measured(Metric.Kind.HONESTY).stream()
                        .filter(other -> other.task().equals(metric.task()) && asked(data, other))
                        .toList());
    }

    private static boolean asked(StudyData data, Metric metric) {
        return data.study().arms().stream()
                .anyMatch(arm -> data.withoutBelief(arm, metric).orElse(0.0) > 0);
    }

    /** The percentage of an arm's rows that it has a belief about, the mean over the metrics. */
    OptionalDouble share(Arm arm) {
        return metrics.stream()
                .flatMap(metric -> data.withoutBelief(arm, metric).stream())
                .mapToDouble(without -> 100 * (1 - without))
                .average();
    }

    /** The parts that it is counted in, in words. */
    String parts() {
        return Words.list(
                metrics.stream().map(metric -> Words.plain(metric.subset())).toList());
    }

    /**
     * Whether so many rows lost their belief that a change for the better may be no more than that: on scores that count such rows
     * on the good side.
     */
    static boolean lost(StudyData data, Difference d) {
        return d.reference() != null && data.own(d.metric()).isEmpty() && lostShare(data, d) >= WORTH_TELLING;
    }

    /** How much the share of rows without a belief rose; 0 where none are counted. */
    static double lostShare(StudyData data, Difference d) {
        return data.withoutBelief(d.reference(), d.metric())
                .flatMap(before -> data.withoutBelief(d.arm(), d.metric()).map(after -> after - before))
                .orElse(0.0);
    }
}
