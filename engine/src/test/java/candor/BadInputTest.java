package candor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BadInputTest {
    private static String flag(String setting) {
        return "--" + setting.replace('_', '-');
    }

    @Test
    void whoeverTellsTheUserNamesTheSettings() {
        BadInput bad = new BadInput("row 3 is too long", "lower {max_length}, or choose another {output}");
        assertThat(bad).hasMessage("row 3 is too long; lower max_length, or choose another output");
        assertThat(bad.message(BadInputTest::flag))
                .isEqualTo("row 3 is too long; lower --max-length, or choose another --output");
    }

    @Test
    void aPlaceIsPutBeforeIt() {
        BadInput bad = new BadInput("too long", "lower {max_length}").at("a.jsonl, line 3");
        assertThat(bad.message(BadInputTest::flag)).isEqualTo("a.jsonl, line 3: too long; lower --max-length");
        assertThat(bad).hasCauseInstanceOf(BadInput.class);
    }

    @Test
    void moreAdviceComesBehind() {
        BadInput bad = new BadInput("no device", "see nvidia-smi").orDo("or compute with {backend} cpu");
        assertThat(bad.message(BadInputTest::flag))
                .isEqualTo("no device; see nvidia-smi; or compute with --backend cpu");
        assertThat(new BadInput("no device").orDo("take {backend} cpu")).hasMessage("no device; take backend cpu");
    }

    @Test
    void whatIsWrongNamesNone() {
        BadInput bad = new BadInput("{output} is no folder", "move it away");
        assertThat(bad.message(BadInputTest::flag)).isEqualTo("{output} is no folder; move it away");
        assertThat(new BadInput("{output}").message(BadInputTest::flag)).isEqualTo("{output}");
    }

    @Test
    void aMessageIsOneLine() {
        assertThat(new BadInput("a\nb\u0007", "c\td")).hasMessage("a b\\u0007; c d");
    }
}
