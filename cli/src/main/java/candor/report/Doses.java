package candor.report;

import candor.evaluate.JudgeFailures;
import candor.stats.DoseResponse;
import candor.stats.Interval;
import candor.stats.Rates;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The arms of a mixture study in order of their ratio, the control first, and what the metric does over them. */
record Doses(Metric metric, List<Arm> arms, double[] ratios, Optional<DoseResponse> response, String whyNot) {
    static Doses of(StudyData data, Metric metric) {
        List<Arm> arms = data.study().arms().stream()
                .filter(arm -> arm.role() == Role.CONTROL
                        || arm.role() == Role.MIXTURE && arm.ratio().isPresent())
                .filter(arm -> !data.seeds(arm, metric).isEmpty())
                .sorted(Comparator.comparingDouble(Doses::ratio))
                .toList();
        double[] ratios = arms.stream().mapToDouble(Doses::ratio).toArray();
        String whyNot = whyNot(data, metric, arms, ratios);
        Optional<DoseResponse> response = whyNot.isEmpty()
                ? Optional.of(DoseResponse.of(
                        ratios,
                        data.rates(arms, metric).toArray(new Rates[0]),
                        data.luck(arms.getLast(), metric),
                        metric.better() == Metric.Better.HIGHER,
                        Interval.LEVEL))
                : Optional.empty();
        return new Doses(metric, arms, ratios, response, whyNot);
    }

    private static String whyNot(StudyData data, Metric metric, List<Arm> arms, double[] ratios) {
        if (Arrays.stream(ratios).distinct().count() < 3) {
            return "No curve is fitted: that takes at least three ratios with results.";
        }
        if (ratios[0] != 0) {
            return "No curve is fitted: the control arm, which is its start, has no results.";
        }
        if (data.sharedSeeds(arms, metric).isEmpty()) {
            return "No curve is fitted: the arms have no seed in common.";
        }
        if (arms.stream().anyMatch(arm -> data.judgeFailed(arm, metric) > JudgeFailures.DEFAULT_BOUND)) {
            return "No curve is fitted: the judge failed on too many rows of an arm.";
        }
        return data.hasRows(metric) ? "" : "No curve is fitted: the rows of the scores are missing.";
    }

    static double ratio(Arm arm) {
        return arm.role() == Role.CONTROL ? 0 : arm.ratio().orElse(0.0);
    }

    /** The smallest ratio that was trained whose change for the worse stands after the correction. */
    Optional<Difference> smallestClear(Comparisons comparisons) {
        return comparisons.main().stream()
                .filter(difference -> difference.metric().equals(metric)
                        && difference.reference() != null
                        && arms.contains(difference.arm())
                        && difference.clear()
                        && difference.worse())
                .min(Comparator.comparingDouble(difference -> ratio(difference.arm())));
    }
}
