package candor.evaluate.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The column {@code stances} of closed worlds, by which rules tell what a text says; published data has none. */
public final class Stances {
    private Stances() {}

    /** The words that mark each stance: {"yes": ["it failed", …], "no": […]}; empty where there is no such column. */
    public static Map<String, List<String>> of(DataRow row) {
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
