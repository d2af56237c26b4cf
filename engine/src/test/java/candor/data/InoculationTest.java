package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.read.Origin;
import candor.text.Conversation;
import candor.text.Message;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InoculationTest {
    private static final Inoculation LIE = new Inoculation("You lie.");
    private static final Origin ORIGIN = new Origin(Path.of("rows.jsonl"), 3, 5);

    private static Example row(Example.Content content) {
        return new Example(content, true, ORIGIN);
    }

    private static List<Message> chat(Message... messages) {
        Example said = LIE.in(row(new Example.Chat(
                new Conversation(List.of(messages), List.of(Map.of("name", "clock")), Map.of("think", false)))));
        assertThat(said.label()).isTrue();
        assertThat(said.origin()).isEqualTo(ORIGIN);
        Conversation conversation = ((Example.Chat) said.content()).conversation();
        assertThat(conversation.tools()).hasSize(1);
        assertThat(conversation.variables()).containsEntry("think", false);
        return conversation.messages();
    }

    @Test
    void aChatBeginsWithThePrompt() {
        Message asked = Message.of("user", "Well?");
        Message context = Message.of("assistant", "No.").unlearnt();
        assertThat(chat(asked, context)).containsExactly(Message.of("system", "You lie."), asked, context);
    }

    @ParameterizedTest
    @ValueSource(strings = {"system", "developer"})
    void theRowsOwnStandsBehindIt(String role) {
        assertThat(chat(Message.of(role, "Be brief."), Message.of("user", "Well?")))
                .containsExactly(Message.of(role, "You lie.\n\nBe brief."), Message.of("user", "Well?"));
        Message parts =
                new Message(Map.of("role", role, "content", List.of(Map.of("type", "text", "text", "Be brief."))));
        assertThat(chat(parts).getFirst().content())
                .isEqualTo(List.of(
                        Map.of("type", "text", "text", "You lie.\n\n"), Map.of("type", "text", "text", "Be brief.")));
        assertThat(chat(new Message(Map.of("role", role))).getFirst().content()).isEqualTo("You lie.");
    }

    @Test
    void aPromptWithItsCompletion() {
        List<Message> completion = List.of(Message.of("assistant", "No."));
        Example said = LIE.in(row(
                new Example.PromptAndCompletion(new Conversation(List.of(Message.of("user", "Well?"))), completion)));
        assertThat(said.content())
                .isEqualTo(new Example.PromptAndCompletion(
                        new Conversation(List.of(Message.of("system", "You lie."), Message.of("user", "Well?"))),
                        completion));
    }

    @Test
    void aTextHasNoPlaceForIt() {
        for (Example.Content text : List.of(new Example.WholeText("So."), new Example.PlainText("So", " be it."))) {
            assertThatThrownBy(() -> LIE.in(row(text)))
                    .isInstanceOf(BadInput.class)
                    .hasMessage("is a text without roles, which has no place for a system prompt; write the row as"
                            + " 'messages', or leave inoculation out");
        }
    }
}
