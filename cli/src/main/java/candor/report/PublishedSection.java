package candor.report;

import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Published;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Our numbers beside the published ones of arms like ours. */
final class PublishedSection {
    private PublishedSection() {}

    static List<Element> of(StudyData data, List<Published> published) {
        List<Element> parts = new ArrayList<>();
        parts.add(Element.of("h3", "Beside the published numbers"));
        if (published.isEmpty()) {
            parts.add(Element.of("p", "No published numbers for this study are at hand."));
            return parts;
        }
        parts.add(Element.of(
                "p",
                "Published numbers come from other models, data and judges, mostly from single runs without intervals. Levels"
                        + " need not agree; what can be compared is the direction of a change."));
        int beside = 0;
        for (Metric metric : data.measured()) {
            DataTable table = new DataTable(
                    Labels.withUnit(metric) + ": ours beside published numbers",
                    3,
                    List.of(
                            "Our arm",
                            "Published arm",
                            "Model",
                            "Published",
                            "Ours",
                            "Our 95 % interval",
                            "Published change from base",
                            "Our change from base",
                            "Source"));
            for (Published number : published) {
                if (!number.task().equals(metric.task()) || !number.subset().equals(metric.subset())) {
                    continue;
                }
                Optional<Arm> ours = data.study().arms().stream()
                        .filter(arm ->
                                number.like(arm) && !data.seeds(arm, metric).isEmpty())
                        .findFirst();
                if (ours.isPresent()) {
                    beside++;
                    row(table, data, metric, ours.get(), number, published);
                }
            }
            if (!table.isEmpty()) {
                parts.add(Details.of(metric.label(), List.of(table.element())));
            }
        }
        int rest = published.size() - beside;
        if (rest > 0) {
            parts.add(Element.of(
                            "p",
                            Words.count(rest, "further published number has", "further published numbers have")
                                    + " no arm with results of the same kind, ratio or share here.")
                    .cls("note"));
        }
        return parts;
    }

    private static void row(
            DataTable table, StudyData data, Metric metric, Arm arm, Published number, List<Published> all) {
        ArmScore ours = ArmScore.of(data, arm, metric);
        double before = all.stream()
                .filter(other -> other.role() == Role.BASE
                        && other.model().equals(number.model())
                        && other.task().equals(number.task())
                        && other.subset().equals(number.subset()))
                .mapToDouble(Published::value)
                .findFirst()
                .orElse(Double.NaN);
        double ourBefore = Comparisons.base(data, arm)
                .map(base -> ArmScore.of(data, base, metric).value())
                .orElse(Double.NaN);
        boolean isBase = arm.role() == Role.BASE;
        table.row(
                arm.label(),
                number.arm(),
                number.model(),
                Words.number(number.value(), 2),
                Words.one(ours.value()),
                Words.interval(ours.interval()),
                isBase ? Words.UNKNOWN : Words.signed(number.value() - before),
                isBase ? Words.UNKNOWN : Words.signed(ours.value() - ourBefore),
                number.source() + (number.note().isBlank() ? "" : " (" + number.note() + ")"));
    }
}
