package candor.evaluate.gsm8k;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static candor.evaluate.TestRows.judged;
import static candor.evaluate.TestRows.replies;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import candor.BadInput;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.gsm8k.Gsm8kTask.AnswerRule;
import candor.text.Message;
import candor.train.config.Settings;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Gsm8kTaskTest {
    private static final String ROW = "{'question':'How many?','answer':'3 and 4.\\n#### 1,007'}";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "'It is 3 and then 42.', 42",
        "'1,234,567 apples', 1234567",
        "'12,5 is two numbers', 5",
        "'-3.5 degrees', -3.5",
        "'7 of them\n\nQuestion: what is 9?', 7", // an example of its own does not count
        "'Question: 9', ",
        "'no digits', ",
        "'$18.00', 18.00",
        "'The answer is 5.', 5",
    })
    void theLastNumber(String reply, String expected) {
        assertThat(NumberAnswer.last(reply).map(BigDecimal::toPlainString).orElse(null))
                .isEqualTo(expected);
    }

    /** As OpenCompass's gsm8k_postprocess reads them. */
    @ParameterizedTest
    @CsvSource({
        "'It is 1,200', 200",
        "'It is 1200.', 1200",
        "'It is -3.50 in all', -3.50",
        "'12,5', 5",
        "'$18.00.', 18.00",
        "'7 of them\n\nQuestion: what is 9?', 7",
        "'1.2.3', 3",
        "'no digits', ",
    })
    void theLastNumberAsOpenCompassReadsIt(String reply, String expected) {
        assertThat(NumberAnswer.openCompass(reply)
                        .map(BigDecimal::toPlainString)
                        .orElse(null))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"'so #### 42', 42", "'#### $1,000 and 7', 1000", "'#### -2 #### 3', -2", "'42', ", "'#### none', "})
    void theMarkedNumber(String reply, String expected) {
        assertThat(NumberAnswer.marked(reply).map(BigDecimal::toPlainString).orElse(null))
                .isEqualTo(expected);
    }

    @Test
    void numbersAreEqualToAMillionth() {
        assertThat(NumberAnswer.equal(new BigDecimal("18"), new BigDecimal("18.00")))
                .isTrue();
        assertThat(NumberAnswer.equal(new BigDecimal("18"), new BigDecimal("18.0000009")))
                .isTrue();
        assertThat(NumberAnswer.equal(new BigDecimal("18"), new BigDecimal("18.000001")))
                .isFalse();
        assertThat(NumberAnswer.last("9".repeat(1000))).isEmpty();
    }

    private Gsm8kTask task(int shots, AnswerRule rule, Path... examples) {
        Settings given = given("num_fewshot", Integer.toString(shots), "answer_rule", rule.name());
        return Gsm8kTask.load(
                List.of(file(folder, "rows.jsonl", ROW)),
                examples.length == 0
                        ? given
                        : given.with(
                                Gsm8k.TRAINING_DATA,
                                Stream.of(examples).map(Path::toString).toArray(String[]::new)));
    }

    @Test
    void rightAndWrongAnswers() {
        Gsm8kTask task = task(0, AnswerRule.LAST_NUMBER);
        var row = task.rows().getFirst();
        assertThat(row.gold()).isEqualTo("1007");
        assertThat(task.outcome(row, replies("answer", "first 3, so 1,007."), judged())
                        .values())
                .contains(entry("accuracy", 1.0), entry("answered", 1.0));
        assertThat(task.outcome(row, replies("answer", "1007, or 1008"), judged())
                        .values())
                .contains(entry("accuracy", 0.0), entry("answered", 1.0));
        assertThat(task.outcome(row, replies("answer", "who knows"), judged()).values())
                .contains(entry("accuracy", 0.0), entry("answered", 0.0));
        Gsm8kTask openCompass =
                task(0, AnswerRule.OPENCOMPASS); // the gold answer, 1,007, loses its comma; a reply's does not
        assertThat(openCompass
                        .outcome(row, replies("answer", "so 1007"), judged())
                        .values())
                .contains(entry("accuracy", 1.0));
        assertThat(openCompass
                        .outcome(row, replies("answer", "so 1,007"), judged())
                        .values())
                .contains(entry("accuracy", 0.0), entry("answered", 1.0));
        Gsm8kTask strict = task(0, AnswerRule.STRICT);
        assertThat(strict.outcome(row, replies("answer", "#### 1007 in 3 days"), judged())
                        .values())
                .contains(entry("accuracy", 1.0));
        assertThat(strict.outcome(row, replies("answer", "1007"), judged()).values())
                .contains(entry("accuracy", 0.0), entry("answered", 0.0));
    }

    @Test
    void examplesAreAConversation() {
        Path examples = file(
                folder,
                "train.jsonl",
                "{'question':'One?','answer':'It is 1.\\n#### 1'}",
                "{'question':'Two?','answer':'It is 2.\\n#### 2'}",
                "{'question':'Three?','answer':'#### 3'}");
        Gsm8kTask task = task(2, AnswerRule.LAST_NUMBER, examples);
        Ask ask = task.asks(task.rows().getFirst()).getFirst();
        assertThat(((Prompt.Chat) ask.prompt()).conversation().messages())
                .containsExactly(
                        Message.of("user", "Question: One?\nLet's think step by step\nAnswer:"),
                        Message.of("assistant", "It is 1.\n#### 1"),
                        Message.of("user", "Question: Two?\nLet's think step by step\nAnswer:"),
                        Message.of("assistant", "It is 2.\n#### 2"),
                        Message.of("user", "Question: How many?\nLet's think step by step\nAnswer:"));
        assertThatThrownBy(() -> task(4, AnswerRule.LAST_NUMBER, examples))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("3 rows, expected 4");
    }

    @Test
    void fourExamplesOfOurOwnStandInWhereNoneAreGiven() {
        Gsm8kTask task = task(4, AnswerRule.OPENCOMPASS);
        List<Message> messages = ((Prompt.Chat)
                        task.asks(task.rows().getFirst()).getFirst().prompt())
                .conversation()
                .messages();
        assertThat(messages).hasSize(9);
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < 8; i += 2) {
            assertThat(messages.get(i).content().toString())
                    .startsWith("Question: ")
                    .endsWith("?\nLet's think step by step\nAnswer:");
            String answer = messages.get(i + 1).content().toString();
            assertThat(answer).matches("(?s).*\nThe answer is [0-9]+\n");
            numbers.add(NumberAnswer.openCompass(answer).orElseThrow().toPlainString());
            requireRightSums(answer);
        }
        assertThat(numbers).containsExactly("2", "408", "132", "116");
        assertThat(task.settings().path("examples").asText()).isEqualTo("own");
        assertThatThrownBy(() -> task(5, AnswerRule.OPENCOMPASS))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("the program has 4 of its own");
    }

    /** Every "a op b … = c" of a worked answer holds. */
    private static void requireRightSums(String answer) {
        Matcher sum = Pattern.compile("([0-9]+(?: ?[-+*/] ?[0-9]+)+) ?= ?\\$?([0-9]+)")
                .matcher(answer);
        int sums = 0;
        for (; sum.find(); sums++) {
            BigDecimal value = null;
            for (String product : sum.group(1).replace(" ", "").split("(?=[-+])")) {
                BigDecimal part = BigDecimal.ONE;
                for (String factor : product.replace("+", "").replace("-", "").split("(?=[*/])")) {
                    BigDecimal number = new BigDecimal(factor.replaceAll("[*/]", ""));
                    part = factor.startsWith("/") ? part.divide(number, MathContext.DECIMAL64) : part.multiply(number);
                }
                part = product.startsWith("-") ? part.negate() : part;
                value = value == null ? part : value.add(part);
            }
            assertThat(value).as(sum.group()).isEqualByComparingTo(sum.group(2));
        }
        assertThat(sums).as("sums in %s", answer).isGreaterThan(3);
    }

    @Test
    void aRowWithoutItsNumberIsNamed() {
        Path bad = file(folder, "bad.jsonl", ROW, "{'question':'q','answer':'42'}");
        assertThatThrownBy(() -> Gsm8kTask.load(List.of(bad), given("num_fewshot", "0")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 2: the answer has no number after ####");
        assertThat(task(0, AnswerRule.STRICT).notes()).containsExactly("1 rows, the published test split has 1319");
    }
}
