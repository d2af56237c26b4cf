package candor.study;

import candor.evaluate.Result;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
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
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

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
        for (Reported reported : task.reported()) {
            for (String subset : task.subsets()) {
                Key key = new Key(subject.arm(), subject.seed(), reported.name(), subset);
                if (!writer.isFinished(key)) {
                    finish(key, reported, results, writer);
                }
            }
        }
    }

    private void finish(Key key, Reported reported, List<Result> results, StudyWriter writer) {
        String subset = key.subset();
        List<Result> part = results.stream()
                .filter(result ->
                        subset.equals(StudyTask.ALL) || result.subset().equals(subset))
                .toList();
        boolean first = reported.equals(task.reported().getFirst());
        // Replies stand with the first measure and the smallest part that they belong to, so that none is written
        // twice.
        boolean smallest = !subset.equals(StudyTask.ALL) || task.subsets().size() == 1;
        writer.finish(
                score(key, reported, first ? task.counted() : List.of(), part),
                outcomes(key, reported, part),
                first && smallest ? replies(key, part) : List.of());
    }

    Score score(Key key, Reported reported, List<Counted> counted, List<Result> part) {
        List<Cell> cells = new ArrayList<>();
        Map<String, Long> counts = new LinkedHashMap<>();
        counted.forEach(each -> counts.put(each.measure(), 0L));
        for (Result result : part) {
            Map<String, Double> values = result.outcome().values();
            Double value = values.get(reported.measure());
            cells.add(value == null ? Cell.NONE : new Cell(result.subset(), value, 1));
            counted.stream()
                    .filter(each -> value != null || !each.scored())
                    .filter(each -> Double.valueOf(1).equals(values.get(each.measure())))
                    .forEach(each -> counts.merge(each.measure(), 1L, Long::sum));
        }
        if (task.judged()) {
            List<Result> asked = part.stream()
                    .filter(result -> !result.questions().isEmpty())
                    .toList();
            counts.put(Score.JUDGE_ASKED, (long) asked.size());
            counts.put(
                    Score.JUDGE_FAILED,
                    asked.stream()
                            .filter(result -> result.judgements().failures() > 0)
                            .count());
        }
        Estimate estimate = Estimate.of(cells, task.over(reported)).times(100);
        return new Score(
                key,
                estimate.value(),
                estimate.standardError(),
                estimate.rows(),
                estimate.interval().low(),
                estimate.interval().high(),
                counts);
    }

    Outcomes outcomes(Key key, Reported reported, List<Result> part) {
        List<Result> valued = part.stream()
                .filter(result -> result.outcome().values().containsKey(reported.measure()))
                .toList();
        List<Double> weights = weights(valued, task.over(reported));
        List<String> ids = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < valued.size(); i++) {
            ids.add(valued.get(i).id());
            values.add(weights.get(i) * valued.get(i).outcome().values().get(reported.measure()));
        }
        return new Outcomes(key, ids, values);
    }

    /** What each row is multiplied by so that the plain mean over rows is the score: 1, unless subsets of unequal sizes weigh the same. */
    private static List<Double> weights(List<Result> rows, Mean over) {
        if (over == Mean.POOLED) {
            return Collections.nCopies(rows.size(), 1.0);
        }
        Map<String, Long> sizes = rows.stream().collect(Collectors.groupingBy(Result::subset, Collectors.counting()));
        return rows.stream()
                .map(row -> rows.size() / ((double) sizes.size() * sizes.get(row.subset())))
                .toList();
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
        String measure = task.reported().getFirst().measure();
        Double value = result.outcome().values().get(measure);
        if (value == null) {
            return "left out";
        }
        return value == 1 ? measure : "not " + measure;
    }
}
