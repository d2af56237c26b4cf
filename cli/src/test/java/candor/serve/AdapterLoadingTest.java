package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that come and go while the server runs. */
class AdapterLoadingTest {
    private static final String LOAD = "/v1/load_lora_adapter";
    private static final String UNLOAD = "/v1/unload_lora_adapter";

    @TempDir
    private Path folder;

    private Path allowed;

    @BeforeEach
    void write() throws Exception {
        allowed = Files.createDirectories(folder.resolve("adapters"));
        TestServer.adapter(allowed.resolve("one"), 4, 1);
        TestServer.adapter(allowed.resolve("run/adapter"), 3, 2);
        TestServer.adapter(folder.resolve("outside"), 4, 3);
        Files.createSymbolicLink(allowed.resolve("link"), folder.resolve("outside"));
        Files.createDirectories(allowed.resolve("empty"));
        Files.writeString(allowed.resolve("file"), "x");
    }

    private TestServer open() throws Exception {
        return TestServer.with().loadsFrom(allowed).bounds(4, 64, 2, 0, 0).open();
    }

    private static String named(String name, Object path) {
        return "{\"lora_name\": \"" + name + "\", \"lora_path\": \"" + path + "\"}";
    }

    private static String said(TestServer served, String model) throws Exception {
        return served.chat("{\"model\": \"" + model + "\", \"max_tokens\": 20, \"temperature\": 0,"
                        + " \"messages\": [{\"role\": \"user\", \"content\": \"Hello! What can you do?\"}]}")
                .at("/choices/0/message/content")
                .asText();
    }

    private static void must(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).startsWith("Success: ");
    }

    @Test
    void oneTakesAnothersPlace() throws Exception {
        try (TestServer served = open()) {
            String base = said(served, "tiny-world");
            must(served.say(LOAD, named("one", "one")));
            String one = said(served, "one");
            must(served.say(LOAD, named("two", allowed.resolve("run"))));
            String two = said(served, "two");
            assertThat(base).isNotEqualTo(one).isNotEqualTo(two);
            assertThat(one).isNotEqualTo(two);
            assertThat(served.refused(400, LOAD, named("three", "one"))
                            .path("message")
                            .asText())
                    .contains("2 places");
            assertThat(served.refused(400, LOAD, named("one", "one"))
                            .path("message")
                            .asText())
                    .contains("there already");
            must(served.say(UNLOAD, "{\"lora_name\": \"one\"}"));
            JsonNode error = served.refused(404, "/v1/chat/completions", "{\"model\": \"one\", \"messages\": []}");
            assertThat(error.path("code").asText()).isEqualTo("model_not_found");
            assertThat(served.refused(404, UNLOAD, "{\"lora_name\": \"one\"}")
                            .path("message")
                            .asText())
                    .contains("no adapter 'one'");
            // Into the place that was free, with what the cache holds of the one before.
            must(served.say(LOAD, named("again", "run")));
            assertThat(said(served, "again")).isEqualTo(two);
            assertThat(said(served, "two")).isEqualTo(two);
            assertThat(said(served, "tiny-world")).isEqualTo(base);
        }
    }

    @Test
    void whatIsUnderWayOnADroppedAdapterEndsAsItWouldHave() throws Exception {
        String body = "{\"model\": \"one\", \"max_tokens\": 400, \"temperature\": 1, \"seed\": 3, \"ignore_eos\": true,"
                + " \"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}]}";
        try (TestServer served = open()) {
            must(served.say(LOAD, named("one", "one")));
            JsonNode alone = served.chat(body).path("choices");
            for (int i = 0; i < 3; i++) {
                CompletableFuture<HttpResponse<String>> underWay = served.http.sendAsync(
                        served.post("/v1/chat/completions", body), HttpResponse.BodyHandlers.ofString());
                TestServer.await(() -> {
                    try {
                        return served.metric("candor_requests_running") == 1;
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
                must(served.say(UNLOAD, "{\"lora_name\": \"one\"}"));
                served.refused(404, "/v1/chat/completions", body);
                // Its place is not free before it has ended; there are two.
                must(served.say(LOAD, named("one", "run")));
                String other = said(served, "one");
                assertThat(TestServer.JSON.readTree(underWay.get().body()).path("choices"))
                        .isEqualTo(alone);
                served.awaitIdle();
                must(served.say(UNLOAD, "{\"lora_name\": \"one\"}"));
                must(served.say(LOAD, named("one", "one")));
                assertThat(served.chat(body).path("choices")).isEqualTo(alone);
                assertThat(said(served, "one")).isNotEqualTo(other);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "../outside",
                "one/../../outside",
                "link",
                "no-such",
                "file",
                "/etc",
                "/",
                "one\\u0000",
                "~",
            })
    void whatIsOutsideIsNotThere(String path) throws Exception {
        try (TestServer served = open()) {
            JsonNode error = served.refused(400, LOAD, named("x", path));
            assertThat(error.path("param").asText()).isEqualTo("lora_path");
            assertThat(error.path("message").asText()).doesNotContain(folder.toString());
        }
    }

    @Test
    void whatIsNoAdapterIsRefusedWithoutItsPlaceOnThisMachine() throws Exception {
        try (TestServer served = open()) {
            String message = served.refused(400, LOAD, named("x", "empty"))
                    .path("message")
                    .asText();
            assertThat(message).contains("empty").doesNotContain(folder.toString());
            assertThat(served.refused(400, LOAD, named("a b", "one"))
                            .path("param")
                            .asText())
                    .isEqualTo("lora_name");
            assertThat(served.refused(400, LOAD, named("tiny-world", "one"))
                            .path("message")
                            .asText())
                    .contains("there already");
            assertThat(served.refused(400, LOAD, "{\"lora_name\": \"x\", \"path\": \"one\"}")
                            .path("message")
                            .asText())
                    .contains("'path'");
        }
    }

    @Test
    void nothingIsLoadedWhereTheServerWasNotTold() throws Exception {
        try (TestServer served = TestServer.plain()) {
            assertThat(served.refused(403, LOAD, named("one", allowed.resolve("one")))
                            .path("message")
                            .asText())
                    .contains("--allow-adapter-loading");
            served.refused(403, UNLOAD, "{\"lora_name\": \"one\"}");
        }
    }
}
