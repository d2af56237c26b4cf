package candor.evaluate;

import candor.evaluate.ask.Answer;
import java.util.List;
import java.util.Map;

/** A row's answers by the keys of what was asked. */
public record Answers(Map<String, Answer> byKey) {
    /** The text of a reply. */
    public String text(String key) {
        return reply(key).text();
    }

    public Answer.Reply reply(String key) {
        if (byKey.get(key) instanceof Answer.Reply reply) {
            return reply;
        }
        throw new IllegalStateException("no reply " + key + " among " + byKey.keySet());
    }

    public List<Double> logProbs(String key) {
        if (byKey.get(key) instanceof Answer.LogProbs logProbs) {
            return logProbs.values();
        }
        throw new IllegalStateException("no log-probabilities " + key + " among " + byKey.keySet());
    }
}
