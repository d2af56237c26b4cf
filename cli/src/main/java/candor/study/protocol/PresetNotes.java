package candor.study.protocol;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the values of a preset come from, as its comments say: "# READ" or "# GUESSED" behind a value, with a remark of its own or that
 * of the last line "# READ: …" or "# GUESSED: …" that stands alone above it.
 */
final class PresetNotes {
    private static final Pattern ALONE = Pattern.compile("\\s*# (READ|GUESSED): (.*)");
    private static final Pattern KEY = Pattern.compile("( *)([a-z0-9_]+):(.*)");
    private static final Pattern MARK = Pattern.compile(".*\\s# (READ|GUESSED)(?:[:;,] *(.*))?");

    private final Map<String, String> notes = new HashMap<>();

    /** Reads the comments of a preset of ours, whose values each stand on one line. */
    PresetNotes(List<String> lines) {
        Map<String, String> sources = new HashMap<>(Map.of("GUESSED", "not in the paper"));
        Deque<String> path = new ArrayDeque<>();
        for (String line : lines) {
            Matcher alone = ALONE.matcher(line);
            Matcher key = KEY.matcher(line);
            if (alone.matches()) {
                sources.put(alone.group(1), alone.group(2));
            } else if (key.matches()) {
                while (path.size() > key.group(1).length() / 2) {
                    path.removeLast();
                }
                path.addLast(key.group(2));
                note(String.join(".", path), key.group(3), sources);
            }
        }
    }

    private void note(String key, String rest, Map<String, String> sources) {
        Matcher mark = MARK.matcher(rest);
        if (mark.matches()) {
            String word = mark.group(1);
            String remark = mark.group(2);
            String source = sources.get(word);
            boolean read = word.equals("READ");
            // What was read has a place beside its remark; a guess's remark is its reason.
            notes.put(key, word + ": " + (remark == null ? source : read ? source + "; " + remark : remark));
        }
    }

    /** "READ: …" or "GUESSED: …"; null for a key without a mark. */
    String of(String key) {
        return notes.get(key);
    }
}
