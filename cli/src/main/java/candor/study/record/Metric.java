package candor.study.record;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * What a study measures.
 *
 * @param subset of the task; "all" for the whole of it
 * @param label for people
 * @param unit such as "%"
 * @param chance of a guess to be right, where it is of capability; 0 where nothing can be guessed
 * @param about the fields that its rows are about, where they name them
 */
public record Metric(
        String task,
        String subset,
        String label,
        String unit,
        Better better,
        Kind kind,
        Optional<Double> chance,
        List<String> about) {
    public Metric {
        about = List.copyOf(about);
    }

    /** Behind the name of a task, for its score over the rows with a belief alone. */
    public static final String GIVEN_BELIEF = "_given_belief";

    /** Behind the name of a task, for its mean over all rows beside that over subjects. */
    public static final String POOLED = "_pooled";

    /** Its key in study.json; it says no more than the data does, so studies are told apart without it. */
    static final String ABOUT = "about";

    /** One that guessing has no part in. */
    public Metric(String task, String subset, String label, String unit, Better better, Kind kind) {
        this(task, subset, label, unit, better, kind, Optional.empty());
    }

    /** One whose rows name no field. */
    public Metric(
            String task, String subset, String label, String unit, Better better, Kind kind, Optional<Double> chance) {
        this(task, subset, label, unit, better, kind, chance, List.of());
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
        if (!about.isEmpty()) {
            ArrayNode fields = json.putArray(ABOUT);
            about.forEach(fields::add);
        }
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
                fields.optionalNumber("chance"),
                fields.node().has(ABOUT) ? fields.texts(ABOUT) : List.of());
    }
}
