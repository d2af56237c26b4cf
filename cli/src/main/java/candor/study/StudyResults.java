package candor.study;

import candor.evaluate.Answer;
import candor.evaluate.Ask;
import candor.evaluate.Prompt;
import candor.evaluate.Result;
import candor.stats.Cell;
import candor.stats.Estimate;
import candor.stats.Mean;
import candor.study.record.Key;
import candor.study.record.Outcomes;
import candor.study.record.Reply;
import candor.study.record.Score;
import candor.study.record.StudyWriter;
import candor.text.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From a benchmark's results to the lines of a study's files. */
final class StudyResults {
    private final StudyTask<?> task;
    private final int shown;

    StudyResults(StudyTask<?> task, StudyConfig config) {
        this.task = task;
        this.shown = config.section(StudyConfig.EVALUATE)
                .get(EvaluationPlan.SHOWN_REPLIES)
                .intValue();
    }

    /** @param results of this subject alone, a row each */
    void finish(Evaluations.Subject subject, List<Result> results, StudyWriter writer) {
        for (String subset : task.subsets()) {
            Key key = new Key(subject.arm(), subject.seed(), task.task().name(), subset);
            if (writer.isFinished(key)) {
                continue;
            }
            List<Result> part = results.stream()
                    .filter(result ->
                            subset.equals(StudyTask.ALL) || result.subset().equals(subset))
                    .toList();
            // Replies stand with the smallest part that they belong to, so that none is written twice.
            boolean smallest = !subset.equals(StudyTask.ALL) || task.subsets().size() == 1;
            writer.finish(score(key, part), outcomes(key, part), smallest ? replies(key, part) : List.of());
        }
    }

    private Score score(Key key, List<Result> part) {
        List<Cell> cells = new ArrayList<>();
        Map<String, Long> counts = new LinkedHashMap<>();
        task.counted().forEach(name -> counts.put(name, 0L));
        for (Result result : part) {
            Map<String, Double> values = result.outcome().values();
            Double value = values.get(task.measure());
            cells.add(value == null ? Cell.NONE : Cell.of(value));
            task.counted().stream()
                    .filter(name -> Double.valueOf(1).equals(values.get(name)))
                    .forEach(name -> counts.merge(name, 1L, Long::sum));
        }
        Estimate estimate = Estimate.of(cells, Mean.POOLED).times(100);
        return new Score(
                key,
                estimate.value(),
                estimate.standardError(),
                estimate.rows(),
                estimate.interval().low(),
                estimate.interval().high(),
                counts);
    }

    private Outcomes outcomes(Key key, List<Result> part) {
        List<String> ids = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (Result result : part) {
            Double value = result.outcome().values().get(task.measure());
            if (value != null) {
                ids.add(result.id());
                values.add(value);
            }
        }
        return new Outcomes(key, ids, values);
    }

    private List<Reply> replies(Key key, List<Result> part) {
        List<Reply> replies = new ArrayList<>();
        for (Result result : part) {
            if (replies.size() < shown && result.answers().byKey().get(task.shown()) instanceof Answer.Reply reply) {
                Ask ask = result.asks().stream()
                        .filter(asked -> asked.key().equals(task.shown()))
                        .findFirst()
                        .orElseThrow();
                replies.add(new Reply(
                        key,
                        result.id(),
                        said(ask.prompt(), "system"),
                        said(ask.prompt(), "user"),
                        reply.text(),
                        verdict(result),
                        result.outcome().details().toString()));
            }
        }
        return replies;
    }

    /** What a prompt has in a role; of several messages, the last. */
    private static String said(Prompt prompt, String role) {
        return switch (prompt) {
            case Prompt.Chat(var conversation) ->
                conversation.messages().stream()
                        .filter(message -> message.role().equals(role))
                        .reduce((first, second) -> second)
                        .map(Message::content)
                        .map(String::valueOf)
                        .orElse("");
            case Prompt.Text(String text) -> role.equals("user") ? text : "";
        };
    }

    /** What the row was judged to be, in one word. */
    private String verdict(Result result) {
        String outcome = result.outcome().details().path("outcome").asText();
        if (!outcome.isEmpty()) {
            return outcome;
        }
        Double value = result.outcome().values().get(task.measure());
        if (value == null) {
            return "left out";
        }
        return value == 1 ? task.measure() : "not " + task.measure();
    }
}
