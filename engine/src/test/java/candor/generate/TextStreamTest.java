package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;

import candor.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TextStreamTest {
    private static final String TEXT =
            "It is 42 units. Ask a professional first; añb 日本 🙂 I am not certain. ENDEN END.";

    private static final Tokenizer TOKENIZER =
            Tokenizer.load(Path.of(System.getProperty("candor.goldens"), "llama3", "model"));

    @Test
    void theTextEndsBeforeTheFirstStopHoweverItsLettersAreSpread() {
        assertThat(said("It is 42 units", "xx", "42")).containsExactly("It is ", "true");
        assertThat(said("It is 42 units", "units and")).containsExactly("It is 42 units", "false");
        // "ENDEN" begins like "END.", turns out not to be, and its end is the beginning of the next.
        assertThat(said("ENDENEND.", "END.")).containsExactly("ENDEN", "true");
        assertThat(said("aab", "ab", "aab")).containsExactly("", "true");
        assertThat(said("日本 🙂 x", "🙂")).containsExactly("日本 ", "true");
    }

    @Test
    void nothingThatMayBeAStopIsEverSeen() {
        SplittableRandom random = new SplittableRandom(11);
        int[] tokens = TOKENIZER.encode(TEXT, false);
        for (int round = 0; round < 300; round++) {
            List<String> stops = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                int from = random.nextInt(TEXT.length() - 4);
                String stop = TEXT.substring(from, from + 1 + random.nextInt(4));
                if (stop.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE)) {
                    stops.add(random.nextBoolean() ? stop : stop + "~");
                }
            }
            int end = stops.stream()
                    .mapToInt(TEXT::indexOf)
                    .filter(i -> i >= 0)
                    .min()
                    .orElse(TEXT.length());
            TextStream stream = new TextStream(TOKENIZER.streamDecoder(true), stops);
            StringBuilder seen = new StringBuilder();
            for (int token : tokens) {
                seen.append(stream.add(token));
                assertThat(end).as("%s: %s", stops, seen).isGreaterThanOrEqualTo(seen.length());
            }
            seen.append(stream.finish());
            assertThat(seen.toString()).as("%s", stops).isEqualTo(TEXT.substring(0, end));
            assertThat(stream.text()).isEqualTo(seen.toString());
            assertThat(stream.stopped()).isEqualTo(end < TEXT.length());
        }
    }

    @Test
    void withoutStopsNothingIsHeldBack() {
        TextStream stream = new TextStream(TOKENIZER.streamDecoder(true), List.of());
        assertThat(stream.add(TOKENIZER.encode("It", false)[0])).isNotEmpty();
    }

    /** What is said of a text, and whether a stop was met. */
    private static List<String> said(String text, String... stops) {
        TextStream stream = new TextStream(TOKENIZER.streamDecoder(true), List.of(stops));
        StringBuilder said = new StringBuilder();
        for (int token : TOKENIZER.encode(text, false)) {
            said.append(stream.add(token));
        }
        said.append(stream.finish());
        return List.of(said.toString(), String.valueOf(stream.stopped()));
    }
}
