package candor.hub;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** What rows are for, by the words that files and folders of data sets have for it; the first words that are there count. */
public enum Split {
    TRAIN(List.of(Words.TRAIN)),
    /** Rows that training is watched by. */
    VALIDATION(List.of(Words.VALIDATION, Words.TEST)),
    /** Rows of a benchmark. */
    TEST(List.of(Words.TEST, Words.VALIDATION));

    /** As the library datasets knows them (huggingface.co/docs/datasets/repository_structure). */
    private static final class Words {
        static final Set<String> TRAIN = Set.of("train", "training");
        static final Set<String> VALIDATION = Set.of("validation", "valid", "val", "dev");
        static final Set<String> TEST = Set.of("test", "testing", "eval", "evaluation");
    }

    private final List<Set<String>> words;

    Split(List<Set<String>> words) {
        this.words = words;
    }

    /** Of paths, those of this split; empty where none has its words. */
    List<String> of(List<String> paths) {
        return words.stream()
                .map(set -> paths.stream().filter(path -> says(path, set)).toList())
                .filter(found -> !found.isEmpty())
                .findFirst()
                .orElse(List.of());
    }

    /** Whether a path has the words of any split. */
    static boolean saysAny(String path) {
        return Stream.of(Words.TRAIN, Words.VALIDATION, Words.TEST).anyMatch(set -> says(path, set));
    }

    private static boolean says(String path, Set<String> set) {
        return Stream.of(path.toLowerCase(Locale.ROOT).split("[^a-z]+")).anyMatch(set::contains);
    }
}
