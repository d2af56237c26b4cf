package candor.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.GoldenFolders;
import candor.generate.Completion;
import candor.generate.Sampling;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short way in says what the long ways say. */
class ChatModelTest {
    private static final Path CASE = GoldenFolders.folder("qwen3");
    private static final Path MODEL = CASE.resolve("model");
    private static final Path ADAPTER = CASE.resolve("adapter");

    private static final String ROWS = """
        {"messages": [{"role": "user", "content": "Does it hold?"}, {"role": "assistant", "content": "It does."}]}
        {"messages": [{"role": "user", "content": "Red or blue?"}, {"role": "assistant", "content": "Blue, I think."}]}
        """;

    @TempDir
    private Path folder;

    @Test
    void aReplyDependsOnItsQuestionAlone() throws IOException {
        Path chats = Files.writeString(folder.resolve("chats.jsonl"), ROWS);
        List<Question> questions = new ArrayList<>();
        for (String text : List.of("Does it hold?", "Red or blue?", "Who was it, then, and why did they go?")) {
            questions.add(Question.of(text));
            questions.add(Question.of(text).to("tuned"));
            questions.add(Question.of(text).to("again"));
        }
        try (ChatModel model =
                cpu().adapter("tuned", ADAPTER).adapter("again", ADAPTER).open()) {
            assertThat(model.names()).containsExactly("base", "tuned", "again");
            List<Completion> together = model.reply(questions, 9);
            for (int i = 0; i < questions.size(); i++) {
                assertThat(model.reply(questions.subList(i, i + 1), 9)
                                .getFirst()
                                .tokens())
                        .containsExactly(together.get(i).tokens());
            }
            // The same adapter in two slots.
            assertThat(together.get(1).tokens()).containsExactly(together.get(2).tokens());
            assertThat(model.score("tuned", chats).loss())
                    .isEqualTo(model.score("again", chats).loss());
            assertThat(model.score("tuned", chats).loss())
                    .isNotEqualTo(model.score("base", chats).loss());
            Collections.reverse(questions);
            assertThat(model.reply(questions, 9).getLast().tokens())
                    .containsExactly(together.getFirst().tokens());
            // Draws differ from place to place, and are the same again.
            List<Question> twice = List.of(Question.of("Does it hold?"), Question.of("Does it hold?"));
            Sampling hot = new Sampling(5, 0, 1, 1, 7);
            List<Completion> drawn = model.reply(twice, 9, hot);
            assertThat(drawn.get(0).tokens()).isNotEqualTo(drawn.get(1).tokens());
            assertThat(model.reply(twice, 9, hot).get(1).tokens())
                    .containsExactly(drawn.get(1).tokens());
        }
    }

    @Test
    void scoresAreTheLossesOfTraining() throws IOException {
        Path rows = Files.writeString(
                folder.resolve("rows.jsonl"), ROWS.lines().findFirst().orElseThrow() + "\n");
        Tuned tuned = Tuning.sft()
                .model(MODEL)
                .data(rows)
                .output(folder.resolve("run"))
                .set("max_steps", 3)
                .set("eval_data", rows)
                .set("eval_steps", 3)
                .set("learning_rate", 1e-3)
                .set("backend", "cpu")
                .run();
        assertThat(tuned).isEqualTo(new Tuned(folder.resolve("run").resolve("adapter"), 3, true));
        List<String> lines = Files.readAllLines(folder.resolve("run").resolve("metrics.jsonl"));
        double evaluated = Double.NaN;
        for (String line : lines) {
            JsonNode metrics = JsonMapper.builder().build().readTree(line);
            evaluated = metrics.has("eval_loss") ? metrics.get("eval_loss").doubleValue() : evaluated;
        }
        try (ChatModel model = cpu().adapter(folder.resolve("run")).open()) {
            Score score = model.score("run", rows);
            assertThat(score.loss()).isCloseTo(evaluated, within(1e-6));
            assertThat(score.loss())
                    .isLessThan(model.score(ChatModel.BASE, rows).loss());
        }
    }

    @Test
    void rowsDoNotChangeEachOthersScores() throws IOException {
        Path both = Files.writeString(folder.resolve("both.jsonl"), ROWS);
        try (ChatModel model = cpu().adapter("tuned", ADAPTER).open()) {
            Score score = model.score("tuned", both);
            assertThat(score.rows()).isEqualTo(2);
            List<String> lines = ROWS.lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                Path one = Files.writeString(folder.resolve("one" + i + ".jsonl"), lines.get(i) + "\n");
                Score alone = model.score("tuned", one);
                assertThat(alone.logProbs()[0]).isEqualTo(score.logProbs()[i]).isNegative();
                assertThat(alone.tokens()[0]).isEqualTo(score.tokens()[i]).isPositive();
            }
        }
    }

    @Test
    void whatIsWrongIsSaidInALine() throws IOException {
        Path rows = Files.writeString(folder.resolve("rows.jsonl"), ROWS);
        assertThatThrownBy(() -> cpu().adapter("a", ADAPTER).adapter("a", ADAPTER))
                .isInstanceOf(BadInput.class)
                .hasMessage(ADAPTER + ": another adapter is called a already; give it a name of its own");
        assertThatThrownBy(() -> ChatModel.of(folder).open()).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> cpu().adapter(folder).open()).isInstanceOf(BadInput.class);
        try (ChatModel model = cpu().positions(8).open()) {
            assertThatThrownBy(() -> model.reply(List.of(Question.of("?").to("nobody")), 1))
                    .hasMessage("nobody: there is no such adapter here; take one of base");
            assertThatThrownBy(() -> model.reply(List.of(Question.of("A long question, for eight tokens.")), 1))
                    .isInstanceOf(BadInput.class)
                    .hasMessageMatching("question 1 takes \\d+ tokens, and there are 8 positions; open the model with"
                            + " more, if its own limit allows");
            assertThatThrownBy(() -> model.score("base", rows))
                    .isInstanceOf(BadInput.class)
                    .hasMessageMatching(
                            ".*rows.jsonl, line 1: the row takes \\d+ tokens, and there are 8 positions; .*");
        }
        assertThatThrownBy(() -> Tuning.sft().set("learning_rat", 1).run())
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("Tuning: learning_rat: ")
                .hasMessageContaining("learning_rate");
        assertThatThrownBy(() -> Tuning.sft()
                        .model(MODEL)
                        .data(rows)
                        .output(folder.resolve("bad"))
                        .set("learning_rate", "fast")
                        .run())
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("Tuning: learning_rate: must be");
    }

    private static ChatModel.Opening cpu() {
        return ChatModel.of(MODEL).backend("cpu").threads(1);
    }
}
