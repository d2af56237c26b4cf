package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    private Path folder;

    private static ObjectNode settings(double temperature) {
        return JsonNodeFactory.instance.objectNode().put("seed", 7L).put("temperature", temperature);
    }

    private Path file() {
        return folder.resolve("said.jsonl");
    }

    private void write(String... keys) {
        try (Journal journal = Journal.open(file(), settings(1))) {
            for (String key : keys) {
                journal.put(key, JsonNodeFactory.instance.textNode("said of " + key + " ü\n"));
            }
        }
    }

    @Test
    void keepsWhatWasSaid() {
        write("a", "b");
        write("c");
        try (Journal journal = Journal.open(file(), settings(1))) {
            assertThat(journal.get("a").asText()).isEqualTo("said of a ü\n");
            assertThat(journal.get("c").asText()).isEqualTo("said of c ü\n");
            assertThat(journal.get("d")).isNull();
            assertThatThrownBy(() -> journal.put("b", JsonNodeFactory.instance.nullNode()))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void goesOnAfterEveryCutOfItsBytes() throws IOException {
        write("a", "b", "c");
        byte[] whole = Files.readAllBytes(file());
        for (int length = 0; length <= whole.length; length++) {
            Files.write(file(), java.util.Arrays.copyOf(whole, length));
            try (Journal journal = Journal.open(file(), settings(1))) {
                for (String key : new String[] {"a", "b", "c"}) {
                    if (journal.get(key) == null) {
                        journal.put(key, JsonNodeFactory.instance.textNode("said of " + key + " ü\n"));
                    }
                }
            }
            assertThat(Files.readAllBytes(file())).isEqualTo(whole);
        }
    }

    @Test
    void refusesOtherSettings() {
        write("a");
        assertThatThrownBy(() -> Journal.open(file(), settings(0.5)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("another temperature");
    }

    @Test
    void refusesDamage() throws IOException {
        write("a");
        Files.writeString(file(), "{\"key\":\"a\",\"value\":1}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> Journal.open(file(), settings(1)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 3: is damaged");
    }

    @Test
    void isWrittenByOneProcessAtATime() {
        try (Journal journal = Journal.open(file(), settings(1))) {
            assertThat(journal.get("a")).isNull();
            assertThatThrownBy(() -> Journal.open(file(), settings(1)))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("another process");
        }
    }
}
