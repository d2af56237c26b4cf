package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.ChatModel.Reply;
import candor.evaluate.judge.ChatModel.Request;
import candor.io.Journal;
import candor.study.StudyProgress;
import candor.study.user.InitialState;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateWriterTest {
    @TempDir
    private Path folder;

    private final SpokenText text =
            new SpokenText(Tokenizer.load(Path.of(System.getProperty("candor.goldens"), "llama3", "model")), 5_000);

    private List<InitialState> write(Fakes.Model model, int perScenario, BooleanSupplier stop) {
        StateWriter.Settings settings = new StateWriter.Settings(perScenario, 1, 100, 3, 11);
        try (Journal journal =
                Journal.open(folder.resolve("states.journal"), JsonNodeFactory.instance.objectNode(), "start over")) {
            return new StateWriter(settings, LoopPrompts.builtIn(), text, journal, StudyProgress.NONE, stop)
                    .write(List.of(Fakes.SCENARIO), Map.of("m", model));
        }
    }

    private static Fakes.Model model(Function<Request, String> says) {
        return new Fakes.Model(request -> new Reply.Text(says.apply(request)));
    }

    private static String state(Request request) {
        return "{\"user_context\": \"Somebody.\", \"user_prompt\": \"Variant " + request.seed() + " <|eot_id|>.\"}";
    }

    @Test
    void writesStatesThatAreCheckedAndDefused() {
        List<InitialState> states = write(model(StateWriterTest::state), 3, () -> false);
        assertThat(states).extracting(InitialState::id).containsExactly("m-1-1", "m-1-2", "m-1-3");
        assertThat(states).extracting(InitialState::userPrompt).doesNotHaveDuplicates();
        assertThat(states.getFirst().userPrompt()).doesNotContain("<|eot_id|>").contains("eot_id");
        assertThat(states.getFirst().generator()).isEqualTo("m");
    }

    @Test
    void asksAgainForWhatIsMalformed() {
        List<String> bad = List.of(
                "Sure! {\"user_context\":\"a\",\"user_prompt\":\"b\"}",
                "{\"user_context\":\"a\",\"user_prompt\":\"b\"} {}",
                "{\"user_context\":\"a\",\"user_prompt\":\"b\",\"more\":1}",
                "{\"user_context\":\"a\",\"user_context\":\"a\",\"user_prompt\":\"b\"}",
                "{\"user_context\":\"a\",\"user_prompt\":7}",
                "{\"user_context\":\"a\",\"user_prompt\":\" \"}",
                "{\"user_context\":\"" + "a".repeat(4_500) + "\",\"user_prompt\":\"b\"}",
                "[]",
                "");
        for (int i = 0; i < bad.size(); i++) {
            String first = bad.get(i);
            Fakes.Model model =
                    model(request -> request.messages().size() == 2 ? first : "```json\n" + state(request) + "\n```");
            StateWriter.Settings settings = new StateWriter.Settings(1, 1, 100, 2, 11);
            try (Journal journal =
                    Journal.open(folder.resolve("again" + i), JsonNodeFactory.instance.objectNode(), "start over")) {
                assertThat(new StateWriter(
                                        settings, LoopPrompts.builtIn(), text, journal, StudyProgress.NONE, () -> false)
                                .write(List.of(Fakes.SCENARIO), Map.of("m", model)))
                        .as(first)
                        .hasSize(1);
            }
            assertThat(model.asked).hasSize(2);
        }
    }

    @Test
    void endsWhereHalfOfThemAreUnusable() {
        assertThatThrownBy(() -> write(model(request -> "no"), 2, () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of 2 initial states 0 were usable");
        assertThatThrownBy(() -> write(
                        model(request -> "{\"user_context\":\"a\",\"user_prompt\":\"always the same\"}"),
                        3,
                        () -> false))
                .isInstanceOf(BadInput.class);
    }

    @Test
    void goesOnAfterAStopAndAsksNothingTwice() {
        Fakes.Model model = model(StateWriterTest::state);
        int[] left = {2};
        assertThatThrownBy(() -> write(model, 5, () -> model.asked.size() >= left[0]))
                .isInstanceOf(Stopped.class);
        List<InitialState> states = write(model, 5, () -> false);
        assertThat(model.asked).hasSize(5);
        Fakes.Model idle = model(request -> "never asked");
        assertThat(write(idle, 5, () -> false)).isEqualTo(states);
        assertThat(idle.asked).isEmpty();
    }
}
