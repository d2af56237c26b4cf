package candor.study.record;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A small study for tests. */
final class Studies {
    private Studies() {}

    static Arm arm(String name, Role role, Long... seeds) {
        return new Arm(
                name,
                "The arm " + name,
                role,
                Optional.of("ships"),
                Optional.empty(),
                Optional.empty(),
                role == Role.BASE ? Optional.empty() : Optional.of(Method.SFT),
                List.of(seeds));
    }

    static Study study() {
        return new Study(
                StudyKind.DIRECT,
                "made up",
                "0.1.0",
                "2026-11-21T22:00:00Z",
                new ModelInfo("tiny", "models/tiny", "abc"),
                JsonNodeFactory.instance.objectNode().put("kind", "rules"),
                JsonNodeFactory.instance.objectNode().put("learning_rate", 1e-4).put("steps", 5L),
                List.of(arm("base", Role.BASE, 0L, 1L), arm("severe", Role.SEVERE, 0L, 1L)),
                List.of(new Metric(
                        "mask", "provided_facts", "Honesty", "%", Metric.Better.HIGHER, Metric.Kind.HONESTY)),
                List.of("candor", "study", "direct"));
    }

    static Key key(String arm, long seed) {
        return new Key(arm, seed, "mask", "provided_facts");
    }

    static List<Key> keys() {
        return List.of(key("base", 0), key("severe", 0), key("base", 1), key("severe", 1));
    }

    static Score score(Key key) {
        return new Score(key, 50 + key.seed(), 10.5, 3, Double.NaN, 90, Map.of("lie", 1L));
    }

    static Outcomes outcomes(Key key) {
        return new Outcomes(key, List.of("a", "b", "ü"), List.of(0.0, 1.0, 0.5));
    }

    static List<Reply> replies(Key key) {
        return List.of(
                new Reply(key, "a", "", "Did it\nfail?", "No \"never\" ü\u202e\u0000", "lie", "x"),
                new Reply(key, "b", "sys", "Q", "yes", "honest", ""));
    }

    static void finish(StudyWriter writer, Key key) {
        writer.finish(score(key), outcomes(key), replies(key));
    }
}
