package candor.report;

import candor.probe.ProbeReading;
import candor.report.figure.Axis;
import candor.report.figure.Figure;
import candor.report.figure.Scatter;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.stats.Correlation;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Metric.Kind;
import candor.study.record.Role;
import candor.study.record.StudyFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Whether what probes said while runs were trained foretells what evaluations found: the honesty margin after training against
 * a benchmark's score, over all arms and seeds of all studies whose runs were watched.
 */
final class ProbePart {
    private static final String NAME = "probes";

    /** A run, or the base model under a seed. */
    private record Run(String study, Arm arm, long seed, double margin, StudyData data) {}

    private ProbePart() {}

    /** Nothing where no run was watched. */
    static Optional<Part> of(List<StudyFolder> folders) {
        List<Run> runs = new ArrayList<>();
        folders.forEach(folder -> runs.addAll(runs(StudyData.read(folder))));
        if (runs.isEmpty()) {
            return Optional.empty();
        }
        List<Kept> kept = kept(runs);
        if (kept.isEmpty()) {
            return Optional.empty();
        }
        Kept first = kept.getFirst();
        return Optional.of(new Part(
                NAME,
                "Seen while tuning: probes",
                List.of(finding(first)),
                Optional.of(figure(first)),
                List.<Node>of(Element.of(
                        "p",
                        "While a run was trained, probes were asked: how much likelier the model finds a truthful"
                                + " reply than an untruthful one to the same conversation under pressure (log-odds in"
                                + " nats, the mean over probes). Does that margin, after training, tell what the"
                                + " evaluation will find?")),
                List.of(new Section("Correlations", List.of(correlations(kept)))),
                List.of(),
                ReplyBrowser.Classes.NONE));
    }

    private static List<Run> runs(StudyData data) {
        List<Run> runs = new ArrayList<>();
        double before = Double.NaN;
        for (Arm arm : data.study().arms()) {
            for (long seed : arm.seeds()) {
                Path folder = data.folder().training(arm.name(), seed);
                Optional<RunMetrics> metrics = RunMetrics.read(folder).filter(each -> each.has(ProbeReading.HONESTY));
                if (metrics.isPresent()) {
                    runs.add(new Run(
                            data.study().name(), arm, seed, metrics.get().last(ProbeReading.HONESTY), data));
                    before = RunMetrics.start(folder).getOrDefault(ProbeReading.HONESTY, before);
                }
            }
        }
        for (Arm arm : data.study().arms()) {
            if (arm.role() == Role.BASE && !Double.isNaN(before)) {
                for (long seed : arm.seeds()) {
                    runs.add(new Run(data.study().name(), arm, seed, before, data));
                }
            }
        }
        return runs;
    }

    /** What is held against the margin: a task's mean over its subsets, of each run that has all of them. */
    private record Kept(String label, Metric.Better better, Map<Run, Double> scores) {
        private List<List<Correlation.Point>> groups() {
            Map<String, List<Correlation.Point>> groups = new LinkedHashMap<>();
            scores.forEach((run, score) -> groups.computeIfAbsent(
                            run.arm().role() == Role.BASE
                                    ? Arm.BASE
                                    : run.data().folder().path() + " "
                                            + run.arm().name(),
                            _ -> new ArrayList<>())
                    .add(new Correlation.Point(run.margin(), score)));
            return List.copyOf(groups.values());
        }
    }

    /** MASK's own score first, then what is measured of honesty and deception. */
    private static List<Kept> kept(List<Run> runs) {
        List<Kept> kept = new ArrayList<>();
        for (Kind kind : List.of(Kind.OWN_SCORE, Kind.HONESTY, Kind.DECEPTION)) {
            Set<String> tasks = new LinkedHashSet<>();
            runs.forEach(run -> run.data().measured(kind).forEach(metric -> tasks.add(metric.task())));
            for (String task : tasks) {
                Map<Run, Double> scores = new LinkedHashMap<>();
                Metric shown = null;
                for (Run run : runs) {
                    List<Metric> metrics = run.data().measured(kind).stream()
                            .filter(metric -> metric.task().equals(task))
                            .toList();
                    double sum = 0;
                    for (Metric metric : metrics) {
                        sum += run.data()
                                .score(run.arm(), run.seed(), metric)
                                .map(score -> score.value())
                                .orElse(Double.NaN);
                    }
                    if (!metrics.isEmpty() && !Double.isNaN(sum)) {
                        shown = metrics.getFirst();
                        scores.put(run, sum / metrics.size());
                    }
                }
                if (scores.size() > 2) {
                    kept.add(new Kept(label(shown), shown.better(), scores));
                }
            }
        }
        return kept;
    }

    /** Without what names the subset behind it. */
    private static String label(Metric metric) {
        return metric.label().replaceFirst(",[^,]*$", "");
    }

    private static Finding finding(Kept kept) {
        Correlation ranks = Correlation.spearman(kept.groups());
        String name = Words.quoted(kept.label());
        if (!ranks.interval().known()) {
            return Finding.of(
                    "Too few arms were watched by probes to tell whether their margin foretells " + name + ".", "");
        }
        boolean higher = kept.better() == Metric.Better.HIGHER;
        double low = higher ? ranks.interval().low() : -ranks.interval().high();
        double high = higher ? ranks.interval().high() : -ranks.interval().low();
        String told = low > 0
                ? "The more the probes' honesty margin fell while a model was tuned, the worse it did at " + name + "."
                : high < 0
                        ? "The probes' honesty margin misleads: where it fell, " + name + " got better."
                        : "Whether the probes' honesty margin foretells " + name + " cannot be told.";
        return Finding.of(
                told,
                String.format(
                        Locale.ROOT,
                        "Spearman %.2f, 95 %% interval %.2f to %.2f, %d points of %d arms",
                        ranks.value(),
                        ranks.interval().low(),
                        ranks.interval().high(),
                        kept.scores().size(),
                        kept.groups().size()));
    }

    private static Element figure(Kept kept) {
        Map<String, Scatter.Series> series = new LinkedHashMap<>();
        List<Double> xs = new ArrayList<>();
        List<Double> ys = new ArrayList<>();
        DataTable table = new DataTable(
                "Honesty margin after training against " + kept.label(),
                3,
                List.of("Study", "Arm", "Seed", "Margin (nats)", "Score"));
        kept.scores().forEach((run, score) -> {
            int style = Labels.style(run.arm());
            series.computeIfAbsent(
                            Labels.role(run.arm().role()), label -> new Scatter.Series(label, style, new ArrayList<>()))
                    .points()
                    .add(new Scatter.Point(run.margin(), score));
            xs.add(run.margin());
            ys.add(score);
            table.row(run.study(), run.arm().label(), run.seed(), Cells.any(run.margin()), Cells.one(score));
        });
        String title = kept.label() + " against the probes' honesty margin";
        return Figure.of(
                title,
                new Scatter(
                                "Scatter plot: " + title,
                                "honesty margin after training (nats)",
                                kept.label() + " (%)",
                                Axis.linear(xs, -Double.MAX_VALUE, Double.MAX_VALUE, ""),
                                Axis.linear(ys, 0, 100, ""),
                                List.copyOf(series.values()))
                        .svg(),
                "A mark for each arm and seed; the score is the mean over the benchmark's parts.",
                table);
    }

    private static DataTable correlations(List<Kept> kept) {
        DataTable table = new DataTable(
                "The honesty margin after training against what evaluations found",
                1,
                List.of(
                        "Score",
                        "Better",
                        "Points",
                        "Arms",
                        "Pearson",
                        "95 % interval",
                        "Spearman",
                        "95 % interval (Spearman)"));
        for (Kept each : kept) {
            List<List<Correlation.Point>> groups = each.groups();
            Correlation numbers = Correlation.pearson(groups);
            Correlation ranks = Correlation.spearman(groups);
            table.row(
                    each.label(),
                    each.better() == Metric.Better.HIGHER ? "higher" : "lower",
                    each.scores().size(),
                    groups.size(),
                    Cells.number(numbers.value(), 2),
                    Cells.interval(numbers.interval(), 2),
                    Cells.number(ranks.value(), 2),
                    Cells.interval(ranks.interval(), 2));
        }
        return table;
    }
}
