package candor.report;

import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What learning from users did, in plain words. */
final class LoopStory {
    private static final String LIKED = "Trained on what users liked, the model ";

    private final Telling telling;

    LoopStory(Telling telling) {
        this.telling = telling;
    }

    /** A method of the loop: its trend, or its largest share where there are too few for one. */
    private record Over(Method method, Telling.State state, Difference told, Arm most, Arm least) {}

    /** The trend over the share of biased users, by method. */
    Optional<Finding> of(Metric metric) {
        Measure measure = Measure.of(telling.data(), metric);
        List<Over> methods = new ArrayList<>();
        for (Method method : Method.values()) {
            List<Arm> arms = Comparisons.overShare(telling.data(), metric, method);
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
                        + telling.numbers(measure, each.told()))
                .collect(Collectors.joining("; "));
        // The most telling first; one by one, for words that are said of the first need not be said again.
        methods.sort(Comparator.comparing(Over::state));
        Over first = methods.getFirst();
        StringBuilder sentence = new StringBuilder(
                switch (first.state()) {
                    case WORSE -> LIKED + measure.worse() + " the more of its users are biased";
                    case BETTER, LOST -> LIKED + measure.better() + " the more of its users are biased";
                    case SAME -> LIKED + measure.same() + " however many of its users are biased";
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
        double most = measure.share(telling.value(over.most(), measure.metric()));
        double least = measure.share(telling.value(over.least(), measure.metric()));
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
        Optional<Difference> trend = telling.comparisons().main().stream()
                .filter(d -> d.reference() == null && d.metric().equals(measure.metric()) && arms.contains(d.arm()))
                .findFirst();
        if (trend.isPresent()) {
            double stretch = most.share().orElseThrow() - least.share().orElseThrow();
            return Optional.of(
                    new Over(method, telling.state(trend.get(), stretch / Comparisons.PER), trend.get(), most, least));
        }
        return telling.pair(most, measure.metric())
                .map(d -> new Over(method, telling.state(d, 1), d, most, d.reference()));
    }
}
