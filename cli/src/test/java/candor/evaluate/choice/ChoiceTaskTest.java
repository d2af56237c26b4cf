package candor.evaluate.choice;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static candor.evaluate.TestRows.judged;
import static candor.evaluate.TestRows.replies;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import candor.BadInput;
import candor.evaluate.Answers;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.choice.ChoiceTask.Method;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChoiceTaskTest {
    private static final String ROW =
            "{'question':'2+2?','subject':'some_maths','choices':['3','4','5','6'],'answer':1}";

    @TempDir
    private Path folder;

    private static Settings settings(Method method, int shots, Path... development) {
        Settings given = given("method", method.name(), "num_fewshot", Integer.toString(shots));
        return development.length == 0
                ? given
                : given.with(
                        ChoiceBenchmark.DEVELOPMENT_DATA,
                        Stream.of(development).map(Path::toString).toArray(String[]::new));
    }

    private ChoiceTask mmlu(Method method, String... rows) {
        return new Mmlu().open(List.of(file(folder, "rows.jsonl", rows)), settings(method, 0));
    }

    @Test
    void theThreeLayoutsOfMmluGiveTheSameRow() {
        Path csv = file(folder, "all.csv", "Question,A,B,C,D,Answer,Subject", "2+2?,3,4,5,6,B,some_maths");
        Path headerless = file(folder, "some_maths_test.csv", "2+2?,3,4,5,6,B");
        for (ChoiceRow row : List.of(
                mmlu(Method.COT, ROW).rows().getFirst(),
                MmluData.read(List.of(csv)).getFirst(),
                MmluData.read(List.of(headerless)).getFirst())) {
            assertThat(row.question()).isEqualTo("2+2?");
            assertThat(row.options()).containsExactly("3", "4", "5", "6");
            assertThat(row.letter()).isEqualTo("B");
            assertThat(row.subset()).isEqualTo("some_maths");
        }
    }

    @Test
    void badRowsAreNamed() {
        assertThatThrownBy(() -> mmlu(Method.COT, ROW.replace(",'6'", "")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 1: choices is not a list of four options");
        assertThatThrownBy(() -> mmlu(Method.COT, ROW.replace(":1", ":4")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("neither A to D nor 0 to 3: 4");
        assertThatThrownBy(() -> mmlu(Method.COT, ROW.replace("question", "q")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no column \"question\" or \"Question\"");
        Path headerless = file(folder, "x_test.csv", "2+2?,3,4,5,6,B", "2+2?,3,4,5,6,E");
        assertThatThrownBy(() -> MmluData.read(List.of(headerless)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("x_test.csv, line 2");
        assertThat(mmlu(Method.COT, ROW).notes()).containsExactly("1 subjects, the published files have 57");
    }

    @Test
    void gpqaGoesAroundWithItsOptionsAndBeginsAtBcdaAsOpenCompassDoes() {
        String row = "{'Question':'q','Correct Answer':'right','Incorrect Answer 1':'w1','Incorrect Answer 2':'w2',"
                + "'Incorrect Answer 3':'w3'}";
        List<ChoiceRow> rows = GpqaData.read(List.of(file(folder, "gpqa.jsonl", row, row, row, row, row)));
        assertThat(rows)
                .extracting(ChoiceRow::options)
                .containsExactly(
                        List.of("w1", "w2", "w3", "right"),
                        List.of("w2", "w3", "right", "w1"),
                        List.of("w3", "right", "w1", "w2"),
                        List.of("right", "w1", "w2", "w3"),
                        List.of("w1", "w2", "w3", "right"));
        assertThat(rows).extracting(ChoiceRow::letter).containsExactly("D", "C", "B", "A", "D");
        assertThat(rows).allSatisfy(r -> assertThat(r.options().get(r.answer())).isEqualTo("right"));
        assertThatThrownBy(() -> GpqaData.read(List.of(file(folder, "bad.jsonl", row.replace("Answer 3", "Answer 4")))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("Incorrect Answer 3");
    }

    @ParameterizedTest
    @CsvSource({
        "'Because. ANSWER: B', 1",
        "'answer:d', 3",
        "'Answer : C.', 2",
        "'ANSWER: A or ANSWER: B', 0", // the first counts
        "'The answer is B', ",
        "'ANSWER: (B)', ",
        "'ANSWER: E', ",
        "'', ",
    })
    void theAnswerPattern(String reply, Integer expected) {
        assertThat(ChoiceTask.letter(reply)).isEqualTo(Optional.ofNullable(expected));
    }

    @Test
    void reasonedRepliesAreScoredAndUnansweredOnesAreWrong() {
        ChoiceTask task = mmlu(Method.COT, ROW);
        ChoiceRow row = task.rows().getFirst();
        assertThat(task.outcome(row, replies("answer", "4. ANSWER: B"), judged())
                        .values())
                .contains(entry("accuracy", 1.0), entry("accuracy_by_subject", 1.0), entry("answered", 1.0));
        assertThat(task.outcome(row, replies("answer", "ANSWER: C"), judged()).values())
                .contains(entry("accuracy", 0.0), entry("answered", 1.0));
        assertThat(task.outcome(row, replies("answer", "B"), judged()).values())
                .contains(entry("accuracy", 0.0), entry("answered", 0.0));
        Ask ask = task.asks(row).getFirst();
        assertThat(((Prompt.Chat) ask.prompt())
                        .conversation()
                        .messages()
                        .getFirst()
                        .content()
                        .toString())
                .endsWith("2+2?\nA. 3\nB. 4\nC. 5\nD. 6");
    }

    @Test
    void theSecondPromptSetHasTheShapeOfOpenCompass() {
        ChoiceTask task = new Mmlu().open(List.of(file(folder, "rows.jsonl", ROW)), given("prompt_set", "opencompass"));
        String prompt = ((Prompt.Chat)
                        task.asks(task.rows().getFirst()).getFirst().prompt())
                .conversation()
                .messages()
                .getFirst()
                .content()
                .toString();
        // One paragraph that says what the last line is to be, then the question, then the options behind brackets.
        assertThat(prompt).endsWith("\n\n2+2?\n\nA) 3\nB) 4\nC) 5\nD) 6").contains("'ANSWER: $LETTER'", "one of ABCD");
        assertThat(prompt.lines().count()).isEqualTo(8);
        assertThat(task.settings().path("prompt_set").asText()).isEqualTo("OPENCOMPASS");
    }

    private static Answers logProbs(Double... values) {
        return new Answers(Map.of("answer", new Answer.LogProbs(List.of(values))));
    }

    @Test
    void theLikeliestLetterCountsAndOfEqualsTheFirst() {
        ChoiceTask task = mmlu(Method.LOG_LIKELIHOOD, ROW);
        ChoiceRow row = task.rows().getFirst();
        assertThat(task.outcome(row, logProbs(-3.0, -1.0, -2.0, -4.0), judged()).values())
                .contains(entry("accuracy", 1.0))
                .doesNotContainKey("answered");
        assertThat(task.outcome(row, logProbs(-3.0, -1.0, -0.5, -4.0), judged()).values())
                .contains(entry("accuracy", 0.0));
        assertThat(ChoiceTask.mostProbable(List.of(-2.0, -1.0, -1.0, -3.0))).isOne();
        Ask.Score ask = (Ask.Score) task.asks(row).getFirst();
        assertThat(ask.continuations()).containsExactly(" A", " B", " C", " D");
        assertThat(((Prompt.Text) ask.prompt()).text())
                .isEqualTo("The following are multiple choice questions (with answers) about some maths.\n\n"
                        + "2+2?\nA. 3\nB. 4\nC. 5\nD. 6\nAnswer:");
    }

    @Test
    void examplesComeFromTheSameSubject() {
        Path data = file(folder, "rows.jsonl", ROW);
        Path dev = file(
                folder,
                "dev.jsonl",
                ROW.replace("2+2?", "other?").replace("some_maths", "law"),
                ROW.replace("2+2?", "1+3?"),
                ROW.replace("2+2?", "unused?"));
        ChoiceTask task = new Mmlu().open(List.of(data), settings(Method.LOG_LIKELIHOOD, 1, dev));
        assertThat(((Prompt.Text) task.asks(task.rows().getFirst()).getFirst().prompt()).text())
                .contains("1+3?\nA. 3\nB. 4\nC. 5\nD. 6\nAnswer: B\n\n2+2?")
                .doesNotContain("other?", "unused?");
        assertThatThrownBy(() -> new Mmlu().open(List.of(data), settings(Method.LOG_LIKELIHOOD, 3, dev)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("2 rows of some_maths, expected 3");
        assertThatThrownBy(() -> new Mmlu().open(List.of(data), settings(Method.LOG_LIKELIHOOD, 1)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("give the development split as fewshot_data");
        assertThatThrownBy(() -> new Mmlu().open(List.of(data), settings(Method.COT, 1, dev)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("chain of thought is zero-shot");
    }
}
