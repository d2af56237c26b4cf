package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptsTest {
    private static final Question QUESTION = new Question(
            "k",
            "mask-direct",
            Map.of(
                    "system_prompt", "S {{reply}} $1",
                    "user_prompt", "U",
                    "reply", "R {{statement_a}} \\",
                    "statement_a", "first",
                    "statement_b", "second"),
            Map.of(),
            Form.LETTER);

    @TempDir
    private Path folder;

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }

    @Test
    void whatIsFilledInIsNotLookedThroughAgain() {
        assertThat(Prompts.builtIn().render(QUESTION))
                .contains("[Reply]\nR {{statement_a}} \\\n", "S {{reply}} $1", "[Statement A]\nfirst")
                .endsWith("Answer: A");
    }

    @Test
    void aUsersTextTakesThePlaceOfOurs() throws IOException {
        write("mask-direct.txt", "\ufeff{{reply}} | {{statement_a}} | {{statement_b}}");
        write("notes.md", "not a prompt");
        Prompts replaced = Prompts.from(folder);
        assertThat(replaced.render(QUESTION)).isEqualTo("R {{statement_a}} \\ | first | second");
        assertThat(replaced.hash()).isNotEqualTo(Prompts.builtIn().hash());
        assertThat(replaced.system()).isEqualTo(Prompts.builtIn().system());
    }

    @Test
    void textsThatCannotWorkAreNamed() throws IOException {
        write("mask-direct.txt", "{{reply}} {{statement_a}}");
        refused("mask-direct.txt: lacks the placeholder {{statement_b}}");
        write("mask-direct.txt", "{{reply}} {{statement_a}} {{statement_b}} {{truth}}");
        refused("has the placeholder {{truth}}");
        Files.write(folder.resolve("mask-direct.txt"), "{{reply}}ä".getBytes(StandardCharsets.ISO_8859_1));
        refused("is not UTF-8");
        write("mask-direct.txt", "x".repeat((1 << 20) + 1));
        refused("is larger than");
        Files.delete(folder.resolve("mask-direct.txt"));
        write("mask-dirct.txt", "x");
        refused("no judge prompt of that name");
    }

    private void refused(String message) {
        assertThatThrownBy(() -> Prompts.from(folder))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(message);
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> Prompts.from(folder.resolve("none")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no such folder");
    }
}
