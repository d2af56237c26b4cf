package candor.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;

/** This call of the program as a line for a shell, to be given again. */
final class Again {
    private static final String KEPT = "what was done is kept; continue with: ";
    private static final String RESUME = "--resume";

    private Again() {}

    /** For work that begins anew: "nothing was written; start again with: …", the same command. */
    static String anew(CommandSpec spec) {
        return "nothing was written; start again with: " + line(arguments(spec));
    }

    /** For work that goes on by itself: "what was done is kept; continue with: …", the same command. */
    static String same(CommandSpec spec) {
        return KEPT + line(arguments(spec));
    }

    /** As {@link #same}, with {@code --resume}; from a certain step only the first time, and by force no longer. */
    static String resuming(CommandSpec spec) {
        List<String> words = new ArrayList<>();
        String before = "";
        for (String word : arguments(spec)) {
            boolean step = before.equals(RESUME) && (word.matches("step-\\d+|true|false"));
            if (!step && !word.equals(RESUME) && !word.startsWith(RESUME + "=") && !word.equals("--force")) {
                words.add(word);
            }
            before = word;
        }
        words.add(RESUME);
        return KEPT + line(words);
    }

    private static List<String> arguments(CommandSpec spec) {
        return spec.root().commandLine().getParseResult().originalArgs();
    }

    private static String line(List<String> arguments) {
        List<String> words = new ArrayList<>(arguments);
        words.addFirst(System.getProperty("candor.program", "./candor"));
        return words.stream().map(Again::quoted).collect(Collectors.joining(" "));
    }

    /** As a shell takes it for one word. */
    private static String quoted(String word) {
        return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
