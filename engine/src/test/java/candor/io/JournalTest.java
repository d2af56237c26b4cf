package candor.io;

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

    private Journal open(ObjectNode settings) {
        return Journal.open(file(), settings, "take another {file}");
    }

    private void write(String... keys) {
        try (Journal journal = open(settings(1))) {
            for (String key : keys) {
                journal.put(key, JsonNodeFactory.instance.textNode("said of " + key + " ü\n"));
            }
        }
    }

    @Test
    void keepsWhatWasSaid() {
        write("a", "b");
        write("c");
        try (Journal journal = open(settings(1))) {
            assertThat(journal.get("a").asText()).isEqualTo("said of a ü\n");
            assertThat(journal.get("c").asText()).isEqualTo("said of c ü\n");
            assertThat(journal.get("d")).isNull();
            assertThat(journal.size()).isEqualTo(3);
            assertThat(journal.bytes("b")).asString().isEqualTo("\"said of b ü\\n\"");
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
            try (Journal journal = open(settings(1))) {
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
        assertThatThrownBy(() -> open(settings(0.5)))
                .isInstanceOf(BadInput.class)
                .hasMessageEndingWith(
                        "begun with other settings: temperature was 1.0, is 0.5; give the old ones, or take another file");
    }

    @Test
    void refusesDamage() throws IOException {
        write("a");
        byte[] whole = Files.readAllBytes(file());
        Files.writeString(file(), "{\"key\":\"a\",\"value\":1}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> open(settings(1)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 3: is there twice");
        for (String line :
                new String[] {"{\"key\":\"b\"}", "{\"key\":\"b\", \"value\":1}", "{\"key\":7,\"value\":1}", "{", ""}) {
            Files.write(file(), whole);
            Files.writeString(file(), line + "\n", StandardOpenOption.APPEND);
            assertThatThrownBy(() -> open(settings(1)))
                    .isInstanceOf(BadInput.class)
                    .hasMessageEndingWith("line 3: is damaged; take another file");
        }
        Files.writeString(file(), "{\"key\":\"a\",\"value\":1}\n");
        assertThatThrownBy(() -> open(settings(1)))
                .isInstanceOf(BadInput.class)
                .hasMessageEndingWith("is not a journal of ours; take another file");
    }

    @Test
    void isWrittenByOneProcessAtATime() {
        try (Journal journal = open(settings(1))) {
            assertThat(journal.get("a")).isNull();
            assertThatThrownBy(() -> open(settings(1)))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("another process");
        }
    }
}
