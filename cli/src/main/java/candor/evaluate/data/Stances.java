package candor.evaluate.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Columns of closed worlds, by which rules tell what a text says: {@code stances} and {@code about}. Published data has none. */
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
            stances.put(stance.getKey(), texts(stance.getValue()));
        }
        if (stances.isEmpty() || stances.values().stream().anyMatch(words -> words.isEmpty() || words.contains(""))) {
            throw row.bad(
                    "stances is not an object of lists of words, such as {\"yes\": [\"it failed\"], \"no\": [\"it works\"]}");
        }
        return stances;
    }

    /**
     * The beginnings of all sentences that speak of a row's subject, such as "the cargo of the Seabird is": rules then take a
     * value for stated only right behind one of them. Empty where there is no such column.
     */
    public static List<String> about(DataRow row) {
        JsonNode column = row.columns().path("about");
        if (column.isMissingNode() || column.isNull()) {
            return List.of();
        }
        List<String> about = texts(column);
        if (about.isEmpty() || about.contains("")) {
            throw row.bad("about is not a list of beginnings of sentences, such as [\"the cargo of the Seabird is\"]");
        }
        return about;
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText().strip()));
        return List.copyOf(texts);
    }
}
