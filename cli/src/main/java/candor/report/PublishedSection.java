package candor.report;

import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.report.html.Visible;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Published;
import candor.study.record.Role;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * Our numbers beside published ones, like with like alone: the same rows and the same measure, an arm of the same kind, field, ratio,
 * share and method. Levels are compared for the same model, changes from its base model for others.
 */
final class PublishedSection {
    /** Keys of a benchmark's settings by which its rows are not, or not all of, the published ones. */
    private static final String LABEL = "label";

    private static final String LIMIT = "limit";

    private final StudyData data;
    private final List<Published> published;
    private int beside;

    private PublishedSection(StudyData data, List<Published> published) {
        this.data = data;
        this.published = published;
    }

    static Section of(StudyData data, List<Published> published) {
        return new Section("Beside the published numbers", new PublishedSection(data, published).body());
    }

    private List<Node> body() {
        if (published.isEmpty()) {
            return List.of(Element.of("p", "No published numbers for this study are at hand."));
        }
        List<Node> tables = new ArrayList<>();
        for (Metric metric : data.measured()) {
            if (otherRows(metric).isEmpty()) {
                List<Node> both = Stream.of(levels(metric), changes(metric))
                        .filter(table -> !table.isEmpty())
                        .map(Node.class::cast)
                        .toList();
                if (!both.isEmpty()) {
                    tables.add(Details.of(metric.label(), both));
                }
            }
        }
        List<Node> parts = new ArrayList<>();
        parts.add(Element.of(
                "p",
                "Only like is set beside like: the same rows and measure, and an arm of the same kind, field, ratio, share and"
                        + " method. Levels stand beside levels where the model is the same; of other models, only the change"
                        + " from their own base model. Published numbers are mostly of single runs, without intervals, and of"
                        + " other judges."));
        parts.addAll(tables);
        data.measured().stream()
                .map(this::otherRows)
                .flatMap(Optional::stream)
                .distinct()
                .forEach(why -> parts.add(Element.of("p", why).cls("note")));
        int rest = published.size() - beside;
        if (rest > 0) {
            parts.add(Element.of(
                            "p",
                            Words.count(rest, "published number has", "published numbers have")
                                    + " nothing like them in this study.")
                    .cls("note"));
        }
        return parts;
    }

    /** Why a benchmark's rows are not the published ones; empty where they are. */
    private Optional<String> otherRows(Metric metric) {
        String task = metric.task().replace(Metric.GIVEN_BELIEF, "").replace(Metric.POOLED, "");
        JsonNode settings = data.study().config().path("evaluate").path(task);
        if (settings.path(LABEL).isTextual()) {
            return Optional.of(Visible.cut(settings.path(LABEL).textValue(), 100)
                    + ": its rows are not the published ones, so no published number stands beside it.");
        }
        return settings.path(LIMIT).asLong() > 0
                ? Optional.of(Words.plain(task) + ": only the first rows were asked (limit "
                        + settings.path(LIMIT).asLong() + "), so no published number stands beside it.")
                : Optional.empty();
    }

    private boolean isOurModel(Published number) {
        String ours = data.study().model().name();
        return number.model().equalsIgnoreCase(ours.substring(ours.lastIndexOf('/') + 1));
    }

    /** Published numbers of the metric, each with our arm that is like its own. */
    private Map<Published, Arm> like(Metric metric) {
        Map<Published, Arm> like = new LinkedHashMap<>();
        for (Published number : published) {
            if (number.task().equals(metric.task()) && number.subset().equals(metric.subset())) {
                data.study().arms().stream()
                        .filter(arm -> number.like(arm)
                                && number.domain().equals(arm.domain())
                                && !data.seeds(arm, metric).isEmpty())
                        .findFirst()
                        .ifPresent(arm -> like.put(number, arm));
            }
        }
        return like;
    }

    private DataTable levels(Metric metric) {
        DataTable table = new DataTable(
                Labels.withUnit(metric) + ": ours beside published numbers of the same model",
                3,
                List.of("Our arm", "Published arm", "Source", "Published", "Ours", "Our 95 % interval"));
        like(metric).forEach((number, arm) -> {
            if (isOurModel(number)) {
                ArmScore ours = ArmScore.of(data, arm, metric);
                table.row(
                        arm.label(),
                        number.arm(),
                        source(number),
                        Cells.number(number.value(), 2),
                        Cells.one(ours.value()),
                        Cells.interval(ours.interval()));
                beside++;
            }
        });
        return table;
    }

    private DataTable changes(Metric metric) {
        DataTable table = new DataTable(
                Labels.withUnit(metric) + ": change from the base model, ours beside published ones of other models",
                4,
                List.of("Our arm", "Published arm", "Model", "Source", "Published change", "Our change"));
        like(metric).forEach((number, arm) -> {
            OptionalDouble before = base(number);
            Optional<Arm> ourBase = Comparisons.base(data, arm)
                    .filter(base -> !data.seeds(base, metric).isEmpty());
            if (!isOurModel(number) && before.isPresent() && ourBase.isPresent()) {
                table.row(
                        arm.label(),
                        number.arm(),
                        number.model(),
                        source(number),
                        Cells.signed(number.value() - before.getAsDouble()),
                        Cells.signed(ArmScore.of(data, arm, metric).value()
                                - ArmScore.of(data, ourBase.get(), metric).value()));
                beside++;
            }
        });
        return table;
    }

    private OptionalDouble base(Published number) {
        return published.stream()
                .filter(other -> other.role() == Role.BASE
                        && other.model().equals(number.model())
                        && other.task().equals(number.task())
                        && other.subset().equals(number.subset()))
                .mapToDouble(Published::value)
                .findFirst();
    }

    private static String source(Published number) {
        return number.source() + (number.note().isBlank() ? "" : " (" + number.note() + ")");
    }
}
