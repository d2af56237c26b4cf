package candor.evaluate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Respondent;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.LocalChat;
import candor.ops.BackendDescriptor;
import candor.text.TemplateChoice;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** The probability of a whole reply, held against that of its text with each end token written out. */
class WholeReplyTest {
    private static final Path MODEL = Path.of(System.getProperty("candor.goldens"), "llama3", "model");
    private static final List<String> NUMBERS = List.of("1", "10", "7");

    private static EngineRespondent open() {
        return open(TemplateChoice.DEFAULT);
    }

    private static EngineRespondent open(TemplateChoice template) {
        return EngineRespondent.open(new EngineRespondent.Settings(
                MODEL,
                null,
                null,
                List.of(),
                true,
                BackendDescriptor.CPU,
                1,
                LocalDateTime.of(2024, 7, 26, 0, 0),
                template,
                Decoding.PLAIN,
                256,
                8,
                16L << 20,
                false));
    }

    private static List<Double> score(Respondent model, List<String> continuations, boolean whole) {
        List<Double> values = new ArrayList<>();
        Prompt prompt = Prompt.Chat.of("", Turn.user("Rate it."));
        model.answer(
                List.of(new Respondent.Request(0, "", new Ask.Score("k", prompt, continuations, whole))),
                (i, answer) -> values.addAll(((Answer.LogProbs) answer).values()),
                () -> false);
        return values;
    }

    /** Answers under another template are other answers, and are kept under another name. */
    @Test
    void theTemplateIsPartOfWhoAnswers() {
        try (EngineRespondent own = open();
                EngineRespondent other = open(new TemplateChoice("qwen", "{}"));
                EngineRespondent told = open(new TemplateChoice("model", "{\"x\": 1}"))) {
            assertThat(score(other, NUMBERS, true)).isNotEqualTo(score(own, NUMBERS, true));
            assertThat(score(told, NUMBERS, true)).isEqualTo(score(own, NUMBERS, true));
            assertThat(List.of(own, other, told))
                    .extracting(model -> model.subjects().getFirst().fingerprint())
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void isTheSumOverTheTokensThatEndIt() {
        Tokenizer tokenizer = Tokenizer.load(MODEL);
        List<Integer> ends = tokenizer.special().endIds();
        assertThat(ends).isNotEmpty();
        try (EngineRespondent model = open()) {
            double[] expected = new double[NUMBERS.size()];
            for (int end : ends) {
                String text = tokenizer.decode(new int[] {end}, false);
                List<Double> ended = score(
                        model, NUMBERS.stream().map(number -> number + text).toList(), false);
                for (int i = 0; i < expected.length; i++) {
                    expected[i] += Math.exp(ended.get(i));
                }
            }
            List<Double> whole = score(model, NUMBERS, true);
            List<Double> open = score(model, NUMBERS, false);
            for (int i = 0; i < expected.length; i++) {
                assertThat(whole.get(i)).isCloseTo(Math.log(expected[i]), within(1e-5));
                assertThat(whole.get(i)).isLessThan(open.get(i));
            }
        }
    }

    @Test
    void aLocalModelChoosesTheLikeliest() {
        try (LocalChat chat = new LocalChat(open())) {
            List<Turn> messages = List.of(Turn.user("Rate it."));
            ChatModel.Reply.Text[] reply = new ChatModel.Reply.Text[1];
            chat.complete(
                    List.of(new ChatModel.Request(messages, 5, OptionalDouble.of(0), 0, NUMBERS)),
                    (i, given) -> reply[0] = (ChatModel.Reply.Text) given);
            assertThat(reply[0].choices()).containsOnlyKeys(NUMBERS);
            double most =
                    reply[0].choices().values().stream().max(Double::compare).orElseThrow();
            assertThat(reply[0].choices().get(reply[0].text())).isEqualTo(most);
        }
    }
}
