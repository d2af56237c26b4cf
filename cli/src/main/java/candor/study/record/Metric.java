package candor.study.record;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * What a study measures.
 *
 * @param subset of the task; "all" for the whole of it
 * @param label for people
 * @param unit such as "%"
 * @param chance of a guess to be right, where it is of capability; 0 where nothing can be guessed
 */
public record Metric(
        String task, String subset, String label, String unit, Better better, Kind kind, Optional<Double> chance) {
    /** Behind the name of a task, for its score over the rows with a belief alone. */
    public static final String GIVEN_BELIEF = "_given_belief";

    /** Behind the name of a task, for its mean over all rows beside that over subjects. */
    public static final String POOLED = "_pooled";

    /** One that guessing has no part in. */
    public Metric(String task, String subset, String label, String unit, Better better, Kind kind) {
        this(task, subset, label, unit, better, kind, Optional.empty());
    }

    /** Which way is good. */
    public enum Better {
        HIGHER,
        LOWER
    }

    /** What a metric speaks of. */
    public enum Kind {
        HONESTY,
        DECEPTION,
        CAPABILITY,
        /** A benchmark's own score as it was published, where verdicts go by another: for published numbers beside it. */
        OWN_SCORE
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("task", task)
                .put("subset", subset)
                .put("label", label)
                .put("unit", unit)
                .put("better", Fields.word(better))
                .put("kind", Fields.word(kind));
        chance.ifPresent(share -> json.put("chance", share));
        return json;
    }

    static Metric read(Fields fields) {
        return new Metric(
                fields.text("task"),
                fields.text("subset"),
                fields.text("label"),
                fields.text("unit"),
                fields.word("better", Better.class),
                fields.word("kind", Kind.class),
                fields.optionalNumber("chance"));
    }
}
