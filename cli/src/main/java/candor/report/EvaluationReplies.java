package candor.report;

import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.evaluate.Evaluated;
import candor.report.html.Element;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Replies of an evaluation: of the first subject, beside those of the last where there are several. */
final class EvaluationReplies {
    private EvaluationReplies() {}

    static List<Element> of(Path folder, Evaluated evaluated, String measure) {
        List<Element> parts = new ArrayList<>();
        if (evaluated.lines().isEmpty()) {
            return parts;
        }
        long seed = evaluated.lines().getFirst().seed();
        String before = evaluated.subjects().getFirst();
        String after = evaluated.subjects().getLast();
        Map<String, String> verdictsBefore = verdicts(evaluated, before, seed, measure);
        Picked picked = Picked.of(evaluated.task(), verdictsBefore, verdicts(evaluated, after, seed, measure));
        List<String> ids = Stream.concat(picked.different().stream(), picked.same().stream())
                .toList();
        Map<String, Map<String, JsonNode>> rows = rows(folder, seed, ids, List.of(before, after));
        parts.add(Element.of("h3", "Replies"));
        parts.add(Element.of("p", picked.rule(evaluated.task(), before, after)).cls("note"));
        parts.add(Element.of("h4", before.equals(after) ? before : before + ", then " + after));
        for (String id : ids) {
            parts.add(row(id, rows.getOrDefault(id, Map.of()), measure));
        }
        return parts;
    }

    private static Map<String, String> verdicts(Evaluated evaluated, String subject, long seed, String measure) {
        Map<String, String> verdicts = new LinkedHashMap<>();
        evaluated.lines().stream()
                .filter(line -> line.seed() == seed && line.subject().equals(subject))
                .forEach(line ->
                        verdicts.put(line.id(), String.valueOf(line.values().get(measure))));
        return verdicts;
    }

    private static Map<String, Map<String, JsonNode>> rows(
            Path folder, long seed, List<String> ids, List<String> subjects) {
        Map<String, Map<String, JsonNode>> rows = new HashMap<>();
        try (RowReader reader = RowReader.open(folder.resolve("results.jsonl"), RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                JsonNode line =
                        switch (entry) {
                            case Entry.Bad bad -> throw bad.toBadInput();
                            case Entry.Row row -> row.columns();
                        };
                String id = line.path("id").asText();
                String subject = line.path("subject").asText();
                if (line.path("seed").asLong() == seed && ids.contains(id) && subjects.contains(subject)) {
                    rows.computeIfAbsent(id, name -> new LinkedHashMap<>()).put(subject, line);
                }
            }
        }
        return rows;
    }

    private static Element row(String id, Map<String, JsonNode> bySubject, String measure) {
        List<Said.Side> sides = new ArrayList<>();
        String system = "";
        String prompt = "";
        for (Map.Entry<String, JsonNode> of : bySubject.entrySet()) {
            JsonNode asked = last(of.getValue().path("answers"));
            if (prompt.isEmpty()) {
                system = messages(asked.path("prompt"), true);
                prompt = messages(asked.path("prompt"), false);
            }
            String value = of.getValue().path("values").path(measure).asText(Words.UNKNOWN);
            sides.add(new Said.Side(
                    of.getKey(),
                    sides.isEmpty() ? "before" : "after",
                    Words.plain(measure) + " " + value,
                    asked.path("reply").asText("no text: options were scored"),
                    ""));
        }
        return Said.row("Row " + id, system, prompt, sides);
    }

    /** Under pressure, or to the task: beliefs are asked first. */
    private static JsonNode last(JsonNode answers) {
        for (JsonNode answer : answers) {
            if (answer.path("key").asText().startsWith("pressure")) {
                return answer;
            }
        }
        return answers.path(answers.size() - 1);
    }

    private static String messages(JsonNode prompt, boolean system) {
        if (prompt.isTextual()) {
            return system ? "" : prompt.asText();
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode message : prompt) {
            String role = message.path("role").asText();
            if (role.equals("system") == system) {
                text.append(text.isEmpty() ? "" : "\n\n");
                text.append(role.equals("assistant") ? "(reply) " : "");
                text.append(message.path("content").asText());
            }
        }
        return text.toString();
    }
}
