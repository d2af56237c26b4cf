package candor.evaluate.judge;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A row's judgements by the keys of its questions. */
public record Judgements(Map<String, Judgement> byKey) {
    public static final Judgements NONE = new Judgements(Map.of());

    /** The verdict of a question; empty where the judge failed, or was not asked. */
    public <V extends Verdict> Optional<V> verdict(String key, Class<V> kind) {
        Judgement judgement = byKey.get(key);
        return judgement == null ? Optional.empty() : judgement.verdict().map(kind::cast);
    }

    /** The verdicts of the questions whose keys begin so, in the order of their keys, without failures. */
    public <V extends Verdict> List<V> verdicts(String prefix, Class<V> kind) {
        return byKey.keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .sorted()
                .flatMap(key -> verdict(key, kind).stream())
                .toList();
    }

    /** How many questions the judge gave no verdict on. */
    public int failures() {
        return failures("");
    }

    /** How many of the questions whose keys begin so. */
    public int failures(String prefix) {
        return (int) byKey.entrySet().stream()
                .filter(judged -> judged.getKey().startsWith(prefix)
                        && judged.getValue().verdict().isEmpty())
                .count();
    }
}
