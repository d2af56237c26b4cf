package candor.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the text of special tokens inside other text.
 *
 * <p>The tokenizer takes such text for the token itself, so a user who types {@code <|eot_id|>} would end the turn.
 */
final class SpecialText {
    private final Map<Character, List<String>> byFirst = new HashMap<>();

    SpecialText(List<String> tokens) {
        tokens.forEach(token ->
                byFirst.computeIfAbsent(token.charAt(0), c -> new ArrayList<>()).add(token));
    }

    Optional<String> find(String text) {
        for (Map.Entry<Character, List<String>> entry : byFirst.entrySet()) {
            for (int i = text.indexOf(entry.getKey()); i >= 0; i = text.indexOf(entry.getKey(), i + 1)) {
                for (String token : entry.getValue()) {
                    if (text.startsWith(token, i)) {
                        return Optional.of(token);
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** The same in every string of a JSON value, keys included. */
    Optional<String> findIn(Object value) {
        return switch (value) {
            case String s -> find(s);
            case List<?> list ->
                list.stream().map(this::findIn).flatMap(Optional::stream).findFirst();
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(e -> findIn(e.getKey()).or(() -> findIn(e.getValue())))
                        .flatMap(Optional::stream)
                        .findFirst();
            case null, default -> Optional.empty();
        };
    }
}
