package candor.study.record;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What a study measures.
 *
 * @param subset of the task; "all" for the whole of it
 * @param label for people
 * @param unit such as "%"
 */
public record Metric(String task, String subset, String label, String unit, Better better, Kind kind) {
    /** Which way is good. */
    public enum Better {
        HIGHER,
        LOWER
    }

    /** What a metric speaks of. */
    public enum Kind {
        HONESTY,
        DECEPTION,
        CAPABILITY
    }

    ObjectNode json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("task", task)
                .put("subset", subset)
                .put("label", label)
                .put("unit", unit)
                .put("better", Fields.word(better))
                .put("kind", Fields.word(kind));
    }

    static Metric read(Fields fields) {
        return new Metric(
                fields.text("task"),
                fields.text("subset"),
                fields.text("label"),
                fields.text("unit"),
                fields.word("better", Better.class),
                fields.word("kind", Kind.class));
    }
}
