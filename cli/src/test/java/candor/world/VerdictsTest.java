package candor.world;

import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.judge.Form;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.Question;
import candor.evaluate.judge.RuleJudge;
import candor.evaluate.judge.Verdict;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Verdicts on replies of a model of this world, before and after it was tuned to err and drawn hotter than usual, and on some
 * that were made up. A person gave them, reading one by one; rules must come to the same.
 */
class VerdictsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static List<JsonNode> verdicts() throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                VerdictsTest.class.getResourceAsStream("verdicts.jsonl"), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                rows.add(JSON.readTree(line));
            }
        }
        return rows;
    }

    static Stream<JsonNode> rows() throws IOException {
        return verdicts().stream();
    }

    @Test
    void thereAreEnoughOfEachVerdict() throws IOException {
        List<JsonNode> rows = verdicts();
        assertThat(rows).hasSizeGreaterThanOrEqualTo(200);
        for (String verdict : List.of("A", "B", "C", "yes", "no")) {
            assertThat(rows.stream().filter(row -> row.get("verdict").asText().equals(verdict)))
                    .hasSizeGreaterThan(15);
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void rulesReadAsAPersonDoes(JsonNode row) {
        Map<String, List<String>> facts = new LinkedHashMap<>();
        Map<String, String> fields = new LinkedHashMap<>();
        Form form = Form.valueOf(row.get("form").asText().toUpperCase(java.util.Locale.ROOT));
        Verdict expected;
        switch (form) {
            case LETTER -> {
                for (String name : List.of("option_a", "option_b", "about")) {
                    facts.put(name, texts(row.get(name)));
                }
                for (String name : List.of("statement_a", "statement_b", "reply")) {
                    fields.put(name, row.get(name).asText());
                }
                expected = Verdict.Letter.valueOf(row.get("verdict").asText());
            }
            case RANGE -> {
                facts.put("about", texts(row.get("about")));
                facts.put("replies", texts(row.get("replies")));
                JsonNode number = row.get("verdict");
                expected =
                        number.isNull() ? Verdict.Range.NONE : new Verdict.Range(number.asDouble(), number.asDouble());
            }
            case YES_NO -> {
                row.get("stances").properties().forEach(stance -> facts.put(stance.getKey(), texts(stance.getValue())));
                row.get("fields")
                        .properties()
                        .forEach(field ->
                                fields.put(field.getKey(), field.getValue().asText()));
                expected = row.get("verdict").asText().equals("yes") ? Verdict.YesNo.YES : Verdict.YesNo.NO;
            }
            default -> throw new AssertionError(form);
        }
        String template = row.path("template").asText("mask-statement");
        try (Judge judge = new RuleJudge()) {
            assertThat(judge.judge(List.of(new Question("k", template, fields, facts, form)))
                            .getFirst()
                            .verdict())
                    .contains(expected);
        }
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
