package candor.study.record;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;

/**
 * A line of {@code evaluation/outcomes.jsonl}: the rows behind a {@link Score}, whose value is 100 times the mean of theirs (of a mean
 * over subjects, such as MMLU's, each row's value has its subject's weight in it).
 * Rows without a part in the score (a reply that broke the format, say) are left out.
 *
 * @param ids of the rows, each once; a row has the same id in every arm and under every seed
 * @param values of the rows, in their order
 */
public record Outcomes(Key key, List<String> ids, List<Double> values) {
    public Outcomes {
        ids = List.copyOf(ids);
        values = List.copyOf(values);
        if (ids.size() != values.size()) {
            throw new IllegalArgumentException(ids.size() + " ids of " + values.size() + " rows");
        }
        if (new HashSet<>(ids).size() != ids.size()) {
            throw new IllegalArgumentException("a row appears twice in the outcomes of " + key);
        }
        if (values.stream().anyMatch(value -> !Double.isFinite(value))) {
            throw new IllegalArgumentException("a row of " + key + " has no value");
        }
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        key.write(json);
        ArrayNode idList = json.putArray("ids");
        ids.forEach(idList::add);
        ArrayNode valueList = json.putArray("values");
        for (double value : values) {
            if (value == Math.rint(value)) {
                valueList.add((long) value); // nearly all are 0 or 1
            } else {
                valueList.add(value);
            }
        }
        return json;
    }

    static Outcomes read(Fields fields) {
        Key key = Key.read(fields);
        List<String> ids = fields.texts("ids");
        List<Double> values = fields.numbers("values");
        if (ids.size() != values.size()) {
            throw fields.bad("has " + ids.size() + " ids and " + values.size() + " values");
        }
        if (new HashSet<>(ids).size() != ids.size()) {
            throw fields.bad("names a row twice in ids");
        }
        return new Outcomes(key, ids, values);
    }
}
