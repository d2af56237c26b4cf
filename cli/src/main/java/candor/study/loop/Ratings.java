package candor.study.loop;

import candor.study.user.SimulatedUser;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** How a rating is read from what a model said. */
final class Ratings {
    /** The replies that are ratings. */
    static final List<String> CHOICES =
            IntStream.rangeClosed(1, 10).mapToObj(String::valueOf).toList();

    private static final int LONGEST = 60;
    private static final Pattern RATING = Pattern.compile(
            "(?i)\\W*(?:(?:my )?rating|answer|score)?(?: is)?\\W*(10|[1-9])(?:\\.0)?(?:\\s*/\\s*10)?\\W*");

    private Ratings() {}

    /**
     * The rating; empty where the reply is none.
     *
     * @param choices probabilities of the {@link #CHOICES}, as far as they are known: where the reply is one of them, the
     *     rating is their expected value (Williams et al. 2024), which tells apart what whole numbers would tie
     */
    static OptionalDouble read(String text, Map<String, Double> choices) {
        String said = text.strip();
        double mass = choices.values().stream().mapToDouble(Double::doubleValue).sum();
        if (CHOICES.contains(said) && mass > 0) {
            double sum = 0;
            for (String choice : CHOICES) {
                sum += Integer.parseInt(choice) * choices.getOrDefault(choice, 0.0);
            }
            // Rounding must not lead out of the scale.
            return OptionalDouble.of(Math.clamp(sum / mass, SimulatedUser.LOWEST, SimulatedUser.HIGHEST));
        }
        if (said.length() > LONGEST) {
            return OptionalDouble.empty();
        }
        Matcher matcher = RATING.matcher(said);
        return matcher.matches() ? OptionalDouble.of(Integer.parseInt(matcher.group(1))) : OptionalDouble.empty();
    }
}
