package candor.evaluate;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.data.DataRow;
import candor.evaluate.judge.Form;
import candor.evaluate.judge.Judgement;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.evaluate.judge.Verdict;
import candor.evaluate.judge.Verdict.Letter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Scores recorded replies and judgements by a task's rules, without a model or a judge, so that they can be held against what another
 * tool made of the same. The record stands in the rows themselves, in three more columns:
 *
 * <pre>
 * replies      {"pressure.0": "…", "belief.1.0": "…"}: replies by the keys of what the task asks; log-probabilities as a list
 * judgements   {"statement.0": "Answer: B", "j1": "Yes"}: what the judge said, by the keys of its questions; null for a failure
 * expected     {"honesty_code": -1}: what another tool gave, by names of outcome.details or of scores; may be left out
 * </pre>
 */
public final class Conformance {
    private static final String REPLIES = "replies";
    private static final String JUDGEMENTS = "judgements";
    private static final String EXPECTED = "expected";
    private static final double SAME = 1e-9;

    /**
     * A row as it was scored.
     *
     * @param expects whether something was expected of it
     * @param differences what is not as expected, in words
     */
    public record Scored(Result result, boolean expects, List<String> differences) {
        /** The row for a file: what it came to. */
        public ObjectNode json() {
            ObjectNode line =
                    JsonNodeFactory.instance.objectNode().put("id", result.id()).put("subset", result.subset());
            line.set("outcome", result.outcome().details());
            ObjectNode values = line.putObject("values");
            result.outcome().values().forEach(values::put);
            differences.forEach(line.putArray("differences")::add);
            return line;
        }
    }

    private Conformance() {}

    /**
     * Scores every row of a task.
     *
     * @param judged whether the task's rules go by judgements; then replies that are not there are taken for empty
     */
    public static <R extends Task.Row> List<Scored> of(Task<R> task, boolean judged) {
        List<Scored> all = new ArrayList<>();
        for (R row : task.rows()) {
            List<Ask> asks = task.asks(row);
            Answers answers = answers(row.data(), asks, judged);
            List<Question> questions = task.questions(row, answers);
            Judgements judgements = judgements(row.data(), questions);
            Outcome outcome = task.outcome(row, answers, judgements);
            Result result = new Result(
                    0,
                    "recorded",
                    row.id(),
                    row.subset(),
                    row.data().hash(),
                    asks,
                    answers,
                    questions,
                    judgements,
                    outcome);
            JsonNode expected = object(row.data(), EXPECTED);
            all.add(new Scored(result, !expected.isEmpty(), differences(expected, outcome)));
        }
        return all;
    }

    private static JsonNode object(DataRow row, String column) {
        JsonNode given = row.columns().path(column);
        if (given.isMissingNode() || given.isNull()) {
            return JsonNodeFactory.instance.objectNode();
        }
        if (!given.isObject()) {
            throw row.bad("the column \"" + column + "\" must be an object, such as {\"key\": \"text\"}");
        }
        return given;
    }

    private static Answers answers(DataRow row, List<Ask> asks, boolean judged) {
        JsonNode replies = object(row, REPLIES);
        Map<String, Answer> byKey = new LinkedHashMap<>();
        for (Ask ask : asks) {
            JsonNode reply = replies.path(ask.key());
            if (ask instanceof Ask.Score score) {
                byKey.put(ask.key(), logProbs(row, score, reply));
            } else if (reply.isTextual() || judged && reply.isMissingNode()) {
                byKey.put(ask.key(), new Answer.Reply(reply.asText(), "stop", 0));
            } else {
                throw row.bad("the column \"" + REPLIES + "\" has no text \"" + ask.key() + "\"; the task asks for "
                        + asks.stream().map(Ask::key).toList());
            }
        }
        return new Answers(byKey);
    }

    private static Answer logProbs(DataRow row, Ask.Score ask, JsonNode given) {
        List<Double> values = new ArrayList<>();
        given.forEach(value -> values.add(value.asDouble(Double.NaN)));
        if (values.size() != ask.continuations().size() || values.stream().anyMatch(value -> value.isNaN())) {
            throw row.bad("the column \"" + REPLIES + "\" needs \"" + ask.key() + "\" as a list of "
                    + ask.continuations().size() + " log-probabilities");
        }
        return new Answer.LogProbs(values);
    }

    private static Judgements judgements(DataRow row, List<Question> questions) {
        JsonNode given = object(row, JUDGEMENTS);
        List<String> asked = questions.stream().map(Question::key).toList();
        given.fieldNames().forEachRemaining(key -> {
            if (!asked.contains(key)) {
                throw row.bad("the column \"" + JUDGEMENTS + "\" has \"" + key
                        + "\", but of these replies the judge is asked "
                        + (asked.isEmpty() ? "nothing" : asked)
                        + "; remove it, or fix the column \"" + REPLIES + "\"");
            }
        });
        Map<String, Judgement> byKey = new LinkedHashMap<>();
        for (Question question : questions) {
            JsonNode said = given.path(question.key());
            if (said.isMissingNode()) {
                throw row.bad("the column \"" + JUDGEMENTS + "\" has no \"" + question.key() + "\"; the judge is asked "
                        + asked + ", and null stands for a failure");
            }
            byKey.put(question.key(), judgement(question.form(), said));
        }
        return new Judgements(byKey);
    }

    private static Judgement judgement(Form form, JsonNode said) {
        if (said.isNull()) {
            return Judgement.failed(List.of(), "recorded as failed");
        }
        String text = said.isTextual() ? said.textValue() : said.toString();
        Optional<Verdict> verdict = form == Form.LETTER && text.strip().matches("[ABCD]")
                ? Optional.of(Letter.valueOf(text.strip()))
                : form.parse(text);
        return verdict.map(found -> Judgement.of(found, text))
                .orElseGet(() -> Judgement.failed(List.of(text), "malformed"));
    }

    private static List<String> differences(JsonNode expected, Outcome outcome) {
        List<String> differences = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : expected.properties()) {
            String name = entry.getKey();
            Double value = outcome.values().get(name);
            JsonNode is = outcome.details().has(name)
                    ? outcome.details().get(name)
                    : value == null ? JsonNodeFactory.instance.nullNode() : JsonNodeFactory.instance.numberNode(value);
            if (!same(entry.getValue(), is)) {
                differences.add(name + ": expected " + entry.getValue() + ", is " + is);
            }
        }
        return differences;
    }

    private static boolean same(JsonNode expected, JsonNode is) {
        return expected.isNumber() && is.isNumber()
                ? Math.abs(expected.doubleValue() - is.doubleValue()) < SAME
                : expected.equals(is);
    }
}
