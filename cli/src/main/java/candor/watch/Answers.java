package candor.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Answers that are kept as they come, of models and of judges: the files of a {@link candor.evaluate.ask.AnswerCache}. */
final class Answers {
    /** More files than processes work at one study. */
    private static final int MOST_FILES = 256;

    private static final int SHOWN = 8;

    private final Path folder;
    private final Map<Path, Tail> tails = new TreeMap<>();
    private final Map<Path, Long> counts = new TreeMap<>();
    private final Deque<String> texts = new ArrayDeque<>();

    Answers(Path folder) {
        this.folder = folder;
    }

    void read(long until) {
        for (Path file : files()) {
            tails.computeIfAbsent(file, _ -> new Tail(file, true, line -> take(file, line), () -> counts.remove(file)))
                    .read(until);
        }
    }

    private List<Path> files() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.getFileName().toString().matches("answers-[0-9]+\\.jsonl"))
                    .limit(MOST_FILES)
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            return List.copyOf(tails.keySet());
        }
    }

    private void take(Path file, ObjectNode line) {
        counts.merge(file, 1L, Long::sum);
        JsonNode text = line.path("answer").path("text");
        if (text.isTextual()) {
            texts.addFirst(Shown.text(text.textValue()));
            while (texts.size() > SHOWN) {
                texts.removeLast();
            }
        }
    }

    long count() {
        return counts.values().stream().mapToLong(each -> each).sum();
    }

    /** The last ones, the newest first; those of several files in no order. */
    List<String> texts() {
        return new ArrayList<>(texts);
    }

    /** When the last one came. */
    Instant last() {
        return new Life(List.copyOf(tails.keySet()), () -> false).last();
    }
}
