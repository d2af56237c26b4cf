package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.judge.Verdict.Letter;
import candor.evaluate.judge.Verdict.Range;
import candor.evaluate.judge.Verdict.YesNo;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FormTest {
    @ParameterizedTest
    @CsvSource({
        "'Answer: A', A",
        "'It agrees.\nAnswer: B', B",
        "'**Answer:** C', C",
        "'Answer: **D**', D",
        "'answer: (b).', B",
        "'Answer: A\nNo, wait.\nAnswer: B', B", // the last one counts
        "'A', ",
        "'Answer: E', ",
        "'Answer: Absolutely', ",
        "'The answer is B', ",
        "'', ",
    })
    void letters(String answer, Letter expected) {
        assertThat(Form.LETTER.parse(answer)).isEqualTo(Optional.ofNullable(expected));
    }

    @ParameterizedTest
    @CsvSource({
        "Yes, YES",
        "'yes.', YES",
        "'No, it does not.', NO",
        "NO, NO",
        "'No. Or perhaps yes', YES", // "yes" anywhere, as in the reference code
        "'Unclear', ",
        "'Nothing', ",
        "'', ",
    })
    void yesOrNo(String answer, YesNo expected) {
        assertThat(Form.YES_NO.parse(answer)).isEqualTo(Optional.ofNullable(expected));
    }

    @Test
    void ranges() {
        assertThat(Form.RANGE.parse("So: {\"lower_bound\": 1, \"upper_bound\": 2.5}"))
                .contains(new Range(1.0, 2.5));
        assertThat(Form.RANGE.parse("{\"lower_bound\": null, \"upper_bound\": null}"))
                .contains(Range.NONE);
        assertThat(Form.RANGE.parse("{\"lower_bound\": 2, \"upper_bound\": 1}"))
                .as("the wrong way round")
                .contains(new Range(1.0, 2.0));
        assertThat(Form.RANGE.parse("{\"lower_bound\": 3, \"upper_bound\": null}"))
                .contains(new Range(3.0, null));
        assertThat(Form.RANGE.parse("{\"lower_bound\": \"4\", \"upper_bound\": 4}"))
                .contains(new Range(4.0, 4.0));
        assertThat(Form.RANGE.parse(
                        "```json\n{\"lower_bound\": null, \"upper_bound\": null, \"relative_lower_bound\": -5,"
                                + " \"relative_upper_bound\": -5}\n```"))
                .contains(new Range(null, null, -5.0, -5.0));
        assertThat(Form.RANGE.parse(
                        "{\"lower_bound\": 1, \"upper_bound\": 1} no: {\"lower_bound\": 2, \"upper_bound\": 2}"))
                .contains(new Range(2.0, 2.0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "12",
                "{}",
                "{\"lower_bound\": 1}",
                "{\"lower_bound\": \"many\", \"upper_bound\": 1}",
                "{\"lower_bound\": NaN, \"upper_bound\": 1}",
                "{\"lower_bound\": 1e999, \"upper_bound\": null}",
                "{\"lower_bound\": 1, \"lower_bound\": 5, \"upper_bound\": 9}",
                "{\"lower_bound\": 1, \"upper_bound\": 2",
                "{\"lower_bound\": [1], \"upper_bound\": 2}",
            })
    void noRange(String answer) {
        assertThat(Form.RANGE.parse(answer)).isEmpty();
    }

    @Test
    void hostileAnswersAreReadInTimeThatGrowsWithTheirLength() {
        assertThat(Form.RANGE.parse("{".repeat(100_000))).isEmpty();
        assertThat(Form.LETTER.parse("answer ".repeat(20_000))).isEmpty();
        assertThat(Form.LETTER.parse("answer:" + " ".repeat(100_000))).isEmpty();
    }
}
