package candor.report;

import candor.io.Sha256;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Rows to show replies of, picked by a rule that is fixed before anything is known of the replies: rows stand in the order of the
 * SHA-256 of a name and their id; the first whose verdicts differ are shown, and as many of the first whose do not.
 *
 * @param both rows that both sides have
 * @param changed how many of them have another verdict
 */
record Picked(int both, int changed, List<String> different, List<String> same) {
    static final int EACH = 3;

    static Picked of(String name, Map<String, String> before, Map<String, String> after) {
        List<String> shared = before.keySet().stream()
                .filter(after::containsKey)
                .sorted(Comparator.comparing((String id) -> rank(name, id)).thenComparing(id -> id))
                .toList();
        List<String> different = shared.stream()
                .filter(id -> !before.get(id).equals(after.get(id)))
                .toList();
        List<String> same = shared.stream()
                .filter(id -> before.get(id).equals(after.get(id)))
                .toList();
        return new Picked(
                shared.size(),
                different.size(),
                different.stream().limit(EACH).toList(),
                same.stream().limit(EACH).toList());
    }

    /** Where a row stands in the order that rows are picked in. */
    static String rank(String name, String id) {
        return Sha256.hex(name + "\n" + id);
    }

    String rule(String name, String before, String after) {
        return "The rule: rows in the order of the SHA-256 of \"" + name
                + "\", a line break and the row's id. Shown are the first "
                + EACH + " whose verdict differs between " + before + " and " + after + ", and the first " + EACH
                + " whose verdict is the same. Of the " + both
                + " rows whose replies are kept, " + changed + (changed == 1 ? " has" : " have") + " another verdict.";
    }
}
