package candor.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A README.md with the front matter that the Hub reads (huggingface.co/docs/hub/model-cards): lines of {@code key: value} between two of dashes. */
final class Card {
    private static final String FENCE = "---";

    private final List<String> front;
    private final List<String> rest;

    private Card(List<String> front, List<String> rest) {
        this.front = front;
        this.rest = rest;
    }

    static Card of(String text) {
        List<String> lines = text.lines().toList();
        int end = lines.isEmpty() || !lines.getFirst().strip().equals(FENCE)
                ? -1
                : lines.subList(1, lines.size()).indexOf(FENCE) + 1;
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

    /** The same with a text put for another wherever it stands. */
    Card replacing(String text, String by) {
        return new Card(
                front.stream().map(line -> line.replace(text, by)).toList(),
                rest.stream().map(line -> line.replace(text, by)).toList());
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
