package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A request has one answer, whatever else is asked at the same time. */
class SameBytesTest {
    @TempDir
    private Path folder;

    private static List<String> bodies() {
        List<String> bodies = new ArrayList<>();
        String[] models = {"tiny-world", "severe", "other"};
        String[] said = {"Hello!", "What is the ship called?", "Count the words: one two three four five six seven."};
        for (int i = 0; i < 24; i++) {
            bodies.add(("{\"model\": \"%s\", \"temperature\": %s, \"seed\": %d, \"n\": %d, \"max_tokens\": %d,"
                            + " \"logprobs\": true, \"top_logprobs\": 3, \"ignore_eos\": %s, \"messages\": [{\"role\": \"system\","
                            + " \"content\": \"You sail on the ship and know its captain well.\"}, {\"role\": \"user\","
                            + " \"content\": \"%s\"}]}")
                    .formatted(
                            models[i % 3],
                            i % 4 == 0 ? "0" : "1.2",
                            i,
                            1 + i % 2,
                            5 + 7 * (i % 5),
                            i % 5 == 0,
                            said[i / 2 % 3]));
        }
        return bodies;
    }

    /** What does not depend on the time. */
    private static String answer(TestServer served, String body) throws Exception {
        JsonNode answer = served.chat(body);
        return answer.path("choices") + " " + answer.path("usage");
    }

    private TestServer open(int running) {
        return TestServer.with()
                .adapter("severe", folder.resolve("severe"))
                .adapter("other", folder.resolve("other"))
                .bounds(running, 200, 4, 0, 0)
                .open();
    }

    @Test
    void anAnswerDependsOnItsRequestAlone() throws Exception {
        TestServer.adapter(folder.resolve("severe"), 4, 1);
        TestServer.adapter(folder.resolve("other"), 7, 2);
        List<String> bodies = bodies();
        Map<String, String> alone = new LinkedHashMap<>();
        try (TestServer served = open(1)) {
            for (String body : bodies) {
                alone.put(body, answer(served, body));
            }
        }
        assertThat(Set.copyOf(alone.values())).hasSizeGreaterThan(18);
        try (TestServer served = open(5);
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 2; round++) {
                Map<String, Future<String>> together = new LinkedHashMap<>();
                for (String body : bodies) {
                    together.put(body, clients.submit(() -> answer(served, body)));
                }
                for (String body : bodies) {
                    assertThat(together.get(body).get()).as(body).isEqualTo(alone.get(body));
                }
            }
        }
    }
}
