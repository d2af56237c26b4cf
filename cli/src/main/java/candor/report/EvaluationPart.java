package candor.report;

import candor.evaluate.Closing;
import candor.evaluate.Comparison;
import candor.evaluate.Evaluated;
import candor.evaluate.JudgeFailures;
import candor.io.JsonRecord;
import candor.report.figure.DotPlot;
import candor.report.figure.Figure;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.stats.Bootstrap;
import candor.stats.Contrast;
import candor.stats.Holm;
import candor.stats.Interval;
import candor.stats.McNemar;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An evaluation's part of a report. */
final class EvaluationPart {
    private static final int MOST_ROWS = 60;

    /** A score as scores.json has it; a number that is not known is NaN. */
    private record Score(String subject, String subset, String measure, JsonNode json) {
        double number(String name) {
            return json.path(name).asDouble(Double.NaN);
        }

        Interval interval() {
            return new Interval(number("low"), number("high"));
        }
    }

    private EvaluationPart() {}

    static Part of(Path folder, ObjectNode json, String name, int replies) {
        List<Score> scores = new ArrayList<>();
        for (JsonNode score : json.path("scores")) {
            scores.add(new Score(
                    score.path("subject").asText(),
                    score.path("subset").asText(),
                    score.path("measure").asText(),
                    score));
        }
        Evaluated evaluated = Evaluated.read(folder);
        Element facts = Element.of("dl");
        facts.add(Element.of("dt", "Task"), Element.of("dd", evaluated.task() + ", version " + evaluated.version()));
        facts.add(Element.of("dt", "Evaluated"), Element.of("dd", Words.list(evaluated.subjects())));
        json.path("notes").forEach(note -> facts.add(Element.of("dt", "Note"), Element.of("dd", note.asText())));
        String main = evaluated.headline().measure();
        List<Score> shown =
                scores.stream().filter(score -> score.measure().equals(main)).toList();
        List<Node> tables = new ArrayList<>();
        tables.add(scores(scores));
        List<Comparison> comparisons = Closing.comparisons(evaluated, Bootstrap.DEFAULT);
        comparisons(tables, comparisons, main);
        Browsed browsed = EvaluationReplies.of(folder, evaluated, main, name, replies);
        JsonNode run = JsonRecord.read(folder.resolve("run.json"))
                .map(JsonNode.class::cast)
                .orElse(json.path("settings"));
        List<Section> sections = List.of(
                new Section("Replies", browsed.body()),
                new Section("Tables", tables),
                new Section("Settings", List.of(facts)),
                new Section(
                        "How to run it again",
                        List.of(Details.of(
                                "Every setting, and the hashes of what went in",
                                List.of(
                                        Settings.table("What run.json records", run),
                                        Settings.table("The task's settings", json.path("settings")))))));
        return new Part(
                name,
                "Evaluation: " + evaluated.task() + ", " + RunPart.name(folder),
                findings(json, evaluated, comparisons, shown),
                shown.isEmpty() ? Optional.empty() : Optional.of(figure(main, shown)),
                List.of(),
                sections.stream().filter(section -> !section.body().isEmpty()).toList(),
                browsed.files(),
                browsed.classes());
    }

    /** What the scores are to be read with comes first, then how the evaluated ones differ. */
    private static List<Finding> findings(
            ObjectNode json, Evaluated evaluated, List<Comparison> comparisons, List<Score> shown) {
        List<Finding> findings = new ArrayList<>();
        evaluated.failures().stream()
                .filter(failures -> failures.share() > JudgeFailures.WORTH_A_WARNING)
                .forEach(failures -> findings.add(Finding.caution(failures.sentence("") + ".")));
        JsonNode guessed = json.path("guessing").path("note");
        if (guessed.isTextual()) {
            findings.add(Finding.caution(guessed.textValue() + "."));
        }
        Closing.of(comparisons).stream()
                .map(String::strip)
                .map(sentence -> Finding.of(sentence, ""))
                .forEach(findings::add);
        shown.stream()
                .filter(score -> score.subset().equals("all"))
                .map(score -> Words.plain(score.measure()) + ", " + score.subject() + ": "
                        + Words.one(score.number("value")) + " % (95 % interval " + Words.interval(score.interval())
                        + ").")
                .map(sentence -> Finding.of(sentence, ""))
                .forEach(findings::add);
        return findings;
    }

    private static Element figure(String measure, List<Score> scores) {
        List<Score> drawn = scores.stream().limit(MOST_ROWS).toList();
        List<String> subjects = drawn.stream().map(Score::subject).distinct().toList();
        DataTable table = new DataTable(
                Words.plain(measure) + " (%)", 2, List.of("Evaluated", "Subset", "Value", "95 % interval"));
        List<DotPlot.Row> rows = new ArrayList<>();
        for (Score score : drawn) {
            rows.add(new DotPlot.Row(
                    score.subject() + ": " + Words.plain(score.subset()),
                    subjects.indexOf(score.subject()),
                    score.number("value"),
                    score.interval(),
                    new double[0]));
            table.row(
                    score.subject(),
                    Words.plain(score.subset()),
                    Cells.one(score.number("value")),
                    Cells.interval(score.interval()));
        }
        String title = Words.plain(measure) + " (%)";
        return Figure.of(
                title,
                new DotPlot("Dot plot: " + title, "", rows, Double.NaN, 0, 100).svg(),
                "With 95 % intervals over rows (Korn and Graubard's)."
                        + (scores.size() > drawn.size()
                                ? " The first " + drawn.size() + " of " + scores.size() + "; the table has all."
                                : ""),
                table);
    }

    private static DataTable scores(List<Score> scores) {
        DataTable table = new DataTable(
                "Scores",
                3,
                List.of(
                        "Evaluated",
                        "Subset",
                        "Measure",
                        "Value",
                        "Values",
                        "Rows",
                        "Standard error",
                        "95 % interval"));
        for (Score score : scores) {
            table.row(
                    score.subject(),
                    Words.plain(score.subset()),
                    Words.plain(score.measure()),
                    Cells.one(score.number("value")),
                    Cells.any(score.number("n")),
                    Cells.any(score.number("rows")),
                    Cells.number(score.number("standard_error"), 2),
                    Cells.interval(score.interval()));
        }
        return table;
    }

    private static void comparisons(List<Node> body, List<Comparison> comparisons, String main) {
        if (comparisons.isEmpty()) {
            return;
        }
        String base = comparisons.getFirst().subjectA();
        double[] holm = Holm.correct(comparisons.stream()
                .flatMap(comparison -> comparison.headlines().stream())
                .mapToDouble(line -> line.paired().difference().p())
                .toArray());
        DataTable table = new DataTable(
                Words.plain(main) + " against " + base,
                2,
                List.of(
                        "Evaluated",
                        "Subset",
                        "Change",
                        "95 % interval",
                        "Rows",
                        "p",
                        "p corrected",
                        "p by seed (McNemar)"));
        int k = 0;
        for (Comparison comparison : comparisons) {
            for (Comparison.Line line : comparison.headlines()) {
                Contrast difference = line.paired().difference();
                table.row(
                        comparison.subjectB(),
                        Words.plain(line.subset()),
                        Cells.signed(difference.value()),
                        Cells.signed(difference.interval()),
                        line.paired().rows(),
                        Cells.p(difference.p()),
                        Cells.p(holm[k++]),
                        Cells.ps(line.mcNemar().values().stream()
                                .mapToDouble(McNemar::exactP)
                                .toArray()));
            }
        }
        body.add(table);
        body.add(Element.of(
                "p",
                "p: t-test of the difference of the two rates over the same rows; corrected by Holm's method within the"
                        + " table. McNemar's exact test takes the rows of one seed that have a value on both sides."));
    }
}
