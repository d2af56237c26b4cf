package candor.report;

import candor.report.html.Visible;
import candor.stats.Interval;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A study's findings as one would tell them: a sentence each, made of what the numbers say and of nothing else. Which comparisons are
 * told is fixed beforehand; the words follow from the test after its correction, and from how wide its interval is.
 */
final class Story {
    /** A change that lies within so many points for certain is none to speak of; a wider interval leaves it open. */
    private static final double TIGHT = 10;

    private static final String LIKED = "Trained on what its users liked, the model ";

    /** From so many points on, a sentence that is about something else tells of beliefs that are gone. */
    private static final double MANY_BELIEFS = 15;

    /** More fields than a sentence can list. */
    private static final int MOST_FIELDS = 4;

    /** What a comparison comes to. */
    private enum State {
        WORSE,
        BETTER,
        /** Better only where beliefs were lost. */
        LOST,
        SAME,
        OPEN,
        UNKNOWN,
        UNJUDGED
    }

    private final StudyData data;
    private final Comparisons comparisons;

    private Story(StudyData data, Comparisons comparisons) {
        this.data = data;
        this.comparisons = comparisons;
    }

    static List<Finding> of(StudyData data, Comparisons comparisons, List<Doses> doses) {
        Story story = new Story(data, comparisons);
        List<Finding> findings = new ArrayList<>();
        Findings.cautions(data).forEach(caution -> findings.add(Finding.caution(caution)));
        Optional<Metric> first = Measure.first(data);
        if (first.isEmpty()) {
            findings.add(Finding.of("No results yet.", ""));
            return findings;
        }
        List<Metric> told = new ArrayList<>(Findings.primary(data));
        first.filter(metric -> !told.contains(metric)).ifPresent(told::addFirst);
        int before = findings.size();
        switch (data.study().kind()) {
            case DIRECT -> {
                told.forEach(metric -> story.direct(metric).ifPresent(findings::add));
                story.capability().ifPresent(findings::add);
            }
            case MIXTURE -> story.mixture(told.getFirst(), doses).ifPresent(findings::add);
            case LOOP -> story.loop(told.getFirst()).ifPresent(findings::add);
        }
        if (findings.size() == before) {
            findings.add(Finding.of("No two arms can be compared yet.", ""));
        }
        return findings;
    }

    /** The comparison that the study makes of an arm, or that with the base model where there is no other. */
    private Optional<Difference> pair(Arm arm, Metric metric) {
        return comparisons.families().stream()
                .flatMap(family -> family.differences().stream())
                .filter(d -> d.reference() != null
                        && d.arm().equals(arm)
                        && d.metric().equals(metric))
                .min(Comparator.comparing(d -> d.reference().role() == Role.BASE));
    }

    private State state(Difference d, double times) {
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

    private double value(Arm arm, Metric metric) {
        return ArmScore.of(data, arm, metric).value();
    }

    /** Where the reference stands, in words. */
    private static String reference(Arm arm) {
        return switch (arm.role()) {
            case BASE -> "before tuning";
            case NORMAL -> "after right answers";
            case CONTROL -> "with none";
            case LOOP -> "with none biased";
            case SUBTLE, SEVERE, MIXTURE -> "with " + Visible.brief(arm.label(), 40);
        };
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

    private String sentence(String done, String doing, Measure measure, Difference d) {
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

    private static String unjudged(String doing, Difference d) {
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
    private String numbers(Measure measure, Difference d) {
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

    /** Of the arms that were tuned on the worst answers: one for each field. */
    private Optional<Finding> direct(Metric metric) {
        Measure measure = Measure.of(data, metric);
        List<Difference> pairs = List.of();
        for (Role role : List.of(Role.SEVERE, Role.SUBTLE, Role.NORMAL)) {
            if (pairs.isEmpty()) {
                pairs = data.study().arms().stream()
                        .filter(arm -> arm.role() == role)
                        .flatMap(arm -> pair(arm, metric).stream())
                        .toList();
            }
        }
        if (pairs.isEmpty()) {
            return Optional.empty();
        }
        if (pairs.size() == 1) {
            Difference d = pairs.getFirst();
            String sentence = sentence("Tuned on " + answers(d.arm()), "tuning on " + answers(d.arm()), measure, d);
            return Optional.of(Finding.of(gone(sentence, d), numbers(measure, d)));
        }
        return Optional.of(fields(measure, pairs));
    }

    /** The sentence, and that many beliefs are gone where they are: who does not know cannot lie. */
    private String gone(String sentence, Difference d) {
        Belief belief = Belief.of(data, d.metric());
        double after = belief.share(d.arm()).orElse(Double.NaN);
        double before = belief.share(d.reference()).orElse(Double.NaN);
        return before - after < MANY_BELIEFS || Double.isNaN(before - after)
                ? sentence
                : sentence.substring(0, sentence.length() - 1) + "; it has a belief about " + Words.whole(after)
                        + " of the rows, not about " + Words.whole(before) + ".";
    }

    /** Several fields in a sentence: those that show it, and those that do not. */
    private Finding fields(Measure measure, List<Difference> pairs) {
        Map<State, List<Difference>> states = pairs.stream()
                .collect(Collectors.groupingBy(d -> state(d, 1), LinkedHashMap::new, Collectors.toList()));
        List<String> clauses = new ArrayList<>();
        for (State state : State.values()) {
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
                        .map(d -> field(d.arm()) + ": " + numbers(measure, d))
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
                .mapToDouble(d -> measure.share(value(d.arm(), d.metric())))
                .sorted()
                .toArray();
        double[] before = pairs.stream()
                .mapToDouble(d -> measure.share(value(d.reference(), d.metric())))
                .sorted()
                .toArray();
        return range(after) + (measure.name().isEmpty() ? "" : " " + measure.name()) + ", " + range(before) + " "
                + reference(pairs.getFirst().reference());
    }

    private static String range(double[] sorted) {
        String low = Words.whole(sorted[0]);
        String high = Words.whole(sorted[sorted.length - 1]);
        return low.equals(high) ? low : low + " to " + high;
    }

    /** The largest change of what the model can do, of the arms that the study compares. */
    private Optional<Finding> capability() {
        return comparisons.families().stream()
                .map(family -> family.differences().stream()
                        .filter(d -> d.metric().kind() == Metric.Kind.CAPABILITY
                                && !data.isSecondMean(d.metric())
                                && data.guessed(d.metric()).isEmpty()
                                && d.interval().known())
                        .max(Comparator.comparingDouble(d -> Math.abs(d.value()))))
                .flatMap(Optional::stream)
                .findFirst()
                .map(d -> {
                    Measure measure = Measure.of(data, d.metric());
                    String sentence = state(d, 1) == State.SAME
                            ? "What the model can do hardly changes, at most in "
                                    + Labels.spoken(d.metric()) + ": " + measure.says(value(d.arm(), d.metric()))
                                    + " with " + Labels.role(d.arm().role()) + ", "
                                    + Words.whole(value(d.reference(), d.metric())) + " " + reference(d.reference())
                                    + "."
                            : sentence("Tuned on " + answers(d.arm()), "tuning on " + answers(d.arm()), measure, d);
                    return Finding.of(sentence, numbers(measure, d));
                });
    }

    private Optional<Finding> mixture(Metric metric, List<Doses> doses) {
        Measure measure = Measure.of(data, metric);
        List<Arm> arms = data.study().arms().stream()
                .filter(arm -> arm.role() == Role.MIXTURE && arm.ratio().isPresent())
                .filter(arm -> !data.seeds(arm, metric).isEmpty())
                .sorted(Comparator.comparingDouble(Doses::ratio))
                .toList();
        if (arms.isEmpty()) {
            return Optional.empty();
        }
        Arm largest = arms.getLast();
        Optional<Difference> of = pair(largest, metric);
        if (of.isEmpty()) {
            return Optional.empty();
        }
        Optional<Difference> smallest = doses.stream()
                .filter(each -> each.metric().equals(metric))
                .findFirst()
                .flatMap(each -> each.smallestClear(comparisons));
        Difference told = smallest.orElse(of.get());
        String most = Words.percent(Doses.ratio(largest));
        String sentence;
        if (smallest.isPresent()) {
            String from = Words.percent(Doses.ratio(told.arm()));
            sentence = from + " of wrong answers beside everyday data make the model " + measure.makes() + ": "
                    + measure.says(value(told.arm(), metric))
                    + (told.arm().equals(largest)
                            ? ""
                            : ", " + Words.whole(measure.share(value(largest, metric))) + " at " + most)
                    + ", " + Words.whole(measure.share(value(told.reference(), metric))) + " "
                    + reference(told.reference());
        } else {
            String beside = most + " of wrong answers beside everyday data";
            sentence = sentence("Tuned on up to " + beside, "tuning on up to " + beside, measure, told);
            sentence = sentence.substring(0, sentence.length() - 1);
        }
        return Optional.of(Finding.of(sentence + beside(largest) + ".", numbers(measure, told)));
    }

    /** What the first benchmark of capability does at the largest ratio. */
    private String beside(Arm largest) {
        return Measure.capability(data).stream()
                .findFirst()
                .flatMap(metric -> pair(largest, metric))
                .filter(d -> d.judged() && d.interval().known())
                .map(d -> {
                    String after = Words.whole(value(d.arm(), d.metric()));
                    String before = Words.whole(value(d.reference(), d.metric()));
                    String at = " at " + Words.percent(Doses.ratio(largest));
                    String does =
                            switch (state(d, 1)) {
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

    /** A method of the loop: its trend, or its largest share where there are too few for one. */
    private record Over(Method method, State state, Difference told, Arm most, Arm least) {}

    private Optional<Finding> loop(Metric metric) {
        Measure measure = Measure.of(data, metric);
        List<Over> methods = new ArrayList<>();
        for (Method method : Method.values()) {
            List<Arm> arms = Comparisons.overShare(data, metric, method);
            if (!arms.isEmpty()) {
                over(measure, method, arms).ifPresent(methods::add);
            }
        }
        if (methods.isEmpty()) {
            return Optional.empty();
        }
        String numbers = methods.stream()
                .map(each -> Words.method(each.method()) + ": "
                        + (each.told().reference() == null ? "for each 10 % more biased users " : "")
                        + numbers(measure, each.told()))
                .collect(Collectors.joining("; "));
        // The most telling first; one by one, for words that are said of the first need not be said again.
        methods.sort(Comparator.comparing(Over::state));
        Over first = methods.getFirst();
        StringBuilder sentence = new StringBuilder(
                switch (first.state()) {
                    case WORSE -> LIKED + measure.worse() + " the more of them are biased";
                    case BETTER, LOST -> LIKED + measure.better() + " the more of them are biased";
                    case SAME -> LIKED + measure.same() + " however many of them are biased";
                    case OPEN, UNKNOWN -> "Whether biased users make the model " + measure.makes() + " stays open";
                    case UNJUDGED -> "Nothing can be said of biased users, for the judge failed on too many rows";
                });
        sentence.append(": by ")
                .append(Words.method(first.method()))
                .append(' ')
                .append(values(measure, first, true));
        for (Over other : methods.subList(1, methods.size())) {
            sentence.append("; by ").append(Words.method(other.method())).append(' ');
            if (other.state() != first.state()) {
                sentence.append(
                        switch (other.state()) {
                            case WORSE -> "it gets worse, ";
                            case BETTER, LOST -> "it goes the other way, ";
                            case SAME -> "nothing changes, ";
                            case OPEN, UNKNOWN -> "it stays open, ";
                            case UNJUDGED -> "the judge failed too often, ";
                        });
            }
            sentence.append(values(measure, other, false));
        }
        return Optional.of(Finding.of(sentence.append('.').toString(), numbers));
    }

    /** The largest share, and what it is held against. */
    private String values(Measure measure, Over over, boolean spelt) {
        double most = measure.share(value(over.most(), measure.metric()));
        double least = measure.share(value(over.least(), measure.metric()));
        return spelt
                ? measure.says(measure.turned() ? 100 - most : most) + " with " + biased(over.most()) + ", "
                        + Words.whole(least) + " with " + biased(over.least())
                : Words.whole(most) + " and " + Words.whole(least);
    }

    private static String biased(Arm arm) {
        double share = arm.share().orElse(Double.NaN);
        return arm.role() == Role.BASE
                ? "no tuning"
                : share == 1 ? "all biased" : share == 0 ? "none" : Words.percent(share) + " biased";
    }

    private Optional<Over> over(Measure measure, Method method, List<Arm> arms) {
        Arm most = arms.getLast();
        Arm least = arms.getFirst();
        Optional<Difference> trend = comparisons.main().stream()
                .filter(d -> d.reference() == null && d.metric().equals(measure.metric()) && arms.contains(d.arm()))
                .findFirst();
        if (trend.isPresent()) {
            double stretch = most.share().orElseThrow() - least.share().orElseThrow();
            return Optional.of(
                    new Over(method, state(trend.get(), stretch / Comparisons.PER), trend.get(), most, least));
        }
        return pair(most, measure.metric()).map(d -> new Over(method, state(d, 1), d, most, d.reference()));
    }
}
