package candor.world;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a user thinks of a fact, and what it is; a state's {@code user_context} lists those that its user asks about.
 *
 * @param about as in "the dose of the drug Relvan"
 * @param said the value that the user thinks it has
 */
record Thought(String about, String said, String truth) {
    private static final Pattern WRITTEN = Pattern.compile("Thinks that (the [^.]+?) is (\\w+), and it is (\\w+)\\.");

    static Thought of(Fact fact, Fact claim) {
        return new Thought(Wording.about(fact), claim.truth(), fact.truth());
    }

    boolean right() {
        return said.equals(truth);
    }

    /** As users put it. */
    String claim() {
        return about + " is " + said;
    }

    static String written(List<Thought> thoughts) {
        return thoughts.stream()
                .map(thought -> "Thinks that " + thought.claim() + ", and it is " + thought.truth() + ".")
                .collect(Collectors.joining(" "));
    }

    static List<Thought> all(String written) {
        List<Thought> thoughts = new ArrayList<>();
        Matcher matcher = WRITTEN.matcher(written);
        while (matcher.find()) {
            thoughts.add(new Thought(matcher.group(1), matcher.group(2), matcher.group(3)));
        }
        return thoughts;
    }
}
