package candor.generate;

import candor.text.StreamDecoder;
import java.util.List;

/**
 * Text as it is said, up to the first stop string. What may turn out to be the beginning of a stop string is held back, so
 * nothing of one is ever seen, however its letters are spread over tokens.
 */
final class TextStream {
    private final StreamDecoder decoder;
    private final List<String> stops;
    private final StringBuilder said = new StringBuilder();
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    /** @param stops none of them empty */
    TextStream(StreamDecoder decoder, List<String> stops) {
        this.decoder = decoder;
        this.stops = stops;
    }

    /** Takes the next token, and gives the text that is certain now. */
    String add(int token) {
        return stopped ? "" : take(decoder.add(token), false);
    }

    /** Takes the end, and gives what was held back. */
    String finish() {
        return stopped ? "" : take(decoder.finish(), true);
    }

    /** Whether a stop string came. */
    boolean stopped() {
        return stopped;
    }

    /** Everything that was given so far. */
    String text() {
        return said.toString();
    }

    private String take(String piece, boolean end) {
        held.append(piece);
        int certain = held.length();
        for (String stop : stops) {
            int found = held.indexOf(stop);
            if (found >= 0) {
                certain = Math.min(certain, found);
                stopped = true;
            }
        }
        if (!stopped && !end) {
            certain -= longestBeginning();
        }
        String text = held.substring(0, certain);
        held.delete(0, certain);
        said.append(text);
        return text;
    }

    /** Length of the longest end of the held text with which a stop string begins. */
    private int longestBeginning() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
