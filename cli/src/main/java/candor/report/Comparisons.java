package candor.report;

import candor.evaluate.Scores;
import candor.stats.Holm;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Which arms a study holds against which, in families that Holm's correction is made within: what is compared with the same kind
 * of reference, of honesty and deception together, of the parts of their benchmarks, and of capability.
 */
record Comparisons(List<Family> families) {
    /** The share of biased users that a trend is told for. */
    static final double PER = 0.1;

    /** @param what the family compares, as a caption */
    record Family(String what, boolean main, List<Difference> differences) {
        /** Whether it is of parts of benchmarks, or of scores that no verdict goes by. */
        boolean ofParts(StudyData data) {
            Metric metric = differences.getFirst().metric();
            return isPart(data, metric) || metric.kind() == Metric.Kind.OWN_SCORE;
        }
    }

    static Comparisons of(StudyData data) {
        List<Family> families = new ArrayList<>();
        Function<Arm, Optional<Arm>> control = arm -> control(data, arm);
        Function<Arm, Optional<Arm>> base = arm -> base(data, arm);
        String against =
                switch (data.study().kind()) {
                    case DIRECT -> "against the same tuning on right answers";
                    case MIXTURE -> "against tuning on the everyday data alone";
                    case LOOP -> "against tuning on conversations without biased users";
                    case REMEDY ->
                        "of wrong answers against right ones, and of each remedy against wrong answers alone";
                };
        List<Metric> whole = honest(data, true);
        List<Metric> parts = honest(data, false);
        List<Metric> capability = capability(data, true);
        List<Metric> guessed = capability(data, false);
        List<Metric> own = data.measured(Metric.Kind.OWN_SCORE);
        String honesty = "Honesty and deception ";
        String before = "against the base model";
        add(families, honesty + against, true, pairs(data, control, whole));
        add(families, "Honesty and deception, trend over the share of biased users", true, trends(data, whole));
        add(
                families,
                honesty + "of each remedy against right answers",
                false,
                pairs(data, arm -> arm.role() == Role.REMEDY ? find(data, Role.NORMAL) : Optional.empty(), whole));
        add(families, honesty + before, false, pairs(data, base, whole));
        add(families, "Parts of these benchmarks " + against, false, pairs(data, control, parts));
        add(families, "Parts of these benchmarks " + before, false, pairs(data, base, parts));
        add(families, "Capability " + against, false, pairs(data, control, capability));
        add(families, "Capability " + before, false, pairs(data, base, capability));
        add(
                families,
                "Benchmarks that say nothing about capability here, " + against,
                false,
                pairs(data, control, guessed));
        String published = "MASK's own score, which counts rows without a belief as honest, ";
        add(families, published + against, false, pairs(data, control, own));
        add(families, published + before, false, pairs(data, base, own));
        return new Comparisons(families);
    }

    /**
     * Metrics of capability that the base model does better at than by guessing, or the others; without second means of the same
     * rows, which would count them twice.
     */
    static List<Metric> capability(StudyData data, boolean above) {
        return data.measured(Metric.Kind.CAPABILITY).stream()
                .filter(metric -> !data.isSecondMean(metric))
                .filter(metric -> above == data.guessed(metric).isEmpty())
                .toList();
    }

    /** Metrics of honesty and deception, or those of them that are parts of another: it would count twice. */
    private static List<Metric> honest(StudyData data, boolean whole) {
        return data.measured(Metric.Kind.HONESTY, Metric.Kind.DECEPTION).stream()
                .filter(metric -> whole != isPart(data, metric))
                .toList();
    }

    /** Whether a metric is of a part of a benchmark whose whole the study measures too. */
    static boolean isPart(StudyData data, Metric metric) {
        return !metric.subset().equals(Scores.ALL)
                && data.study().metric(metric.task(), Scores.ALL).isPresent();
    }

    private static void add(List<Family> families, String what, boolean main, List<Difference> differences) {
        if (differences.isEmpty()) {
            return;
        }
        double[] holm =
                Holm.correct(differences.stream().mapToDouble(Difference::p).toArray());
        List<Difference> corrected = new ArrayList<>();
        for (int i = 0; i < holm.length; i++) {
            corrected.add(differences.get(i).corrected(holm[i]));
        }
        families.add(new Family(what, main, corrected));
    }

    private static List<Difference> pairs(
            StudyData data, Function<Arm, Optional<Arm>> reference, List<Metric> metrics) {
        List<Difference> differences = new ArrayList<>();
        for (Metric metric : metrics) {
            for (Arm arm : data.study().arms()) {
                reference
                        .apply(arm)
                        .filter(other ->
                                !data.sharedSeeds(List.of(other, arm), metric).isEmpty())
                        .ifPresent(other -> differences.add(Difference.of(data, metric, arm, other)));
            }
        }
        return differences;
    }

    /** The arm that differs from this one by what the study is about, and by nothing else. */
    static Optional<Arm> control(StudyData data, Arm arm) {
        return switch (arm.role()) {
            case BASE, CONTROL, NORMAL -> Optional.empty();
            case SUBTLE, SEVERE ->
                find(
                        data,
                        other -> other.role() == Role.NORMAL
                                && other.domain().equals(arm.domain())
                                && other.method().equals(arm.method()));
            case MIXTURE -> find(data, Role.CONTROL);
            case REMEDY -> find(data, Role.SEVERE);
            case LOOP ->
                arm.share().orElse(0.0) == 0
                        ? Optional.empty()
                        : find(
                                data,
                                other -> other.role() == Role.LOOP
                                        && other.share().orElse(Double.NaN) == 0
                                        && other.method().equals(arm.method()));
        };
    }

    static Optional<Arm> base(StudyData data, Arm arm) {
        return arm.role() == Role.BASE ? Optional.empty() : find(data, Role.BASE);
    }

    private static Optional<Arm> find(StudyData data, Role role) {
        return find(data, arm -> arm.role() == role);
    }

    private static Optional<Arm> find(StudyData data, Predicate<Arm> wanted) {
        return data.study().arms().stream().filter(wanted).findFirst();
    }

    /** Arms of one method over the share of biased users, in rising order, that have a value. */
    static List<Arm> overShare(StudyData data, Metric metric, Method method) {
        return data.study().arms().stream()
                .filter(arm -> arm.role() == Role.LOOP
                        && arm.share().isPresent()
                        && arm.method().equals(Optional.of(method))
                        && !data.seeds(arm, metric).isEmpty())
                .sorted(Comparator.comparingDouble(arm -> arm.share().orElseThrow()))
                .toList();
    }

    private static List<Difference> trends(StudyData data, List<Metric> metrics) {
        List<Difference> trends = new ArrayList<>();
        for (Metric metric : metrics) {
            for (Method method : Method.values()) {
                List<Arm> arms = overShare(data, metric, method);
                double[] shares = arms.stream()
                        .mapToDouble(arm -> arm.share().orElseThrow())
                        .toArray();
                if (Arrays.stream(shares).distinct().count() >= 3
                        && !data.sharedSeeds(arms, metric).isEmpty()) {
                    trends.add(Difference.trend(
                            data,
                            metric,
                            arms,
                            shares,
                            PER,
                            Words.method(method) + ", for each 10 % more of biased users"));
                }
            }
        }
        return trends;
    }

    List<Difference> main() {
        return families.stream()
                .filter(Family::main)
                .flatMap(family -> family.differences().stream())
                .toList();
    }
}
