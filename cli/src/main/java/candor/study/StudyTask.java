package candor.study;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.stats.Mean;
import candor.study.record.Metric;
import candor.study.record.Metric.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A benchmark in a study, and what the study reports of it.
 *
 * @param rows of the task that are asked, in its order
 * @param reported what of it
 * @param whole whether it is reported over all rows too, where there are several subsets
 * @param counted measures whose rows are counted beside the first that is reported
 * @param shown the key of the reply that readers are shown
 * @param judged whether a judge is asked
 */
record StudyTask<R extends Task.Row>(
        Task<R> task,
        List<R> rows,
        List<Reported> reported,
        boolean whole,
        List<Counted> counted,
        String shown,
        boolean judged) {
    static final String ALL = "all";

    /** The column that says what a row is about. */
    private static final String FIELD = "domain";

    /** More fields than a sentence names. */
    private static final int MOST_FIELDS = 6;

    /** How the task's subsets weigh in a measure. */
    Mean over(Reported each) {
        return task.measures().stream()
                .filter(measure -> measure.name().equals(each.measure()))
                .findFirst()
                .orElseThrow()
                .over();
    }

    /** The subsets that are reported. */
    List<String> subsets() {
        List<String> own = rows.stream().map(Task.Row::subset).distinct().toList();
        List<String> subsets = new ArrayList<>();
        if (own.size() == 1 && own.getFirst().equals(ALL)) {
            return own;
        }
        if (whole) {
            subsets.add(ALL);
        }
        if (reported.getFirst().kind() != Kind.CAPABILITY) {
            subsets.addAll(own);
        }
        return List.copyOf(subsets);
    }

    /** The fields that the rows of a subset name, such as the tiny world's; none where one of them names none. */
    private List<String> about(String subset) {
        List<String> named = rows.stream()
                .filter(row -> subset.equals(ALL) || row.subset().equals(subset))
                .map(row -> row.data().columns().path(FIELD))
                .map(field -> field.isTextual() ? field.textValue().strip() : "")
                .distinct()
                .sorted()
                .toList();
        return named.size() > MOST_FIELDS || named.contains("") ? List.of() : named;
    }

    List<Metric> metrics() {
        return reported.stream()
                .flatMap(each -> subsets().stream()
                        .map(subset -> new Metric(
                                each.name(),
                                subset,
                                subset.equals(ALL)
                                        ? each.label()
                                        : each.label() + ", "
                                                + subset.replace('_', ' ').toLowerCase(Locale.ROOT),
                                "%",
                                each.better(),
                                each.kind(),
                                task.guessing().map(Task.Guessing::chance),
                                about(subset))))
                .toList();
    }
}
