package candor.report;

import candor.evaluate.JudgeFailures;
import candor.stats.DoseResponse;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A study's main findings in numbers, an absent effect included. Which comparisons are told is fixed beforehand. */
final class Findings {
    private final StudyData data;
    private final Comparisons comparisons;
    private final List<String> sentences = new ArrayList<>();

    private Findings(StudyData data, Comparisons comparisons) {
        this.data = data;
        this.comparisons = comparisons;
    }

    static List<String> of(StudyData data, Comparisons comparisons, List<Doses> doses) {
        Findings findings = new Findings(data, comparisons);
        for (Metric metric : primary(data)) {
            switch (data.study().kind()) {
                case DIRECT -> findings.pairs(metric, arm -> arm.role() == Role.SEVERE);
                case MIXTURE -> findings.mixture(metric, doses);
                case LOOP -> findings.loop(metric);
                case REMEDY -> findings.pairs(metric, arm -> arm.role() == Role.SEVERE || arm.role() == Role.REMEDY);
            }
        }
        findings.capability();
        findings.sum();
        return findings.sentences;
    }

    /** What to read all findings with: what is missing, and what the judge failed on. */
    static List<String> cautions(StudyData data) {
        Findings findings = new Findings(data, new Comparisons(List.of()));
        findings.missing();
        findings.unjudged();
        return findings.sentences;
    }

    /** The metrics that the findings speak of: the first of honesty, and of deception the whole, or else the first. */
    static List<Metric> primary(StudyData data) {
        List<Metric> primary = new ArrayList<>();
        data.measured(Metric.Kind.HONESTY).stream().findFirst().ifPresent(primary::add);
        data.measured(Metric.Kind.DECEPTION).stream()
                .min(Comparator.comparing(metric -> !metric.subset().equals("all")))
                .ifPresent(primary::add);
        return primary;
    }

    private void missing() {
        if (data.finished() < data.parts()) {
            sentences.add("This study is not finished: " + data.finished() + " of its " + data.parts()
                    + " parts have results.");
        }
        List<String> without = data.study().arms().stream()
                .filter(arm -> !data.hasResults(arm))
                .map(Arm::label)
                .toList();
        if (!without.isEmpty() && without.size() < data.study().arms().size()) {
            sentences.add("No results yet of " + Words.list(without) + ".");
        }
    }

    private void pairs(Metric metric, Predicate<Arm> told) {
        comparisons.main().stream()
                .filter(d -> d.metric().equals(metric) && d.reference() != null && told.test(d.arm()))
                .forEach(d -> sentences.add(sentence(d)));
    }

    /** What the judge failed on is in no score; a reader must know how much that is. */
    private void unjudged() {
        Map<String, Map<String, Double>> byTask = new LinkedHashMap<>();
        for (Metric metric : data.study().metrics()) {
            for (Arm arm : data.study().arms()) {
                double share = data.judgeFailed(arm, metric);
                if (share > JudgeFailures.WORTH_A_WARNING && data.own(metric).isEmpty()) {
                    byTask.computeIfAbsent(metric.task(), task -> new LinkedHashMap<>())
                            .merge(arm.label(), share, Math::max);
                }
            }
        }
        byTask.forEach((task, arms) -> {
            double most =
                    arms.values().stream().mapToDouble(share -> share).max().orElseThrow();
            sentences.add("The judge failed on up to " + Words.one(100 * most) + " % of the rows of "
                    + Words.plain(task) + " ("
                    + Words.list(arms.keySet().stream().map(Words::quoted).toList())
                    + "): what it failed on is in no score"
                    + (most > JudgeFailures.DEFAULT_BOUND
                            ? ", and of arms with more than " + Words.percent(JudgeFailures.DEFAULT_BOUND)
                                    + " nothing is said."
                            : "."));
        });
    }

    private String sentence(Difference d) {
        return d.metric().label() + ", " + d.what() + ": " + Words.signed(d.value()) + " points"
                + (d.interval().known()
                        ? " (95 % interval " + Words.signed(d.interval()) + "; " + Words.pIs(d.holm()) + " corrected)"
                        : " (too few results for an interval)")
                + "; " + verdict(d) + beliefs(d) + ".";
    }

    /** Where many rows lost or gained a belief: a benchmark's own score counts those without one as honest. */
    private String beliefs(Difference d) {
        if (d.reference() == null) {
            return "";
        }
        Optional<Double> before = data.withoutBelief(d.reference(), d.metric());
        Optional<Double> after = data.withoutBelief(d.arm(), d.metric());
        if (before.isEmpty() || after.isEmpty() || Math.abs(Belief.lostShare(data, d)) < Belief.WORTH_TELLING) {
            return "";
        }
        String rows = d.metric().kind() == Metric.Kind.DECEPTION
                ? "rows whose reasoning does not hold the belief, which cannot be deceptive,"
                : data.own(d.metric()).isPresent()
                        ? "rows without a belief"
                        : "rows without a belief, which count as honest here,";
        return "; " + rows + " went from " + Words.one(100 * before.get()) + " to " + Words.one(100 * after.get())
                + " %";
    }

    private String verdict(Difference d) {
        if (!d.judged()) {
            return "nothing can be said, for the judge failed on " + Words.one(100 * d.judgeFailed())
                    + " % of the rows";
        }
        if (!d.interval().known()) {
            return "nothing can be said";
        }
        if (!d.clear()) {
            return "no clear difference";
        }
        if (d.worse()) {
            return "clearly worse";
        }
        return Belief.lost(data, d)
                ? "clearly " + (d.value() > 0 ? "higher" : "lower") + ", where beliefs were lost"
                : "clearly better";
    }

    private void mixture(Metric metric, List<Doses> doses) {
        for (Doses each : doses) {
            if (each.metric().equals(metric)) {
                each.response().ifPresent(response -> sentences.add(threshold(each, response)));
                Optional<Difference> smallest = each.smallestClear(comparisons);
                sentences.add(metric.label() + ": "
                        + smallest.map(d -> "the smallest ratio trained whose change for the worse against the control"
                                        + " stands after correction is " + Words.percent(Doses.ratio(d.arm())) + ".")
                                .orElse("no ratio trained is clearly worse than the control."));
                Optional<Arm> largest = each.arms().stream().reduce((a, b) -> b);
                largest.ifPresent(arm -> pairs(metric, arm::equals));
            }
        }
    }

    /** What the fitted curve says of the smallest ratio that matters. */
    static String threshold(Doses doses, DoseResponse response) {
        String what = doses.metric().label() + ": the fitted curve is worse than at ratio 0 by what this study can tell"
                + " from chance (" + Words.one(100 * response.margin()) + " points)";
        double smallest = Arrays.stream(doses.ratios()).filter(r -> r > 0).min().orElse(0);
        String largest = Words.percent(response.largestDose());
        return Double.isInfinite(response.threshold())
                ? what + " nowhere up to " + largest + "; of curves fitted to resampled seeds and rows, "
                        + Words.percent(Math.rint(100 * response.reached()) / 100) + " get there."
                : what + " from a ratio of about " + end(response.threshold(), smallest, largest)
                        + " on; 95 % interval from " + end(response.interval().low(), smallest, largest) + " to "
                        + end(response.interval().high(), smallest, largest) + ".";
    }

    private static String end(double ratio, double smallest, String largest) {
        return Double.isInfinite(ratio)
                ? "beyond " + largest
                : ratio < smallest ? "below " + Words.percent(smallest) + " (not trained)" : Words.roughPercent(ratio);
    }

    private void loop(Metric metric) {
        comparisons.main().stream()
                .filter(d -> d.metric().equals(metric) && d.reference() == null)
                .forEach(d -> sentences.add(sentence(d)));
        double most = data.study().arms().stream()
                .mapToDouble(arm -> arm.share().orElse(0.0))
                .max()
                .orElse(0);
        pairs(metric, arm -> arm.share().orElse(0.0) == most);
    }

    private void capability() {
        for (Comparisons.Family family : comparisons.families()) {
            List<Difference> known = family.differences().stream()
                    .filter(d -> d.metric().kind() == Metric.Kind.CAPABILITY
                            && !data.isSecondMean(d.metric())
                            && data.guessed(d.metric()).isEmpty()
                            && d.interval().known())
                    .toList();
            Optional<Difference> most = known.stream().max(Comparator.comparingDouble(d -> Math.abs(d.value())));
            if (most.isPresent()) {
                sentences.add("Largest change of capability: " + sentence(most.get()));
                break;
            }
        }
        for (Metric metric : Comparisons.capability(data, false)) {
            Labels.saysNothing(data, metric).ifPresent(sentence -> sentences.add(sentence + "."));
        }
    }

    private void sum() {
        List<Difference> all =
                comparisons.main().stream().filter(d -> !Double.isNaN(d.holm())).toList();
        if (!all.isEmpty()) {
            long worse = all.stream().filter(d -> d.clear() && d.worse()).count();
            long better = all.stream()
                    .filter(d -> d.clear() && !d.worse() && !Belief.lost(data, d))
                    .count();
            long lost = all.stream()
                    .filter(d -> d.clear() && !d.worse() && Belief.lost(data, d))
                    .count();
            sentences.add("Of " + Words.count(all.size(), "main comparison", "main comparisons")
                    + " of honesty and deception, " + worse + " clearly worse and " + better
                    + " clearly better after correction"
                    + (lost == 0 ? "." : "; " + lost + " more moved the good way where beliefs were lost."));
        }
    }
}
