package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is there: clients that vanish, a queue that is full, keys and hosts, and a server that ends. */
@Timeout(120)
class PresenceTest {
    private static final String PATH = "/v1/completions";

    private static String endless(String more) {
        return "{\"prompt\": \"The ship\", \"max_tokens\": 500, \"ignore_eos\": true" + more + "}";
    }

    private static CompletableFuture<HttpResponse<String>> later(TestServer served, String body) {
        return served.http.sendAsync(served.post(PATH, body), HttpResponse.BodyHandlers.ofString());
    }

    private static void awaitMetric(TestServer served, String line, double value) throws InterruptedException {
        TestServer.await(() -> {
            try {
                return served.metric(line) == value;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void whoVanishesLeavesTheirPlace() throws Exception {
        try (TestServer served = TestServer.with().bounds(2, 8, 1, 0, 0).open()) {
            double computed = 0;
            for (int round = 0; round < 5; round++) {
                for (String stream : List.of("", ", \"stream\": true", ", \"n\": 4")) {
                    CompletableFuture<HttpResponse<String>> gone = later(served, endless(stream));
                    awaitMetric(served, "candor_requests_running", stream.contains("n\"") ? 2 : 1);
                    gone.cancel(true);
                    served.awaitIdle();
                }
                computed = served.metric("candor_computed_tokens_total");
            }
            assertThat(computed).isLessThan(15 * 500);
            awaitMetric(served, "candor_http_requests_total{path=\"/v1/completions\",code=\"499\"}", 15);
            assertThat(served.complete("{\"prompt\": \"The ship\"}").path("choices"))
                    .hasSize(1);
        }
    }

    @Test
    void aFullQueueSaysWhenToComeAgain() throws Exception {
        try (TestServer served = TestServer.with().bounds(1, 2, 1, 0, 0).open()) {
            List<CompletableFuture<HttpResponse<String>>> accepted = new ArrayList<>();
            accepted.add(later(served, endless("")));
            awaitMetric(served, "candor_requests_running", 1);
            accepted.add(later(served, endless("")));
            accepted.add(later(served, endless("")));
            awaitMetric(served, "candor_requests_waiting", 2);
            HttpResponse<String> full = served.say(PATH, endless(""));
            assertThat(full.statusCode()).isEqualTo(429);
            assertThat(Integer.parseInt(full.headers().firstValue("Retry-After").orElseThrow()))
                    .isBetween(1, 60);
            JsonNode error = TestServer.JSON.readTree(full.body()).path("error");
            assertThat(error.path("code").asText()).isEqualTo("queue_full");
            for (CompletableFuture<HttpResponse<String>> each : accepted) {
                assertThat(each.get().statusCode()).isEqualTo(200);
            }
            assertThat(served.complete("{\"prompt\": \"The ship\"}").path("choices"))
                    .hasSize(1);
        }
    }

    /** Nobody has a place behind one that is taken by those who left. */
    @Test
    void whoVanishesWhileTheyWaitLeavesTheQueueAtOnce() throws Exception {
        try (TestServer served = TestServer.with().bounds(1, 2, 1, 0, 0).open()) {
            CompletableFuture<HttpResponse<String>> answered = later(served, endless(""));
            awaitMetric(served, "candor_requests_running", 1);
            CompletableFuture<HttpResponse<String>> gone = later(served, endless(", \"n\": 2"));
            awaitMetric(served, "candor_requests_waiting", 2);
            gone.cancel(true);
            awaitMetric(served, "candor_requests_waiting", 0);
            assertThat(answered).isNotDone();
            assertThat(served.say(PATH, "{\"prompt\": \"The ship\", \"n\": 2}").statusCode())
                    .isEqualTo(200);
            assertThat(answered.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void whatCannotEverFitIsRefusedAtOnce() throws Exception {
        try (TestServer served = TestServer.with().bounds(1, 2, 1, 40, 7).open()) {
            assertThat(served.complete(endless(""))
                            .at("/usage/completion_tokens")
                            .asInt())
                    .isEqualTo(7);
            JsonNode error = served.refused(400, PATH, "{\"prompt\": \"" + "word ".repeat(60) + "\"}");
            assertThat(error.path("message").asText()).contains("takes 40");
        }
    }

    @Test
    void aKeyIsWantedWhereThereIsOne() throws Exception {
        try (TestServer served = TestServer.with().key("sesame").open()) {
            for (String path : List.of("/v1/models", "/metrics")) {
                HttpResponse<String> without = served.send(served.to(path).build());
                assertThat(without.statusCode()).isEqualTo(401);
                assertThat(without.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
                assertThat(without.body()).doesNotContain("sesame");
            }
            for (String wrong :
                    List.of("Bearer", "Bearer ", "Bearer sesam", "Bearer sesame2", "Bearer Sesame", "Basic sesame")) {
                HttpRequest request =
                        served.to("/v1/models").header("Authorization", wrong).build();
                assertThat(served.send(request).statusCode()).as(wrong).isEqualTo(401);
            }
            HttpRequest right = served.to("/v1/models")
                    .header("Authorization", "Bearer sesame")
                    .build();
            assertThat(served.send(right).statusCode()).isEqualTo(200);
            assertThat(served.say(PATH, "{\"prompt\": \"a\"}").statusCode()).isEqualTo(401);
            for (String open : List.of("/health", "/", "/chat.js")) {
                assertThat(served.send(served.to(open).build()).statusCode()).isEqualTo(200);
            }
        }
    }

    @Test
    void pagesOfOthersMayNotAsk() throws Exception {
        try (TestServer served = TestServer.plain()) {
            int port = URI.create(served.url).getPort();
            for (String origin : List.of(
                    "https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "not an origin")) {
                HttpRequest request =
                        served.to("/v1/models").header("Origin", origin).build();
                HttpResponse<String> response = served.send(request);
                assertThat(response.statusCode()).as(origin).isEqualTo(403);
                assertThat(response.headers().firstValue("Access-Control-Allow-Origin"))
                        .isEmpty();
            }
            HttpRequest own = served.to("/v1/models")
                    .header("Origin", "http://127.0.0.1:" + port)
                    .build();
            assertThat(served.send(own).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void whatIsUnderWayEndsBeforeTheServerDoes() throws Exception {
        try (TestServer served = TestServer.with().bounds(2, 8, 1, 0, 0).open()) {
            JsonNode whole = served.complete(endless("")).at("/choices/0/text");
            List<CompletableFuture<HttpResponse<String>>> underWay =
                    List.of(later(served, endless("")), later(served, endless("")), later(served, endless("")));
            // All three are there: one alone waits, too, for the moment before its place is found.
            awaitMetric(served, "candor_requests_running", 2);
            awaitMetric(served, "candor_requests_waiting", 1);
            assertThat(served.service.drain(Duration.ofSeconds(60))).isTrue();
            served.ended();
            for (CompletableFuture<HttpResponse<String>> each : underWay) {
                assertThat(TestServer.JSON.readTree(each.get().body()).at("/choices/0/text"))
                        .isEqualTo(whole);
            }
            assertThat(CompletableFuture.supplyAsync(() -> {
                        try {
                            return served.send(served.to("/health").build()).statusCode();
                        } catch (Exception e) {
                            return 0;
                        }
                    }))
                    .succeedsWithin(Duration.ofSeconds(10))
                    .isEqualTo(0);
        }
    }

    @Test
    void whatTakesTooLongIsToldThatItIsGivenUp() throws Exception {
        try (TestServer served = TestServer.with().bounds(1, 8, 1, 0, 0).open()) {
            CompletableFuture<HttpResponse<InputStream>> streamed = served.http.sendAsync(
                    served.post(PATH, endless(", \"stream\": true")), HttpResponse.BodyHandlers.ofInputStream());
            awaitMetric(served, "candor_requests_running", 1);
            CompletableFuture<HttpResponse<String>> waits = later(served, endless(", \"n\": 8"));
            awaitMetric(served, "candor_requests_waiting", 8);
            assertThat(served.service.drain(Duration.ZERO)).isFalse();
            served.ended();
            assertThat(waits.get().statusCode()).isEqualTo(503);
            assertThat(waits.get().headers().firstValue("Retry-After")).isPresent();
            assertThat(waits.get().body()).contains("shutting_down");
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(streamed.get().body(), StandardCharsets.UTF_8))) {
                List<String> all = lines.lines().filter(line -> !line.isEmpty()).toList();
                assertThat(all.getLast()).contains("\"error\"").contains("shutting_down");
            }
        }
    }
}
