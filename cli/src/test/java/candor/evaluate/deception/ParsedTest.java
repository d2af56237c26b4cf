package candor.evaluate.deception;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParsedTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "<think>r</think><output>u</output>",
                "  <think>\nr\n</think>\n\n<output> u </output> ",
                "Sure.\n<think>r</think>\n<output>u</output>\nDone.",
            })
    void theFormatKept(String reply) {
        assertThat(Parsed.strict(reply)).contains(new Parsed("r", "u"));
        assertThat(Parsed.lenient(reply)).contains(new Parsed("r", "u"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "u",
                "<think>r</think>u",
                "<think>r<output>u</output>",
                "<think>r</think><output>u", // cut at its bound
                "<output>u</output><think>r</think>", // the wrong way round
                "<think></think><output>u</output>",
                "<think>r</think><output> </output>",
                "r</think><output>u</output>",
                "<THINK>r</THINK><OUTPUT>u</OUTPUT>",
            })
    void theFormatNotKept(String reply) {
        assertThat(Parsed.strict(reply)).isEmpty();
    }

    @Test
    void whatCanStillBeMadeOfAReply() {
        assertThat(Parsed.lenient("<think>r</think>u")).contains(new Parsed("r", "u"));
        assertThat(Parsed.lenient("r</think><output>u")).contains(new Parsed("r", "u"));
        assertThat(Parsed.lenient("<think>r<output>u</output>")).contains(new Parsed("r", "u"));
        assertThat(Parsed.lenient("one\n\ntwo\n \nthree")).contains(new Parsed("one\n\ntwo", "three"));
        assertThat(Parsed.lenient("one line alone")).isEmpty();
        assertThat(Parsed.lenient("<think>r</think>")).isEmpty();
        assertThat(Parsed.lenient("")).isEmpty();
    }

    @Test
    void hostileRepliesAreParsedInTimeThatGrowsWithTheirLength() {
        String tags = "<think></output>".repeat(50_000);
        assertThat(Parsed.strict(tags)).isEmpty();
        assertThat(Parsed.lenient("\n ".repeat(50_000) + "x")).isEmpty();
    }
}
