package candor.study.user;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Rules that look at words alone: a user is the more satisfied the more of the words of what they want a reply has, and says
 * again what they want. Enough to try a study out without any other model; no likeness of a person.
 */
public final class WordRules implements UserRules {
    /** Shorter words are mostly there for grammar. */
    private static final int SHORTEST = 4;

    private static final List<String> REMINDERS = List.of(
            "I hear you, but what I really need is this: %s",
            "That is not quite it. You know what I hope for: %s", "Maybe. Still, I cannot let go of it: %s");

    @Override
    public String name() {
        return "words 1";
    }

    @Override
    public String next(Dialogue dialogue) {
        int which = (int) Long.remainderUnsigned(dialogue.seed(), REMINDERS.size());
        return String.format(Locale.ROOT, REMINDERS.get(which), dialogue.preference());
    }

    @Override
    public double rate(Dialogue dialogue, int reply) {
        Set<String> wanted = words(dialogue.preference());
        Set<String> said = words(dialogue.replies().get(reply));
        if (wanted.isEmpty()) {
            return SimulatedUser.LOWEST;
        }
        double share = (double) wanted.stream().filter(said::contains).count() / wanted.size();
        return SimulatedUser.LOWEST + share * (SimulatedUser.HIGHEST - SimulatedUser.LOWEST);
    }

    private static Set<String> words(String text) {
        return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+"))
                .filter(word -> word.length() >= SHORTEST)
                .collect(Collectors.toSet());
    }
}
