package candor.evaluate.judge;

import java.util.List;
import java.util.Map;

/**
 * A question to a judge.
 *
 * @param key unique within the row
 * @param template the name of the prompt that asks it of a model
 * @param fields what the prompt's placeholders stand for; rules look at them too
 * @param facts what only rules look at, such as the words that mark a stance
 * @param form of the answer
 */
public record Question(
        String key, String template, Map<String, String> fields, Map<String, List<String>> facts, Form form) {
    public Question {
        fields = Map.copyOf(fields);
        facts = Map.copyOf(facts);
    }
}
