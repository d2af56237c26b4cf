package candor.report;

import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Score;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A study's numbers as tables. */
final class TableSection {
    private TableSection() {}

    static Section of(StudyData data, Comparisons comparisons) {
        List<Node> parts = new ArrayList<>();
        List<Node> folded = new ArrayList<>();
        for (Metric metric : data.measured()) {
            (Comparisons.isPart(data, metric) ? folded : parts).add(scores(data, metric));
            if (!data.isSecondMean(metric)) {
                Labels.saysNothing(data, metric)
                        .ifPresent(sentence ->
                                parts.add(Element.of("p", sentence + ".").cls("note")));
            }
        }
        fold(parts, "Scores of the benchmarks' parts", folded);
        List<Metric> without = data.study().metrics().stream()
                .filter(metric -> !data.measured().contains(metric))
                .toList();
        if (!without.isEmpty()) {
            parts.add(Element.of(
                    "p",
                    "No results yet for "
                            + Words.list(without.stream().map(Metric::label).toList()) + "."));
        }
        parts.add(Element.of(
                "p",
                "A value is the mean over seeds. Standard errors and intervals speak of new seeds and new rows alike:"
                        + " seeds × rows are taken as two crossed random factors, with Satterthwaite's degrees of freedom; how much"
                        + " seeds matter is taken over all arms of the study that were trained by the same method;"
                        + " an arm's interval is Clopper and Pearson's for as many independent rows as would give that error"
                        + " (Korn and Graubard). With one seed they speak of rows alone; with few seeds they are wide, as they"
                        + " should be."));
        parts.addAll(compositions(data));
        parts.add(Element.of("h4", "Comparisons"));
        if (comparisons.families().isEmpty()) {
            parts.add(Element.of("p", "No two arms with results can be compared yet."));
            return new Section("Tables", parts);
        }
        List<Node> ofParts = new ArrayList<>();
        for (Comparisons.Family family : comparisons.families()) {
            (family.ofParts(data) ? ofParts : parts).add(family(family));
        }
        fold(parts, "Comparisons of the benchmarks' parts, and of their own scores", ofParts);
        parts.add(Element.of(
                "p",
                "Change: points of the metric, arm less reference, over the seeds and rows that both have; relative: in percent"
                        + " of the reference. p: t-test of the paired differences over seeds × rows, as above. p corrected:"
                        + " Holm's method within the table, so that the chance of any false alarm in it is at most 5 %; bold where"
                        + " it is below 0.05. p over rows: the permutation test that swaps the two arms' results row by row; it takes"
                        + " the training runs as they are, and so says nothing about other seeds. Where no row differs, the interval"
                        + " is that of rows that could have changed unseen. Each of the "
                        + comparisons.families().size() + " tables is corrected by itself."));
        return new Section("Tables", parts);
    }

    private static void fold(List<Node> parts, String title, List<Node> folded) {
        if (!folded.isEmpty()) {
            parts.add(Details.of(title, folded));
        }
    }

    private static DataTable scores(StudyData data, Metric metric) {
        DataTable table = new DataTable(
                Labels.withUnit(metric) + ": " + Words.plain(metric.task()) + ", " + Words.plain(metric.subset()) + "; "
                        + Labels.better(metric),
                1,
                List.of("Arm", "Rows", "Seeds", "Value", "Standard error", "95 % interval", "By seed"));
        for (Arm arm : data.study().arms()) {
            ArmScore e = ArmScore.of(data, arm, metric);
            if (!e.known()) {
                table.row(arm.label(), "no results", 0, Cells.UNKNOWN, Cells.UNKNOWN, Cells.UNKNOWN, Cells.UNKNOWN);
                continue;
            }
            table.row(
                    arm.label(),
                    e.rows(),
                    e.bySeed().length,
                    Cells.one(e.value()),
                    Cells.number(e.error(), 2),
                    Cells.interval(e.interval()),
                    Cells.ones(e.bySeed()));
        }
        return table;
    }

    private static List<Node> compositions(StudyData data) {
        List<Node> parts = new ArrayList<>();
        List<Node> folded = new ArrayList<>();
        for (Metric metric : data.measured(Metric.Kind.OWN_SCORE, Metric.Kind.HONESTY, Metric.Kind.DECEPTION)) {
            Set<String> names = new LinkedHashSet<>();
            data.study()
                    .arms()
                    .forEach(arm -> names.addAll(data.counts(arm, metric).keySet()));
            boolean judged = names.remove(Score.JUDGE_ASKED) && names.remove(Score.JUDGE_FAILED);
            List<String> shown = names.stream().limit(8).toList();
            if (shown.isEmpty()) {
                continue;
            }
            List<String> columns = new ArrayList<>(List.of("Arm", "Scored rows"));
            shown.forEach(name -> columns.add(Words.plain(name) + " (%)"));
            if (judged) {
                columns.add("judge failed (% of the rows it was asked about)");
            }
            DataTable table =
                    new DataTable(metric.label() + ": in percent of the scored rows, over all seeds", 1, columns);
            for (Arm arm : data.study().arms()) {
                Map<String, Long> counts = data.counts(arm, metric);
                long scored = data.scored(arm, metric);
                List<Object> cells = new ArrayList<>(List.of(arm.label(), scored));
                shown.forEach(name -> cells.add(
                        scored == 0 ? Cells.UNKNOWN : Cells.one(100.0 * counts.getOrDefault(name, 0L) / scored)));
                if (judged) {
                    cells.add(Cells.one(100 * data.judgeFailed(arm, metric)));
                }
                table.row(cells);
            }
            if (parts.isEmpty()) {
                parts.add(Element.of("h4", "What the replies came to"));
            }
            (Comparisons.isPart(data, metric) ? folded : parts).add(table);
        }
        fold(parts, "What the replies to the benchmarks' parts came to", folded);
        return parts;
    }

    private static DataTable family(Comparisons.Family family) {
        DataTable table = new DataTable(
                family.what() + " (" + Words.count(family.differences().size(), "comparison", "comparisons") + ")",
                2,
                List.of(
                        "Measure",
                        "Comparison",
                        "Change",
                        "Standard error",
                        "95 % interval",
                        "Relative (%)",
                        "Seeds",
                        "Rows",
                        "p",
                        "p corrected",
                        "p over rows"));
        for (Difference d : family.differences()) {
            table.row(
                    d.metric().label(),
                    d.what(),
                    Cells.signed(d.value()),
                    Cells.number(d.error(), 2),
                    Cells.signed(d.interval()),
                    Cells.signed(d.relative()),
                    d.seeds(),
                    d.rows() == 0 ? Cells.UNKNOWN : d.rows(),
                    Cells.p(d.p()),
                    Cells.p(d.holm()).clear(d.clear()),
                    Cells.p(d.rowsP()));
        }
        return table;
    }
}
