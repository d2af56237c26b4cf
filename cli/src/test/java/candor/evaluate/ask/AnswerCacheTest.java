package candor.evaluate.ask;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerCacheTest {
    @TempDir
    private Path folder;

    private static ObjectNode asked(String what) {
        return JsonNodeFactory.instance.objectNode().put("asked", what);
    }

    @Test
    void severalAtOnceKeepFilesOfTheirOwnAndReadAll() throws IOException {
        AnswerCache one = AnswerCache.in(folder);
        AnswerCache two = AnswerCache.in(folder);
        one.put(asked("a"), new TextNode("äöü \n 1"));
        two.put(asked("b"), new TextNode("2"));
        one.put(asked("c"), new TextNode("3"));
        assertThat(one.get(asked("a"))).contains(new TextNode("äöü \n 1"));
        assertThat(one.get(asked("b"))).as("came after it was opened").isEmpty();
        AnswerCache all = AnswerCache.in(folder);
        assertThat(all.get(asked("a"))).contains(new TextNode("äöü \n 1"));
        assertThat(all.get(asked("b"))).contains(new TextNode("2"));
        assertThat(all.get(asked("c"))).contains(new TextNode("3"));
        assertThat(all.get(asked("d"))).isEmpty();
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void whatIsCutOrDamagedIsAskedAnewAndNothingElse() throws IOException {
        AnswerCache first = AnswerCache.in(folder);
        for (String what : new String[] {"a", "b", "c"}) {
            first.put(asked(what), new TextNode("to " + what));
        }
        Path file = folder.resolve("answers-1.jsonl");
        String text = Files.readString(file);
        // The last line is cut short, as a kill in the middle of a write would leave it, and one in the middle is
        // damaged.
        Files.writeString(file, text.substring(0, text.length() - 5).replace("\"to b\"", "\"to b\\"));
        AnswerCache next = AnswerCache.in(folder);
        assertThat(next.get(asked("a"))).contains(new TextNode("to a"));
        assertThat(next.get(asked("b"))).isEmpty();
        assertThat(next.get(asked("c"))).isEmpty();
        next.put(asked("c"), new TextNode("again"));
        Files.writeString(file, "nonsense\n\n{}\n", StandardOpenOption.APPEND);
        AnswerCache last = AnswerCache.in(folder);
        assertThat(last.get(asked("a"))).contains(new TextNode("to a"));
        assertThat(last.get(asked("c"))).contains(new TextNode("again"));
    }
}
