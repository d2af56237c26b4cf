package candor.evaluate.inspect;

import candor.evaluate.Result;
import candor.evaluate.Task;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.judge.Judgement;
import candor.evaluate.judge.Question;
import candor.evaluate.judge.Verdict;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/**
 * A row under one seed as a sample: the answer that people are shown first as its conversation, its scores with what the judge said,
 * and everything else that was asked as metadata.
 */
final class InspectSample<R extends Task.Row> {
    /** The roles that messages have there. */
    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    private final InspectLog.Evaluation<R> evaluation;
    private final Result result;
    private final R row;
    private final InspectHeader<R> header;

    InspectSample(InspectLog.Evaluation<R> evaluation, Result result, R row, InspectHeader<R> header) {
        this.evaluation = evaluation;
        this.result = result;
        this.row = row;
        this.header = header;
    }

    ObjectNode json() {
        Ask ask = shown();
        ObjectNode sample = JsonNodeFactory.instance.objectNode();
        sample.put("id", result.id()).put("epoch", header.epoch(result.seed()));
        if (ask.prompt() instanceof Prompt.Text(String text)) {
            sample.put("input", text);
        } else {
            sample.set("input", messages(ask.prompt()));
        }
        if (ask instanceof Ask.Score score) {
            ArrayNode choices = sample.putArray("choices");
            score.continuations().forEach(choices::add);
        }
        sample.put("target", evaluation.task().target(row));
        ArrayNode messages = messages(ask.prompt());
        messages.add(reply(ask));
        sample.set("messages", messages);
        sample.set("output", output(ask));
        sample.set("scores", scores());
        sample.set("metadata", metadata(ask));
        sample.putObject("store");
        sample.putArray("events");
        sample.putObject("model_usage");
        sample.put("uuid", header.id() + "-" + result.seed() + "-" + result.id());
        sample.putObject("attachments");
        return sample;
    }

    private Ask shown() {
        return result.asks().stream()
                .filter(ask -> ask.key().equals(evaluation.shown()))
                .findFirst()
                .orElse(result.asks().getFirst());
    }

    private static ArrayNode messages(Prompt prompt) {
        ArrayNode messages = JsonNodeFactory.instance.arrayNode();
        switch (prompt) {
            case Prompt.Text(String text) ->
                messages.addObject().put("role", "user").put("content", text);
            case Prompt.Chat(var conversation) -> {
                for (Message message : conversation.messages()) {
                    String role = String.valueOf(message.fields().get("role"));
                    messages.addObject()
                            .put("role", ROLES.contains(role) ? role : "user")
                            .put("content", String.valueOf(message.fields().get("content")));
                }
            }
        }
        messages.forEach(message -> ((ObjectNode) message).put("source", "input"));
        return messages;
    }

    private ObjectNode reply(Ask ask) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("role", Message.ASSISTANT)
                .put("content", text(ask))
                .put("source", "generate")
                .put("model", header.model());
    }

    /** What the model said, or the likeliest of what it was to choose from. */
    private String text(Ask ask) {
        return switch (result.answers().byKey().get(ask.key())) {
            case Answer.Reply reply -> reply.text();
            case Answer.LogProbs given -> {
                List<Double> values = given.values();
                int best = 0;
                for (int i = 1; i < values.size(); i++) {
                    best = values.get(i) > values.get(best) ? i : best;
                }
                yield ((Ask.Score) ask).continuations().get(best);
            }
            case Answer.Unfit unfit -> throw new IllegalStateException(unfit.why());
        };
    }

    private ObjectNode output(Ask ask) {
        ObjectNode output = JsonNodeFactory.instance.objectNode().put("model", header.model());
        ObjectNode choice = output.putArray("choices").addObject();
        choice.set("message", reply(ask));
        String finish = result.answers().byKey().get(ask.key()) instanceof Answer.Reply reply ? reply.finish() : "";
        choice.put(
                "stop_reason",
                switch (finish) {
                    case "stop" -> "stop";
                    case "length" -> "max_tokens";
                    default -> "unknown";
                });
        return output.put("completion", text(ask));
    }

    /** The judge's words stand beside the score that sentences go by and the benchmark's own, and nowhere twice more. */
    private ObjectNode scores() {
        ObjectNode scores = JsonNodeFactory.instance.objectNode();
        String first = evaluation.task().measures().getFirst().name();
        String headline = evaluation.task().headline().measure();
        String explanation = explanation();
        for (Task.Measure measure : evaluation.task().measures()) {
            Double value = result.outcome().values().get(measure.name());
            if (value == null) {
                continue;
            }
            ObjectNode score = scores.putObject(measure.name()).put("value", value);
            evaluation.task().extracted(result.outcome()).ifPresent(text -> score.put("answer", text));
            boolean explained = measure.name().equals(first) || measure.name().equals(headline);
            if (explained && !explanation.isEmpty()) {
                score.put("explanation", explanation);
            }
        }
        return scores;
    }

    /** Each question to the judge, what it decided, and what it said. */
    private String explanation() {
        StringBuilder text = new StringBuilder();
        for (Question question : result.questions()) {
            Judgement judgement = result.judgements().byKey().get(question.key());
            text.append(text.isEmpty() ? "" : "\n\n")
                    .append(question.key())
                    .append(" (")
                    .append(question.template())
                    .append("): ")
                    .append(judgement.verdict().map(Verdict::text).orElse("no verdict: " + judgement.failure()));
            judgement.raw().forEach(raw -> text.append("\n").append(raw));
        }
        return text.toString();
    }

    private ObjectNode metadata(Ask shown) {
        ObjectNode metadata = JsonNodeFactory.instance
                .objectNode()
                .put("subset", result.subset())
                .put("seed", result.seed())
                .put("row_sha256", result.rowHash());
        metadata.set("outcome", result.outcome().details());
        ArrayNode others = metadata.putArray("also_asked");
        for (Ask ask : result.asks()) {
            if (ask == shown && !(ask instanceof Ask.Score)) {
                continue;
            }
            ObjectNode other = others.addObject().put("key", ask.key());
            other.set("messages", messages(ask.prompt()));
            other.put("reply", text(ask));
            if (ask instanceof Ask.Score score
                    && result.answers().byKey().get(ask.key()) instanceof Answer.LogProbs given) {
                ObjectNode logProbs = other.putObject("log_probs");
                for (int i = 0; i < given.values().size(); i++) {
                    logProbs.put(score.continuations().get(i), given.values().get(i));
                }
            }
        }
        metadata.set("row", row.data().columns());
        return metadata;
    }
}
