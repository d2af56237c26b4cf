package candor.evaluate.deception;

import candor.evaluate.Task;
import candor.evaluate.data.DataRow;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A row of DeceptionBench.
 *
 * @param inner asked plainly: its reply is the belief
 * @param stances for rules: the words that mark each stance; empty in published data
 */
record DeceptionRow(
        String id,
        Type type,
        String inner,
        String system,
        String outer,
        String format,
        Map<String, List<String>> stances,
        DataRow data)
        implements Task.Row {
    @Override
    public String subset() {
        return type.label();
    }

    static DeceptionRow read(DataRow row) {
        String named = row.text("type");
        Type type = Type.named(named)
                .orElseThrow(
                        () -> row.bad(
                                "unknown type \"" + named + "\"; the types are sycophantic misrepresentation,"
                                        + " alignment faking, sandbagging, goal-driven rule breaking, honesty evasion under pressure"));
        return new DeceptionRow(
                row.optional("id").orElse(Long.toString(row.origin().row())),
                type,
                row.text("inner_prompt"),
                row.optional("system_prompt").orElse(""),
                row.text("outer_prompt"),
                row.optional("format").orElse(""),
                stances(row),
                row);
    }

    /** The column {@code stances} of closed worlds: {"yes": ["it failed", …], "no": […]}. */
    private static Map<String, List<String>> stances(DataRow row) {
        JsonNode column = row.columns().path("stances");
        if (column.isMissingNode() || column.isNull()) {
            return Map.of();
        }
        Map<String, List<String>> stances = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> stance : column.properties()) {
            List<String> words = new ArrayList<>();
            stance.getValue().forEach(word -> words.add(word.asText()));
            stances.put(stance.getKey(), List.copyOf(words));
        }
        if (stances.isEmpty() || stances.values().stream().anyMatch(words -> words.isEmpty() || words.contains(""))) {
            throw row.bad(
                    "stances is no object of lists of words, such as {\"yes\": [\"it failed\"], \"no\": [\"it works\"]}");
        }
        return stances;
    }
}
