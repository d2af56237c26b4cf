package candor.watch;

import candor.probe.ProbeReading;
import candor.report.figure.LineChart.Point;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.study.record.Arm;
import candor.train.log.StepLog;
import candor.watch.RunParts.Line;
import candor.watch.StudyView.Subject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A study on the page: its arms, their curves, and what was said so far. */
final class StudyParts {
    /** Lines that a chart can tell apart. */
    private static final int MOST_LINES = 7;

    private StudyParts() {}

    static List<Part> of(StudyView study, String name, Instant now) {
        List<Part> parts = new ArrayList<>();
        Map<String, List<Subject>> arms = study.subjects().stream()
                .collect(Collectors.groupingBy(Subject::arm, LinkedHashMap::new, Collectors.toList()));
        parts.add(Part.of(Part.id("study", study.path()), head(study, name, arms, now)));
        if (!arms.isEmpty()) {
            parts.add(Part.of(Part.id("arms", study.path()), Element.of("div", table(study, arms))));
        }
        List<Element> charts = charts(study, arms);
        if (!charts.isEmpty()) {
            parts.add(Part.of(
                    Part.id("curves", study.path()), Element.of("div", charts).cls("figures")));
        }
        if (!study.said().isEmpty() || !study.answers().texts().isEmpty()) {
            parts.add(Part.of(Part.id("replies", study.path()), replies(study)));
        }
        return parts;
    }

    private static Element head(StudyView study, String name, Map<String, List<Subject>> arms, Instant now) {
        String status = study.done() ? RunView.DONE : study.alive() ? RunView.RUNNING : "stopped or killed";
        Element section = Element.of(
                        "section",
                        Element.of(
                                "h2",
                                study.study()
                                        .map(each -> each.kind().title() + ": " + Shown.name(each.name()))
                                        .orElse("Study: " + Shown.name(name)),
                                " ",
                                RunParts.badge(status)))
                .cls("watched");
        long whole = arms.values().stream()
                .filter(subjects -> study.metrics() > 0
                        && subjects.stream().allMatch(subject -> study.scores(subject) >= study.metrics()))
                .count();
        List<Subject> trained = study.trained();
        double training = trained.stream()
                .mapToDouble(
                        subject -> study.run(subject).map(RunView::share).orElse(study.scores(subject) > 0 ? 1.0 : 0.0))
                .average()
                .orElse(0);
        Element list = Element.of("dl").cls("numbers");
        RunParts.number(list, "arms done", whole + " of " + arms.size());
        for (String state : List.of(RunView.DONE, RunView.RUNNING, RunView.WAITING)) {
            long count = trained.stream()
                    .filter(subject -> state(study, subject).equals(state))
                    .count();
            RunParts.number(list, "runs " + state, String.valueOf(count));
        }
        study.trainingLeft().ifPresent(left -> RunParts.number(list, "of training left, about", Shown.clock(left)));
        int scores = study.subjects().stream().mapToInt(study::scores).sum();
        if (study.metrics() > 0) {
            RunParts.number(
                    list,
                    "scores",
                    scores + " of " + (long) study.metrics() * study.subjects().size());
        }
        if (study.answers().count() > 0) {
            RunParts.number(list, "answers so far", Shown.whole(study.answers().count()));
        }
        study.runs().stream()
                .filter(RunView::running)
                .flatMap(run -> run.last(StepLog.DEVICE_MEMORY).stream())
                .max(Double::compare)
                .ifPresent(mib -> RunParts.number(list, "memory of the GPU", Shown.whole(mib) + " MiB"));
        study.runs().stream()
                .filter(RunView::running)
                .flatMap(run -> run.last(StepLog.MEMORY).stream())
                .max(Double::compare)
                .ifPresent(mib -> RunParts.number(list, "memory", Shown.whole(mib) + " MiB"));
        if (study.last().isAfter(Instant.EPOCH)) {
            RunParts.number(list, "last change", Shown.ago(study.last(), now));
        }
        double evaluation = scores
                / Math.max(1.0, (double) study.metrics() * study.subjects().size());
        section.add(
                RunParts.progress(study.metrics() > 0 ? (training + evaluation) / 2 : training),
                list,
                Element.of("p", Shown.name(name)).cls("soft facts"));
        if (!study.trouble().isEmpty()) {
            section.add(Element.of("p", Shown.text(study.trouble())).cls("caution"));
        }
        if (!study.done() && !study.alive()) {
            section.add(Element.of("p", "No process is at work here. The command that began the study continues it."));
        }
        return section;
    }

    /** An arm that is made of another's adapters has no run of its own, and is there when it has answered. */
    private static String state(StudyView study, Subject subject) {
        return study.run(subject)
                .map(RunView::status)
                .orElse(study.scores(subject) > 0 ? RunView.DONE : RunView.WAITING);
    }

    private static DataTable table(StudyView study, Map<String, List<Subject>> arms) {
        DataTable table =
                new DataTable("Arms", 5, List.of("Arm", "Training, by seed", "Last loss", "Honesty margin", "Scores"));
        arms.forEach((arm, subjects) -> table.row(
                Shown.name(study.study()
                        .flatMap(each -> each.arm(arm))
                        .map(Arm::label)
                        .orElse(arm)),
                arm.equals(Arm.BASE)
                        ? "none"
                        : subjects.stream()
                                .map(subject -> subject.seed() + ": " + Shown.name(told(study, subject)))
                                .collect(Collectors.joining(", ")),
                mean(study, subjects, "loss"),
                mean(study, subjects, ProbeReading.HONESTY),
                study.metrics() == 0
                        ? ""
                        : subjects.stream().mapToInt(study::scores).sum() + " of "
                                + (long) study.metrics() * subjects.size()));
        return table;
    }

    private static String told(StudyView study, Subject subject) {
        String state = state(study, subject);
        return study.run(subject)
                .filter(run -> !state.equals(RunView.DONE) && run.step() > 0)
                .map(run -> state + ", step " + Shown.whole(run.step()) + " of " + Shown.whole(run.steps()))
                .orElse(state);
    }

    private static String mean(StudyView study, List<Subject> subjects, String metric) {
        List<Double> values = subjects.stream()
                .flatMap(subject -> study.run(subject).flatMap(run -> run.last(metric)).stream())
                .toList();
        return values.isEmpty()
                ? ""
                : Shown.number(
                        values.stream().mapToDouble(each -> each).average().orElseThrow());
    }

    private static List<Element> charts(StudyView study, Map<String, List<Subject>> arms) {
        List<Element> charts = new ArrayList<>();
        chart(study, arms, "Loss", "nats", 0, "loss", charts);
        chart(study, arms, "Probes: honesty margin", "nats", -Double.MAX_VALUE, ProbeReading.HONESTY, charts);
        chart(study, arms, "Tokens per second", "tokens/s", 0, StepLog.TOKENS_PER_SECOND, charts);
        chart(study, arms, "Learning rate", "", 0, "learning_rate", charts);
        return charts;
    }

    /** A line an arm, the mean of its seeds; as many arms as can be told apart, those that came last. */
    private static void chart(
            StudyView study,
            Map<String, List<Subject>> arms,
            String title,
            String unit,
            double least,
            String metric,
            List<Element> to) {
        List<Line> lines = new ArrayList<>();
        arms.forEach((arm, subjects) -> {
            Map<Double, List<Double>> values = new TreeMap<>();
            subjects.forEach(subject -> study.run(subject)
                    .flatMap(run -> run.curve(metric))
                    .ifPresent(curve -> curve.points()
                            .forEach(point -> values.computeIfAbsent(point.x(), _ -> new ArrayList<>())
                                    .add(point.y()))));
            List<Point> points = new ArrayList<>();
            values.forEach((step, at) -> points.add(new Point(
                    step, at.stream().mapToDouble(each -> each).average().orElseThrow(), Double.NaN, Double.NaN)));
            if (!points.isEmpty()) {
                lines.add(new Line(
                        study.study()
                                .flatMap(each -> each.arm(arm))
                                .map(Arm::label)
                                .orElse(arm),
                        points));
            }
        });
        int left = Math.max(0, lines.size() - MOST_LINES);
        RunParts.chart(
                left == 0 ? title : title + " (the last " + MOST_LINES + " arms)",
                unit,
                least,
                lines.subList(left, lines.size()),
                to);
    }

    private static Element replies(StudyView study) {
        Element section = Element.of("section").cls("said-so-far");
        if (study.said().isEmpty()) {
            return answers(section, study.answers());
        }
        section.add(Element.of("h3", "Replies so far: " + Shown.whole(study.replies()) + ", the last ones"));
        for (StudyView.Said said : study.said()) {
            section.add(Element.of(
                            "article",
                            Element.of(
                                            "p",
                                            Shown.name(said.by().arm()) + ", seed "
                                                    + said.by().seed() + " · " + said.task() + " · ",
                                            Element.of("span", said.verdict()).cls("verdict"))
                                    .cls("who"),
                            Element.of(
                                    "details",
                                    Element.of("summary", "The prompt"),
                                    Element.of("p", said.prompt()).cls("text")),
                            Element.of("p", said.reply()).cls("text"))
                    .cls("row"));
        }
        return section;
    }

    /** Answers as they come, of which nothing is known but what they say. */
    static Element answers(Element section, Answers answers) {
        section.add(Element.of("h3", "Answers so far: " + Shown.whole(answers.count()) + ", the last ones"));
        answers.texts()
                .forEach(text -> section.add(
                        Element.of("article", Element.of("p", text).cls("text")).cls("row")));
        return section;
    }
}
