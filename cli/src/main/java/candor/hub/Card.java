package candor.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A README.md with the front matter that the Hub reads (huggingface.co/docs/hub/model-cards): lines of {@code key: value} between two of dashes. */
final class Card {
    private static final String FENCE = "---";
    private static final String BASE = "base_model:";

    private final List<String> front;
    private final List<String> rest;

    private Card(List<String> front, List<String> rest) {
        this.front = front;
        this.rest = rest;
    }

    static Card of(String text) {
        List<String> lines = text.lines().toList();
        List<String> bare = lines.stream().map(String::stripTrailing).toList();
        int end = bare.isEmpty() || !bare.getFirst().equals(FENCE)
                ? -1
                : bare.subList(1, bare.size()).indexOf(FENCE) + 1;
        return end < 1
                ? new Card(List.of(), lines)
                : new Card(lines.subList(1, end), lines.subList(end + 1, lines.size()));
    }

    /** The value of a key that has it on its own line. */
    Optional<String> value(String key) {
        return front.stream()
                .filter(line -> line.startsWith(key + ":"))
                .map(line -> line.substring(key.length() + 1).strip().replaceAll("^[\"']|[\"']$", ""))
                .filter(value -> !value.isEmpty())
                .findFirst();
    }

    /** Whether a key is there, with a value or a list below it. */
    boolean has(String key) {
        return front.stream().anyMatch(line -> line.startsWith(key + ":"));
    }

    /** The same with one more key. */
    Card with(String key, String value) {
        List<String> more = new ArrayList<>(front);
        more.add(key + ": " + value);
        return new Card(more, rest);
    }

    /**
     * The same with another name of the base, where it is named and nowhere else: a folder may be called as a word is. In front that is
     * the value of {@code base_model}, the list below it, and the tag; in the text what stands in quotes, or, of a path, by itself.
     */
    Card renaming(String base, String by) {
        String word = Pattern.quote(base);
        Pattern value = Pattern.compile("(?<=[\\s\"':])" + word + "(?=[\"']?\\s*$)");
        Pattern said = Pattern.compile(
                base.contains("/") ? "(?<![\\w./-])" + word + "(?![\\w/-])" : "(?<=[`\"'])" + word + "(?=[`\"'])");
        String other = Matcher.quoteReplacement(by);
        List<String> changed = new ArrayList<>();
        boolean below = false;
        for (String line : front) {
            below = line.startsWith(BASE) || (below && line.strip().startsWith("-"));
            changed.add(below || line.contains(BASE) ? value.matcher(line).replaceAll(other) : line);
        }
        return new Card(
                changed,
                rest.stream().map(line -> said.matcher(line).replaceAll(other)).toList());
    }

    String text() {
        StringBuilder text = new StringBuilder();
        if (!front.isEmpty()) {
            text.append(FENCE).append('\n');
            front.forEach(line -> text.append(line).append('\n'));
            text.append(FENCE).append('\n');
        }
        rest.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }
}
