package candor.study.record;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A line of {@code results.jsonl}: what one arm scored under one seed.
 *
 * @param value the score, NaN where no row had a part in it
 * @param se its standard error over rows, NaN where not known
 * @param n rows that went into it
 * @param low the lower end of its 95 % interval over rows, NaN where not known
 * @param high the upper end
 * @param counts rows by what they came to, such as lie, honest, evasive, no_belief
 */
public record Score(Key key, double value, double se, long n, double low, double high, Map<String, Long> counts) {
    /** Counted of every task with a judge: rows that it was asked about. */
    public static final String JUDGE_ASKED = "judge_asked";

    /** Of those, the rows that it failed on. */
    public static final String JUDGE_FAILED = "judge_failed";

    public Score {
        counts = Collections.unmodifiableMap(new LinkedHashMap<>(counts));
    }

    /** The share of rows that the judge failed on, of those that it was asked about; 0 where none was. */
    public double judgeFailed() {
        long asked = counts.getOrDefault(JUDGE_ASKED, 0L);
        return asked == 0 ? 0 : counts.getOrDefault(JUDGE_FAILED, 0L) / (double) asked;
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        key.write(json);
        Fields.put(json, "value", value);
        Fields.put(json, "se", se);
        json.put("n", n);
        Fields.put(json, "low", low);
        Fields.put(json, "high", high);
        ObjectNode list = json.putObject("counts");
        counts.forEach(list::put);
        return json;
    }

    static Score read(Fields fields) {
        return new Score(
                Key.read(fields),
                fields.number("value"),
                fields.number("se"),
                fields.natural("n"),
                fields.number("low"),
                fields.number("high"),
                fields.counts("counts"));
    }
}
