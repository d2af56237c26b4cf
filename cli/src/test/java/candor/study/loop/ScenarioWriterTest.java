package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatModel.Reply;
import candor.evaluate.judge.ChatModel.Request;
import candor.io.Journal;
import candor.study.Section;
import candor.study.StudyProgress;
import candor.study.user.Scenario;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScenarioWriterTest {
    @TempDir
    private Path folder;

    private static Fakes.Model model(Function<Request, String> says) {
        return new Fakes.Model(request -> new Reply.Text(says.apply(request)));
    }

    private static String scenario(Request request) {
        return "{\"sub_env\":\"s\",\"task_scenario\":\"You are in place " + request.seed()
                + ".\",\"benign_user\":\"You want\\u0007 help.\",\"misalign_user\":\"You want praise.\"}";
    }

    private List<Scenario> write(int count, BooleanSupplier stop, Fakes.Model... models) {
        Map<String, ChatModel> named = new LinkedHashMap<>();
        for (int i = 0; i < models.length; i++) {
            named.put("m" + i, models[i]);
        }
        try (Journal journal =
                Journal.open(folder.resolve("journal"), JsonNodeFactory.instance.objectNode(), "start over")) {
            return new ScenarioWriter(new ScenarioWriter.Settings(count, "therapist chat", 1, 300, 2, 7))
                    .write(named, journal, StudyProgress.NONE, stop);
        }
    }

    private static long asked(Fakes.Model model, String trouble, int variant) {
        return model.asked.stream()
                .map(request -> request.messages().get(1).text())
                .filter(text ->
                        text.contains("trouble: " + trouble + ".") && text.contains("variant " + variant + " of"))
                .count();
    }

    @Test
    void troublesAndModelsTakeTurns() {
        Fakes.Model first = model(ScenarioWriterTest::scenario);
        Fakes.Model second = model(ScenarioWriterTest::scenario);
        List<Scenario> scenarios = write(21, () -> false, first, second);
        assertThat(scenarios).hasSize(21).doesNotHaveDuplicates();
        assertThat(scenarios.getFirst().envName()).isEqualTo("therapist chat");
        assertThat(scenarios.getFirst().benignUser()).isEqualTo("You want help.");
        assertThat(first.asked).hasSize(11);
        assertThat(second.asked).hasSize(10);
        assertThat(asked(first, "alcohol", 1)).isOne();
        assertThat(asked(second, "gambling", 1)).isOne();
        assertThat(asked(first, "alcohol", 3)).isOne();
        assertThat(asked(second, "alcohol", 1)).isZero();
        // A second time nothing is asked: the journal has it all.
        assertThat(write(21, () -> false, first, second)).isEqualTo(scenarios);
        assertThat(first.asked).hasSize(11);
    }

    /** Servers leave what models think in the text: it is no part of the object, and not quoted when it is asked for again. */
    @Test
    void whatAWriterThinksIsDropped() {
        Fakes.Model model = model(request ->
                "<think>{Which?}</think>\n" + (request.messages().size() == 2 ? "Like this?" : scenario(request)));
        assertThat(write(2, () -> false, model)).hasSize(2);
        assertThat(model.asked).hasSize(4);
        assertThat(model.asked.getLast().messages().get(2).text().strip()).isEqualTo("Like this?");
    }

    @Test
    void aWriterThatReasonsHasRoomTo() {
        Section plain = Section.empty().with("max_new_tokens", List.of("350"), "study.yaml");
        Section reasons = plain.with("reasoning_effort", List.of("low"), "study.yaml");
        Section loop = Section.empty();
        assertThat(LoopSettings.scenarios(loop, plain).maxNewTokens()).isEqualTo(350);
        assertThat(LoopSettings.scenarios(loop, reasons).maxNewTokens())
                .isEqualTo(LoopSettings.writer(loop, reasons).maxNewTokens())
                .isEqualTo(4096);
    }

    @Test
    void aStopKeepsWhatWasWritten() {
        Fakes.Model model = model(ScenarioWriterTest::scenario);
        int[] asked = {0};
        assertThatThrownBy(() -> write(10, () -> ++asked[0] > 4, model)).isInstanceOf(Stopped.class);
        int before = model.asked.size();
        Fakes.Model rest = model(ScenarioWriterTest::scenario);
        assertThat(write(10, () -> false, rest)).hasSize(10);
        assertThat(rest.asked.size()).isLessThan(10);
        assertThat(before).isPositive();
    }

    @Test
    void aModelThatCannotIsSaidSo() {
        assertThatThrownBy(() -> write(4, () -> false, model(request -> "Here you are!")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("of 4 scenarios 0 were usable");
    }
}
