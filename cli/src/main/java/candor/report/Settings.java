package candor.report;

import candor.report.html.DataTable;
import candor.report.html.Visible;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Settings of whatever shape as a table: a nested name is joined with dots. */
final class Settings {
    /** More than any of our records has; a bound for a stranger's. */
    private static final int MOST = 400;

    private static final int LONGEST = 400;

    record Setting(String name, String value) {}

    private Settings() {}

    static List<Setting> flat(JsonNode node) {
        List<Setting> settings = new ArrayList<>();
        collect("", node, settings);
        return settings;
    }

    private static void collect(String name, JsonNode node, List<Setting> settings) {
        if (settings.size() >= MOST) {
            return;
        }
        if (node.isObject() && !node.isEmpty()) {
            node.properties()
                    .forEach(e ->
                            collect(name.isEmpty() ? e.getKey() : name + "." + e.getKey(), e.getValue(), settings));
        } else if (node.isArray() && !node.isEmpty() && !node.get(0).isValueNode()) {
            for (int i = 0; i < node.size(); i++) {
                collect(name + "[" + i + "]", node.get(i), settings);
            }
        } else if (!node.isMissingNode()) {
            settings.add(new Setting(Visible.cut(name, LONGEST), Visible.cut(value(node), LONGEST)));
        }
    }

    private static String value(JsonNode node) {
        if (node.isArray()) {
            List<String> values = new ArrayList<>();
            node.forEach(each -> values.add(value(each)));
            return String.join(", ", values);
        }
        return node.isNull() || node.isObject() ? Words.UNKNOWN : node.asText();
    }

    static DataTable table(String caption, JsonNode node) {
        DataTable table = new DataTable(caption, 2, List.of("Setting", "Value"));
        flat(node).forEach(setting -> table.row(setting.name(), setting.value()));
        return table;
    }
}
