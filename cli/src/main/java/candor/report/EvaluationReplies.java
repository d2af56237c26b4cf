package candor.report;

import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.evaluate.Evaluated;
import candor.report.html.Csv;
import candor.report.html.Element;
import candor.report.html.Node;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Replies of an evaluation: of the first subject beside those of the last where there are several, picked by a rule, and a browser of
 * as many as a page can hold.
 */
final class EvaluationReplies {
    private EvaluationReplies() {}

    /**
     * The section and what lies beside the page.
     *
     * @param name of the evaluation among the parts of the page
     * @param most replies on the page
     */
    static Browsed of(Path folder, Evaluated evaluated, String measure, String name, int most) {
        if (evaluated.lines().isEmpty()) {
            return Browsed.nothing(List.of());
        }
        List<Node> parts = new ArrayList<>();
        long seed = evaluated.lines().getFirst().seed();
        String before = evaluated.subjects().getFirst();
        String after = evaluated.subjects().getLast();
        Map<String, String> verdictsBefore = verdicts(evaluated, before, seed, measure);
        Picked picked = Picked.of(evaluated.task(), verdictsBefore, verdicts(evaluated, after, seed, measure));
        List<String> ids = Stream.concat(picked.different().stream(), picked.same().stream())
                .toList();
        Set<String> browsed = browsed(evaluated, seed, most);
        Set<String> wanted = new HashSet<>(ids);
        wanted.addAll(browsed);
        Map<String, Map<String, JsonNode>> rows = rows(folder, seed, wanted);
        parts.add(Element.of("h4", before.equals(after) ? before : before + ", then " + after));
        parts.add(Element.of("p", picked.rule(evaluated.task(), before, after)).cls("note"));
        for (String id : ids) {
            Map<String, JsonNode> bySubject = new LinkedHashMap<>(rows.getOrDefault(id, Map.of()));
            bySubject.keySet().retainAll(List.of(before, after));
            parts.add(row(id, bySubject, measure));
        }
        List<ReplyBrowser.Row> list = browsed.stream()
                .filter(rows::containsKey)
                .map(id -> browsed(id, rows.get(id), measure))
                .toList();
        FileBeside csv = new FileBeside(name + "-replies.csv", lines -> csv(folder, measure, lines));
        parts.add(Element.of("h4", "Replies by arm, task and verdict"));
        parts.add(ReplyBrowser.note(
                list,
                evaluated.lines().size(),
                "those under seed " + seed + " to the first rows of each subset in the order above",
                csv,
                "results.jsonl in the evaluation's folder"));
        parts.add(ReplyBrowser.of(name, list));
        return new Browsed(parts, List.of(csv), ReplyBrowser.classes(list));
    }

    /** Ids of as many rows of each subset as there is room for, in the order that rows are picked in. */
    private static Set<String> browsed(Evaluated evaluated, long seed, int most) {
        Map<String, TreeMap<String, String>> ranked = new LinkedHashMap<>();
        evaluated.lines().stream().filter(line -> line.seed() == seed).forEach(line -> ranked.computeIfAbsent(
                        line.subset(), subset -> new TreeMap<>())
                .put(Picked.rank(evaluated.task(), line.id()), line.id()));
        long each = Math.max(1, most / (evaluated.subjects().size() * (long) Math.max(1, ranked.size())));
        return ranked.values().stream()
                .flatMap(ids -> ids.values().stream().limit(each))
                .limit(most)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static ReplyBrowser.Row browsed(String id, Map<String, JsonNode> bySubject, String measure) {
        JsonNode first = bySubject.values().iterator().next();
        JsonNode asked = last(first.path("answers"));
        return new ReplyBrowser.Row(
                Words.plain(first.path("subset").asText()),
                id,
                messages(asked.path("prompt"), true),
                messages(asked.path("prompt"), false),
                bySubject.entrySet().stream()
                        .map(of -> new ReplyBrowser.Answer(
                                of.getKey(), verdict(of.getValue(), measure), reply(of.getValue())))
                        .toList());
    }

    private static String verdict(JsonNode line, String measure) {
        String outcome = line.path("outcome").path("outcome").asText();
        return outcome.isEmpty()
                ? Words.plain(measure) + " " + line.path("values").path(measure).asText(Words.UNKNOWN)
                : outcome;
    }

    private static String reply(JsonNode line) {
        return last(line.path("answers")).path("reply").asText("no text: options were scored");
    }

    private static void csv(Path folder, String measure, Consumer<String> lines) {
        lines.accept(Csv.line(List.of(
                "Evaluated",
                "Seed",
                "Subset",
                "Row",
                "Verdict",
                Words.plain(measure),
                "System prompt",
                "Asked",
                "Reply")));
        each(folder, line -> {
            JsonNode asked = last(line.path("answers"));
            lines.accept(Csv.line(List.of(
                    Csv.text(line.path("subject").asText()),
                    Long.toString(line.path("seed").asLong()),
                    Csv.text(line.path("subset").asText()),
                    Csv.text(line.path("id").asText()),
                    Csv.text(verdict(line, measure)),
                    line.path("values").path(measure).isNumber()
                            ? line.path("values").path(measure).asText()
                            : "",
                    Csv.text(messages(asked.path("prompt"), true)),
                    Csv.text(messages(asked.path("prompt"), false)),
                    Csv.text(reply(line)))));
        });
    }

    private static Map<String, String> verdicts(Evaluated evaluated, String subject, long seed, String measure) {
        Map<String, String> verdicts = new LinkedHashMap<>();
        evaluated.lines().stream()
                .filter(line -> line.seed() == seed && line.subject().equals(subject))
                .forEach(line ->
                        verdicts.put(line.id(), String.valueOf(line.values().get(measure))));
        return verdicts;
    }

    private static Map<String, Map<String, JsonNode>> rows(Path folder, long seed, Set<String> ids) {
        Map<String, Map<String, JsonNode>> rows = new HashMap<>();
        each(folder, line -> {
            String id = line.path("id").asText();
            if (line.path("seed").asLong() == seed && ids.contains(id)) {
                rows.computeIfAbsent(id, name -> new LinkedHashMap<>())
                        .put(line.path("subject").asText(), line);
            }
        });
        return rows;
    }

    private static void each(Path folder, Consumer<JsonNode> line) {
        try (RowReader reader = RowReader.open(folder.resolve("results.jsonl"), RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                switch (entry) {
                    case Entry.Bad bad -> throw bad.toBadInput();
                    case Entry.Row row -> line.accept(row.columns());
                }
            }
        }
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
