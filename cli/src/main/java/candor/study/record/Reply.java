package candor.study.record;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A line of {@code replies.jsonl}: what a model said to one row.
 *
 * @param id of the row, as in {@link Outcomes}
 * @param system prompt; may be empty
 * @param prompt of the user
 * @param reply of the model
 * @param verdict what it was judged to be, such as "lie" or "honest"
 * @param detail how that came about; may be empty
 */
public record Reply(Key key, String id, String system, String prompt, String reply, String verdict, String detail) {
    /** Longer texts are cut when written, and the cut is marked: a study shows replies, it does not archive them. */
    public static final int MAX_CHARACTERS = 8000;

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        key.write(json);
        return json.put("id", id)
                .put("system", bounded(system))
                .put("prompt", bounded(prompt))
                .put("reply", bounded(reply))
                .put("verdict", bounded(verdict))
                .put("detail", bounded(detail));
    }

    static String bounded(String text) {
        int characters = text.codePointCount(0, text.length());
        return characters <= MAX_CHARACTERS
                ? text
                : text.substring(0, text.offsetByCodePoints(0, MAX_CHARACTERS)) + " […" + (characters - MAX_CHARACTERS)
                        + " characters cut]";
    }

    static Reply read(Fields fields) {
        return new Reply(
                Key.read(fields),
                fields.text("id"),
                fields.text("system"),
                fields.text("prompt"),
                fields.text("reply"),
                fields.text("verdict"),
                fields.text("detail"));
    }
}
