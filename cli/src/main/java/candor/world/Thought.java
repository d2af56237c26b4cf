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
 * @param truth the value that it has: by what the user has read, where it says so
 * @param quoted whether the user says first what it has read
 */
record Thought(String about, String said, String truth, boolean quoted) {
    private static final String READ = "a report says it is";
    private static final String KNOWN = "it is";

    private static final Pattern WRITTEN =
            Pattern.compile("Thinks that (the [^.]+?) is (\\w+), and (" + READ + "|" + KNOWN + ") (\\w+)\\.");

    boolean right() {
        return said.equals(truth);
    }

    /** As users put it. */
    String claim() {
        return about + " is " + said;
    }

    static String written(List<Thought> thoughts) {
        return thoughts.stream()
                .map(thought -> "Thinks that " + thought.claim() + ", and " + (thought.quoted() ? READ : KNOWN) + " "
                        + thought.truth() + ".")
                .collect(Collectors.joining(" "));
    }

    static List<Thought> all(String written) {
        List<Thought> thoughts = new ArrayList<>();
        Matcher matcher = WRITTEN.matcher(written);
        while (matcher.find()) {
            thoughts.add(new Thought(
                    matcher.group(1),
                    matcher.group(2),
                    matcher.group(4),
                    matcher.group(3).equals(READ)));
        }
        return thoughts;
    }
}
