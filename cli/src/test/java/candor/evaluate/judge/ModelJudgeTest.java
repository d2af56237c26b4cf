package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.Verdict.YesNo;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelJudgeTest {
    @TempDir
    private Path folder;

    private final List<ChatModel.Request> asked = new ArrayList<>();

    /** A model that answers by a function of the last message. */
    private ChatModel model(String name, Function<String, ChatModel.Reply> answers) {
        return new ChatModel() {
            @Override
            public ObjectNode identity() {
                return JsonNodeFactory.instance.objectNode().put("model", name);
            }

            @Override
            public void complete(List<Request> requests, Sink sink) {
                for (int i = 0; i < requests.size() && !sink.stopped(); i++) {
                    asked.add(requests.get(i));
                    sink.replied(
                            i,
                            answers.apply(requests.get(i).messages().getLast().text()));
                }
            }

            @Override
            public void close() {}
        };
    }

    private ModelJudge judge(Function<String, ChatModel.Reply> answers) {
        return new ModelJudge(model("m", answers), Prompts.builtIn(), AnswerCache.in(folder), 3, 500);
    }

    private static Question question(String response) {
        return new Question(
                "k",
                "deception-j1",
                Map.of("inner_prompt", "i", "outer_prompt", "o", "belief", "b", "response", response),
                Map.of(),
                Form.YES_NO);
    }

    private static ChatModel.Reply text(String text) {
        return new ChatModel.Reply.Text(text);
    }

    @Test
    void aMalformedAnswerIsAskedForAgainWithAWordOnItsForm() {
        Judgement judgement = judge(last -> text(last.startsWith("Your answer is neither") ? "Yes" : "Hm."))
                .judge(List.of(question("r")))
                .getFirst();
        assertThat(judgement.verdict()).contains(YesNo.YES);
        assertThat(judgement.raw()).containsExactly("Hm.", "Yes");
        assertThat(asked).hasSize(2);
        assertThat(asked.get(1).messages())
                .extracting(Turn::role)
                .containsExactly("system", "user", "assistant", "user");
        assertThat(asked.get(1).messages().get(2).text()).isEqualTo("Hm.");
    }

    @Test
    void afterAllAttemptsTheJudgeHasFailedAndThatIsPaidForOnce() {
        for (int run = 0; run < 2; run++) {
            Judgement judgement =
                    judge(last -> text("Hm.")).judge(List.of(question("r"))).getFirst();
            assertThat(judgement.verdict()).isEmpty();
            assertThat(judgement.failure()).isEqualTo("malformed after 3 attempts");
            assertThat(judgement.raw()).containsExactly("Hm.", "Hm.", "Hm.");
        }
        assertThat(asked).hasSize(3);
    }

    @Test
    void anEmptyAnswerIsNoneAndIsAskedForAnewTheNextTime() {
        Judgement judgement =
                judge(last -> text("")).judge(List.of(question("r"))).getFirst();
        assertThat(judgement.verdict()).isEmpty();
        assertThat(judgement.failure()).isEqualTo("empty after 3 attempts");
        assertThat(judge(last -> text("No"))
                        .judge(List.of(question("r")))
                        .getFirst()
                        .verdict())
                .contains(YesNo.NO);
        Judgement refused = judge(last -> new ChatModel.Reply.Text("", Map.of(), "refused"))
                .judge(List.of(question("s")))
                .getFirst();
        assertThat(refused.failure()).isEqualTo("no text: refused");
        assertThat(refused.raw()).hasSize(1);
    }

    private static ChatModel.Reply cut(String text) {
        return new ChatModel.Reply.Text(text, Map.of(), ChatModel.Reply.Text.LENGTH);
    }

    /** Whatever a cut answer holds so far, here a yes that would have been taken back, it is no verdict. */
    @Test
    void anAnswerThatWasCutIsAskedForOnceMoreWithMoreRoom() {
        Judgement judgement = judge(last -> asked.size() == 1 ? cut("One might say yes, but") : text("No"))
                .judge(List.of(question("r")))
                .getFirst();
        assertThat(judgement.verdict()).contains(YesNo.NO);
        assertThat(asked).extracting(ChatModel.Request::maxTokens).containsExactly(500, 2000);
        assertThat(asked.get(1).messages()).isEqualTo(asked.get(0).messages());
    }

    @Test
    void aJudgeThatThoughtAllTheWayGetsTheRoomOfOne() {
        judge(last -> asked.size() == 1 ? cut("") : text("No")).judge(List.of(question("r")));
        judge(last -> asked.size() == 3 ? cut("<think>yes or") : text("No")).judge(List.of(question("s")));
        assertThat(asked).extracting(ChatModel.Request::maxTokens).containsExactly(500, 4096, 500, 4096);
    }

    @Test
    void anAnswerThatIsCutTwiceIsAFailureAndPaidForOnce() {
        for (int run = 0; run < 2; run++) {
            Judgement judgement =
                    judge(last -> cut("Yes, yes")).judge(List.of(question("r"))).getFirst();
            assertThat(judgement.verdict()).isEmpty();
            assertThat(judgement.failure()).isEqualTo("cut at 2000 tokens, though it had more room");
            assertThat(judgement.raw()).containsExactly("Yes, yes", "Yes, yes");
        }
        assertThat(asked).hasSize(2);
    }

    /** The cut one counts apart: it still has its attempts at the form. */
    @Test
    void aCutAnswerTakesNoAttempt() {
        String[] answers = {"Well", "Hm.", "Hm.", "Yes"};
        Judgement judgement = judge(last -> asked.size() == 1 ? cut(answers[0]) : text(answers[asked.size() - 1]))
                .judge(List.of(question("r")))
                .getFirst();
        assertThat(judgement.verdict()).contains(YesNo.YES);
        assertThat(asked).extracting(ChatModel.Request::maxTokens).containsExactly(500, 2000, 2000, 2000);
    }

    @Test
    void whatWasOnlyThoughtIsNoAnswer() {
        Judgement judgement = judge(last -> text("<think>Is it yes? No.</think>\nNo"))
                .judge(List.of(question("r")))
                .getFirst();
        assertThat(judgement.verdict()).contains(YesNo.NO);
        assertThat(ModelJudge.tokens(java.util.Optional.empty(), java.util.Optional.empty(), 1024))
                .isEqualTo(1024);
        assertThat(ModelJudge.tokens(java.util.Optional.empty(), java.util.Optional.of("low"), 500))
                .isEqualTo(4096);
        assertThat(ModelJudge.tokens(java.util.Optional.of(900), java.util.Optional.of("low"), 500))
                .isEqualTo(900);
    }

    @Test
    void aSecondEvaluationAsksNothing() {
        assertThat(judge(last -> text("No")).judge(List.of(question("r"), question("s"))))
                .allMatch(judgement -> judgement.verdict().orElseThrow() == YesNo.NO);
        assertThat(asked).hasSize(2);
        assertThat(judge(last -> text("Yes")).judge(List.of(question("s"), question("r"))))
                .allMatch(judgement -> judgement.verdict().orElseThrow() == YesNo.NO);
        assertThat(asked).hasSize(2);
    }

    @Test
    void theSameQuestionInOneListIsAskedOnce() {
        List<Judgement> judgements = judge(last -> text("Yes")).judge(List.of(question("r"), question("r")));
        assertThat(judgements)
                .hasSize(2)
                .allMatch(judgement -> judgement.verdict().isPresent());
        assertThat(asked).hasSize(1);
    }

    @Test
    void anotherModelOrPromptIsAnotherQuestion() throws IOException {
        judge(last -> text("Yes")).judge(List.of(question("r")));
        new ModelJudge(model("other", last -> text("Yes")), Prompts.builtIn(), AnswerCache.in(folder), 3, 500)
                .judge(List.of(question("r")));
        assertThat(asked).hasSize(2);
        Path prompts = Files.createDirectory(folder.resolve("prompts"));
        Files.writeString(prompts.resolve("deception-j1.txt"), "{{belief}} {{response}}?");
        new ModelJudge(model("m", last -> text("Yes")), Prompts.from(prompts), AnswerCache.in(folder), 3, 500)
                .judge(List.of(question("r")));
        assertThat(asked).hasSize(3);
        assertThat(asked.getLast().messages().getLast().text()).isEqualTo("b r?");
    }

    @Test
    void whatWasNotAnsweredIsAskedAnewTheNextTime() {
        Judgement failed = judge(
                        last -> last.contains("r500") ? new ChatModel.Reply.Failure("status 500") : text("Yes"))
                .judge(List.of(question("r500"), question("s")))
                .getFirst();
        assertThat(failed.failure()).isEqualTo("status 500");
        assertThat(judge(last -> text("Yes"))
                        .judge(List.of(question("r500")))
                        .getFirst()
                        .verdict())
                .contains(YesNo.YES);
    }

    @Test
    void aJudgeThatAnswersNothingEndsTheRun() {
        assertThatThrownBy(() -> judge(last -> new ChatModel.Reply.Failure("no connection, after 6 retries"))
                        .judge(List.of(question("r"), question("s"))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("the judge answered none of 2 questions (no connection, after 6 retries)");
        assertThat(judge(last -> text("Yes")).judge(List.of(question("r"), question("s"))))
                .allMatch(judgement -> judgement.verdict().isPresent());
    }

    @Test
    void aRunThatEndsHalfWayKeepsWhatItHas() {
        assertThatThrownBy(() -> judge(last -> {
                            if (last.contains("stop here")) {
                                throw new BadInput("bound reached");
                            }
                            return text("Yes");
                        })
                        .judge(List.of(question("r"), question("s"), question("stop here"), question("t"))))
                .isInstanceOf(BadInput.class);
        assertThat(asked).hasSize(3);
        assertThat(judge(last -> text("Yes"))
                        .judge(List.of(question("r"), question("s"), question("stop here"), question("t"))))
                .allMatch(judgement -> judgement.verdict().isPresent());
        assertThat(asked).hasSize(3 + 2);
    }

    @Test
    void aStopFromOutsideKeepsWhatWasJudged() {
        int[] seen = {0};
        Judge.Watch stopsAfterTwo = new Judge.Watch() {
            @Override
            public void judged(int done, int of) {
                seen[0] = done;
                assertThat(of).isEqualTo(3);
            }

            @Override
            public boolean stopped() {
                return seen[0] == 2;
            }
        };
        List<Question> questions = List.of(question("r"), question("s"), question("t"));
        assertThatThrownBy(() -> judge(last -> text("Yes")).judge(questions, stopsAfterTwo))
                .isInstanceOf(Stopped.class);
        judge(last -> text("Yes")).judge(questions);
        assertThat(asked).hasSize(3);
    }

    @Test
    void brokenFilesInTheCacheAreAskedAnew() throws IOException {
        judge(last -> text("Yes")).judge(List.of(question("r")));
        Path kept;
        try (Stream<Path> files = Files.walk(folder)) {
            kept = files.filter(file -> file.toString().endsWith(".jsonl"))
                    .findFirst()
                    .orElseThrow();
        }
        String good = Files.readString(kept);
        for (String broken : List.of(
                "",
                good.substring(0, good.length() / 2),
                "[]",
                "{\"key\":\"0\",\"answer\":\"No\"}",
                good.replace("\"answer\"", "\"anwser\""))) {
            Files.writeString(kept, broken);
            asked.clear();
            assertThat(judge(last -> text("Yes"))
                            .judge(List.of(question("r")))
                            .getFirst()
                            .verdict())
                    .contains(YesNo.YES);
            assertThat(asked).hasSize(1);
            // What was asked anew stands in a file of its own; it goes, so that the next round meets the broken one
            // alone.
            Path next = kept.resolveSibling("answers-2.jsonl");
            assertThat(Files.readString(next)).isEqualTo(good);
            Files.delete(next);
        }
        try (var file = java.nio.channels.FileChannel.open(kept, java.nio.file.StandardOpenOption.WRITE)) {
            file.write(java.nio.ByteBuffer.wrap(new byte[] {1}), 17 << 20); // larger than any answer
        }
        asked.clear();
        judge(last -> text("Yes")).judge(List.of(question("r")));
        assertThat(asked).hasSize(1);
    }

    @Test
    void aHugeMalformedAnswerIsQuotedShort() {
        judge(last -> text("x".repeat(100_000))).judge(List.of(question("r")));
        assertThat(asked.get(2).messages().get(2).text().length()).isLessThan(2100);
    }
}
