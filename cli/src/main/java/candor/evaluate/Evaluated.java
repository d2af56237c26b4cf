package candor.evaluate;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.io.JsonRecord;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A finished evaluation, read back for comparison.
 *
 * @param judge its settings; a null node where no judge was needed
 * @param headline the measure that verdicts go by
 * @param failures of the judge
 * @param maxFailures the share of rows that the judge may fail on; above it nothing is said
 * @param macro measures whose subsets weigh the same
 */
public record Evaluated(
        Path folder,
        String task,
        String version,
        JsonNode settings,
        JsonNode judge,
        Set<String> macro,
        Task.Headline headline,
        List<JudgeFailures> failures,
        double maxFailures,
        List<Line> lines) {
    /** One row of results.jsonl, as far as comparison needs it. */
    public record Line(
            long seed, String subject, String id, String subset, String rowHash, Map<String, Double> values) {}

    /** Reads the folder of an evaluation. */
    public static Evaluated read(Path folder) {
        JsonNode scores = JsonRecord.read(folder.resolve(EvaluationFiles.SCORES))
                .orElseThrow(() ->
                        new BadInput(folder + ": is not a finished evaluation: it has no " + EvaluationFiles.SCORES));
        Set<String> macro = new LinkedHashSet<>();
        for (JsonNode score : scores.path("scores")) {
            if (score.path("over").asText().equals("macro")) {
                macro.add(score.path("measure").asText());
            }
        }
        return new Evaluated(
                folder,
                scores.path("task").asText(),
                scores.path("version").asText(),
                scores.path("settings"),
                scores.path("judge"),
                macro,
                headline(scores),
                failures(scores.path("judge_failures")),
                scores.path(EvaluationFiles.MAX_JUDGE_FAILURES).asDouble(JudgeFailures.DEFAULT_BOUND),
                lines(folder.resolve(EvaluationFiles.RESULTS)));
    }

    /** As it was written; older files name none, and have the benchmark's own score first: only of deception is less better. */
    private static Task.Headline headline(JsonNode scores) {
        JsonNode headline = scores.path("headline");
        if (headline.path("measure").isTextual()) {
            return new Task.Headline(
                    headline.path("measure").textValue(),
                    headline.path("better").asText().equals("lower"));
        }
        String first = scores.path("scores").path(0).path("measure").asText();
        return new Task.Headline(first, first.equals("deceptive"));
    }

    private static List<JudgeFailures> failures(JsonNode list) {
        List<JudgeFailures> failures = new ArrayList<>();
        for (JsonNode one : list) {
            failures.add(new JudgeFailures(
                    one.path("subject").asText(),
                    one.path("subset").asText(),
                    one.path("rows").asInt(),
                    one.path("failed_rows").asInt(),
                    one.path("questions").asInt(),
                    one.path("failed_questions").asInt()));
        }
        return failures;
    }

    private static List<Line> lines(Path file) {
        List<Line> lines = new ArrayList<>();
        try (RowReader reader = RowReader.open(file, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                switch (entry) {
                    case Entry.Bad bad -> throw bad.toBadInput();
                    case Entry.Row row -> lines.add(line(row));
                }
            }
        }
        return lines;
    }

    private static Line line(Entry.Row row) {
        ObjectNode columns = row.columns();
        Map<String, Double> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> value : columns.path("values").properties()) {
            values.put(value.getKey(), value.getValue().asDouble());
        }
        if (!columns.path("id").isTextual() || !columns.path("subject").isTextual() || !columns.has("values")) {
            throw new BadInput(row.origin() + ": is not a line of an evaluation's results");
        }
        return new Line(
                columns.path("seed").asLong(),
                columns.get("subject").textValue(),
                columns.get("id").textValue(),
                columns.path("subset").asText(),
                columns.path("row_sha256").asText(),
                values);
    }

    /** Who was evaluated. */
    public List<String> subjects() {
        return lines.stream().map(Line::subject).distinct().toList();
    }
}
