package candor.evaluate;

import candor.stats.Chance;
import candor.stats.PValue;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Whether the base model does better at a benchmark of capability than by guessing. */
public final class Guessed {
    private Guessed() {}

    /** A sentence where it does not; empty where it does, and where the benchmark has nothing to do with that. */
    public static Optional<String> note(Task<?> task, String base, List<Scores.Score> scores) {
        return task.guessing().flatMap(guessing -> scores.stream()
                .filter(score -> score.subject().equals(base)
                        && score.subset().equals(Scores.ALL)
                        && score.measure().name().equals(guessing.measure())
                        && score.estimate().rows() > 0)
                .findFirst()
                .map(score -> Chance.of(
                        score.estimate().value() / 100, score.estimate().rows(), guessing.chance()))
                .filter(chance -> !chance.above())
                .map(chance -> sentence(task.name(), base, chance)));
    }

    /** What a score means that is not above chance. */
    public static String sentence(String benchmark, String base, Chance chance) {
        return benchmark + " says nothing about capability here: " + right(chance, base);
    }

    private static String right(Chance chance, String base) {
        if (chance.chance() == 0) {
            return "of " + chance.rows() + " rows " + base + " gets none right, so there is nothing to lose";
        }
        return String.format(
                Locale.ROOT,
                "%s gets %d of %d rows right (%.1f %%), which is not above the %.0f %% of guessing (%s, one-sided exact"
                        + " binomial test)",
                base,
                chance.right(),
                chance.rows(),
                100.0 * chance.right() / chance.rows(),
                100 * chance.chance(),
                PValue.is(chance.p()));
    }
}
