package candor.report;

import candor.report.html.Visible;
import candor.stats.Interval;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.Comparator;
import java.util.Optional;

/**
 * How comparisons of a study are told: the words follow from the test after its correction, and from how wide its interval is. An
 * absent effect, a better one and one that is open have words of their own.
 */
record Telling(StudyData data, Comparisons comparisons) {
    /** A change that lies within so many points for certain is none to speak of; a wider interval leaves it open. */
    private static final double TIGHT = 10;

    /** What a comparison comes to. */
    enum State {
        WORSE,
        BETTER,
        /** Better only where beliefs were lost. */
        LOST,
        SAME,
        OPEN,
        UNKNOWN,
        UNJUDGED
    }

    /** The comparison that the study makes of an arm, or that with the base model where there is no other. */
    Optional<Difference> pair(Arm arm, Metric metric) {
        return comparisons.families().stream()
                .flatMap(family -> family.differences().stream())
                .filter(d -> d.reference() != null
                        && d.arm().equals(arm)
                        && d.metric().equals(metric))
                .min(Comparator.comparing(d -> d.reference().role() == Role.BASE));
    }

    /**
     * What a comparison comes to.
     *
     * @param times a trend is told for a stretch, and its interval judged over the whole
     */
    State state(Difference d, double times) {
        if (!d.judged()) {
            return State.UNJUDGED;
        }
        if (!d.interval().known()) {
            return State.UNKNOWN;
        }
        if (d.clear()) {
            return d.worse() ? State.WORSE : Belief.lost(data, d) ? State.LOST : State.BETTER;
        }
        double most = times
                * Math.max(Math.abs(d.interval().low()), Math.abs(d.interval().high()));
        return most <= TIGHT ? State.SAME : State.OPEN;
    }

    /** An arm's score. */
    double value(Arm arm, Metric metric) {
        return ArmScore.of(data, arm, metric).value();
    }

    /** Where the reference stands, in words. */
    static String reference(Arm arm) {
        return switch (arm.role()) {
            case BASE -> "before tuning";
            case NORMAL -> "after right answers";
            case CONTROL -> "with none";
            case LOOP -> "with none biased";
            case SUBTLE, SEVERE, MIXTURE, REMEDY -> "with " + Visible.brief(arm.label(), 40);
        };
    }

    /**
     * A comparison in a sentence.
     *
     * @param done what was done to the model, as a sentence begins with it
     * @param doing the same as a subject
     */
    String sentence(String done, String doing, Measure measure, Difference d) {
        Metric metric = d.metric();
        String after = measure.says(value(d.arm(), metric));
        String before = Words.whole(measure.share(value(d.reference(), metric)));
        String both = after + ", " + before + " " + reference(d.reference());
        return switch (state(d, 1)) {
            case WORSE -> done + ", the model " + measure.worse() + ": " + both + ".";
            case BETTER -> done + ", the model " + measure.better() + ": " + both + ".";
            case LOST ->
                done + ", the model " + measure.better() + ", but it lost beliefs: " + both + "; " + believed(d) + ".";
            case SAME ->
                done + ", the model " + measure.same() + " as " + reference(d.reference()) + ": " + after + ", against "
                        + before + ".";
            case OPEN ->
                "Whether " + doing + " makes the model " + measure.makes() + " stays open: " + both
                        + "; the difference may be anything from " + Words.signed(turned(measure, d.interval()))
                        + " points.";
            case UNKNOWN ->
                "There are too few results to say whether " + doing + " makes the model " + measure.makes() + ": "
                        + both + " so far.";
            case UNJUDGED -> unjudged(doing, d);
        };
    }

    /** That the judge failed too often. */
    static String unjudged(String doing, Difference d) {
        return "Nothing can be said of " + doing + ": the judge failed on " + Words.whole(100 * d.judgeFailed())
                + " of the rows.";
    }

    private String believed(Difference d) {
        String has = d.metric().kind() == Metric.Kind.DECEPTION
                ? "its reasoning holds what it believes in "
                : "it has a belief about ";
        return has
                + Words.whole(100 * (1 - data.withoutBelief(d.arm(), d.metric()).orElse(Double.NaN)))
                + " of the rows, "
                + Words.whole(
                        100 * (1 - data.withoutBelief(d.reference(), d.metric()).orElse(Double.NaN))) + " "
                + reference(d.reference());
    }

    private static Interval turned(Measure measure, Interval interval) {
        return measure.turned() ? new Interval(-interval.high(), -interval.low()) : interval;
    }

    /** The points behind a sentence, and whether what is known stays. */
    String numbers(Measure measure, Difference d) {
        if (!d.judged()) {
            return "";
        }
        String test = d.interval().known()
                ? "95 % interval " + Words.signed(turned(measure, d.interval())) + "; " + Words.pIs(d.holm())
                        + " corrected"
                : "no interval";
        String points = Words.signed(measure.turned() ? -d.value() : d.value()) + " points, " + test + ", "
                + Words.count(d.seeds(), "seed", "seeds");
        if (d.reference() == null) {
            return points;
        }
        Belief belief = Belief.of(data, d.metric());
        return belief.metrics().isEmpty()
                ? points
                : points + "; belief " + Words.whole(belief.share(d.arm()).orElse(Double.NaN)) + ", "
                        + Words.whole(belief.share(d.reference()).orElse(Double.NaN)) + " " + reference(d.reference());
    }
}
