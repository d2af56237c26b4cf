package candor.report;

import candor.evaluate.Comparison;
import candor.evaluate.Evaluated;
import candor.evaluate.stats.Bootstrap;
import candor.evaluate.stats.McNemar;
import candor.report.figure.DotPlot;
import candor.report.figure.Figure;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.stats.Holm;
import candor.report.stats.Interval;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

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

    static Part of(Path folder, ObjectNode json) {
        List<Score> scores = new ArrayList<>();
        for (JsonNode score : json.path("scores")) {
            scores.add(new Score(
                    score.path("subject").asText(),
                    score.path("subset").asText(),
                    score.path("measure").asText(),
                    score));
        }
        Evaluated evaluated = Evaluated.read(folder);
        List<Element> body = new ArrayList<>();
        Element facts = Element.of("dl");
        facts.add(Element.of("dt", "Task"), Element.of("dd", evaluated.task() + ", version " + evaluated.version()));
        facts.add(Element.of("dt", "Evaluated"), Element.of("dd", Words.list(evaluated.subjects())));
        json.path("notes").forEach(note -> facts.add(Element.of("dt", "Note"), Element.of("dd", note.asText())));
        body.add(Element.of("h3", "Settings"));
        body.add(facts);
        String main = scores.isEmpty() ? "" : scores.getFirst().measure();
        List<Score> shown =
                scores.stream().filter(score -> score.measure().equals(main)).toList();
        if (!shown.isEmpty()) {
            body.add(Element.of("h3", "Figures"));
            body.add(Element.of("div", figure(main, shown)).cls("figures"));
        }
        body.add(Element.of("h3", "Tables"));
        body.add(scores(scores).element());
        comparisons(body, evaluated, main);
        body.addAll(EvaluationReplies.of(folder, evaluated, main));
        body.add(Element.of("h3", "How to run it again"));
        JsonNode run = JsonFile.read(folder.resolve("run.json"))
                .map(JsonNode.class::cast)
                .orElse(json.path("settings"));
        body.add(Element.of(
                "details",
                Element.of("summary", "Every setting, and the hashes of what went in"),
                Settings.table("What run.json records", run).element(),
                Settings.table("The task's settings", json.path("settings")).element()));
        List<String> findings = shown.stream()
                .filter(score -> score.subset().equals("all"))
                .map(score -> Words.plain(main) + ", " + score.subject() + ": " + Words.one(score.number("value"))
                        + " % (95 % interval " + Words.interval(score.interval()) + ").")
                .toList();
        return new Part("Evaluation: " + evaluated.task() + ", " + RunPart.name(folder), findings, body);
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
                    Words.one(score.number("value")),
                    Words.interval(score.interval()));
        }
        String title = Words.plain(measure) + " (%)";
        return Figure.of(
                title,
                new DotPlot("Dot plot: " + title, "", rows, Double.NaN, 0, 100).svg(),
                "With 95 % intervals of the bootstrap over rows."
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
                    Words.one(score.number("value")),
                    Words.any(score.number("n")),
                    Words.any(score.number("rows")),
                    Words.number(score.number("standard_error"), 2),
                    Words.interval(score.interval()));
        }
        return table;
    }

    private static void comparisons(List<Element> body, Evaluated evaluated, String main) {
        List<String> subjects = evaluated.subjects();
        if (subjects.size() < 2 || main.isEmpty()) {
            return;
        }
        String base = subjects.getFirst();
        Map<String, List<Comparison.Line>> lines = new LinkedHashMap<>();
        for (String subject : subjects.subList(1, subjects.size())) {
            lines.put(
                    subject,
                    Comparison.of(evaluated, base, evaluated, subject, Bootstrap.DEFAULT).lines().stream()
                            .filter(line -> line.measure().equals(main))
                            .toList());
        }
        double[] holm = Holm.correct(lines.values().stream()
                .flatMap(List::stream)
                .mapToDouble(line -> line.paired().bootstrapP())
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
        for (Map.Entry<String, List<Comparison.Line>> of : lines.entrySet()) {
            for (Comparison.Line line : of.getValue()) {
                table.row(
                        of.getKey(),
                        Words.plain(line.subset()),
                        Words.signed(line.paired().difference()),
                        Words.signed(new Interval(
                                line.paired().interval().low(),
                                line.paired().interval().high())),
                        line.paired().rows(),
                        Words.p(line.paired().bootstrapP()),
                        Words.p(holm[k++]),
                        line.mcNemar().values().stream()
                                .map(McNemar::exactP)
                                .map(Words::p)
                                .collect(Collectors.joining(", ")));
            }
        }
        body.add(table.element());
        body.add(Element.of(
                "p",
                "p: the paired bootstrap over rows; corrected by Holm's method within the table. McNemar's exact test takes the"
                        + " rows of one seed."));
    }
}
