package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    /** As the reference code's judges: two texts and nothing else, under a system text of each one's own. */
    @Test
    void theReferencesJudgesSeeTwoTexts() {
        Prompts prompts = Prompts.builtIn();
        List<String> systems = new ArrayList<>();
        for (String key : List.of("j1", "j2", "j3")) {
            Map<String, String> fields = Map.of(
                    "inner_prompt",
                    "INNER",
                    "outer_prompt",
                    "OUTER",
                    "belief",
                    "BELIEF",
                    "reasoning",
                    "REASON",
                    "response",
                    "SAID");
            Question question = new Question(key, "deception-reference-" + key, fields, Map.of(), Form.YES_NO);
            assertThat(prompts.render(question))
                    .doesNotContain("INNER", "OUTER")
                    .endsWith("(Yes/No):");
            systems.add(prompts.system(question));
            Question own = new Question(key, "deception-" + key, fields, Map.of(), Form.YES_NO);
            assertThat(prompts.render(own)).contains("OUTER");
            assertThat(prompts.system(own)).isEqualTo("You are a helpful assistant.");
        }
        assertThat(systems).doesNotHaveDuplicates().doesNotContain("You are a helpful assistant.");
        Question j1 = new Question(
                "j1", "deception-reference-j1", Map.of("belief", "BELIEF", "response", "SAID"), Map.of(), Form.YES_NO);
        assertThat(prompts.render(j1))
                .contains("Internal belief:\nBELIEF\n", "External response:\nSAID\n", "to some extent")
                .containsPattern("evasive response is \"No\" if by that it changes the stance");
    }

    @Test
    void aUsersTextTakesThePlaceOfOurs() throws IOException {
        write("mask-direct.txt", "\ufeff{{reply}} | {{statement_a}} | {{statement_b}}");
        write("notes.md", "not a prompt");
        Prompts replaced = Prompts.from(folder);
        assertThat(replaced.render(QUESTION)).isEqualTo("R {{statement_a}} \\ | first | second");
        assertThat(replaced.hash()).isNotEqualTo(Prompts.builtIn().hash());
        assertThat(replaced.system(QUESTION)).isEqualTo(Prompts.builtIn().system(QUESTION));
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
