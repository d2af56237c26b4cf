package candor.evaluate;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.judge.Judgement;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.evaluate.judge.Verdict;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * All that happened to a row under one seed and one subject.
 *
 * @param rowHash SHA-256 of the row's data
 */
public record Result(
        long seed,
        String subject,
        String id,
        String subset,
        String rowHash,
        List<Ask> asks,
        Answers answers,
        List<Question> questions,
        Judgements judgements,
        Outcome outcome) {
    /** A line of results.jsonl. */
    ObjectNode json() {
        ObjectNode line = JsonNodeFactory.instance
                .objectNode()
                .put("seed", seed)
                .put("subject", subject)
                .put("id", id)
                .put("subset", subset)
                .put("row_sha256", rowHash);
        ArrayNode asked = line.putArray("answers");
        for (Ask ask : asks) {
            ObjectNode one = asked.addObject().put("key", ask.key());
            one.set("prompt", Written.prompt(ask.prompt()));
            switch (answers.byKey().get(ask.key())) {
                case Answer.Reply reply ->
                    one.put("reply", reply.text()).put("finish", reply.finish()).put("tokens", reply.tokens());
                case Answer.LogProbs logProbs -> {
                    ArrayNode values = one.putArray("log_probs");
                    logProbs.values().forEach(values::add);
                }
                case Answer.Unfit unfit -> throw new IllegalStateException(unfit.why());
            }
        }
        ArrayNode judged = line.putArray("judgements");
        for (Question question : questions) {
            Judgement judgement = judgements.byKey().get(question.key());
            ObjectNode one = judged.addObject().put("key", question.key()).put("prompt", question.template());
            one.put("verdict", judgement.verdict().map(Verdict::text).orElse(null));
            ArrayNode raw = one.putArray("raw");
            judgement.raw().forEach(raw::add);
            if (!judgement.failure().isEmpty()) {
                one.put("failure", judgement.failure());
            }
        }
        line.set("outcome", outcome.details());
        ObjectNode values = line.putObject("values");
        outcome.values().forEach(values::put);
        return line;
    }
}
