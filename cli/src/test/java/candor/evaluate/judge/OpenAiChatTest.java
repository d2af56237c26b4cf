package candor.evaluate.judge;

import static candor.evaluate.judge.LoopbackServer.completion;
import static candor.evaluate.judge.LoopbackServer.respond;
import static candor.evaluate.judge.LoopbackServer.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.ChatModel.Reply;
import candor.evaluate.judge.ChatModel.Request;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The endpoint judge against a real server on loopback, which behaves well, badly, and worse. */
@Timeout(60)
class OpenAiChatTest {
    private static final String KEY = "sk-test-0123456789";

    private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());

    private void pause(Duration duration, OpenAiChat.Ending ending) {
        pauses.add(duration);
    }

    private static Endpoint endpoint(String url, int concurrency, int retries, Duration timeout) {
        return new Endpoint(
                Endpoint.address(url),
                "judge-1",
                Optional.of(KEY),
                Optional.of(0.0),
                Optional.empty(),
                "max_tokens",
                false,
                concurrency,
                retries,
                Duration.ofMillis(100),
                timeout);
    }

    private OpenAiChat chat(LoopbackServer server, int concurrency, int retries, Duration timeout) {
        return new OpenAiChat(endpoint(server.url(), concurrency, retries, timeout), Budget.unlimited(), this::pause);
    }

    private static List<Reply> complete(ChatModel chat, int n) {
        Reply[] replies = new Reply[n];
        chat.complete(
                IntStream.range(0, n)
                        .mapToObj(i -> new Request(List.of(new Turn("system", "s"), Turn.user("question " + i)), 500))
                        .toList(),
                (i, reply) -> {
                    assertThat(replies[i]).as("asked once").isNull();
                    replies[i] = reply;
                });
        return Arrays.asList(replies);
    }

    /** One question to a server that misbehaves once, with one retry. */
    private List<Reply> afterOneMishap(LoopbackServer.Handler mishap) throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    if (n == 0) {
                        mishap.answer(n, request, out);
                    } else {
                        say(out, "Answer: A");
                    }
                });
                OpenAiChat chat = chat(server, 1, 1, Duration.ofSeconds(5))) {
            return complete(chat, 1);
        }
    }

    @Test
    void aKeyAtTheEdgeOfWhatIsShownIsHiddenWhole() throws IOException {
        // "status 500: " and 200 characters of the body are shown: the key would be cut in its middle.
        String body = "x".repeat(200 - KEY.length() / 2) + KEY + " is down";
        try (LoopbackServer server =
                        new LoopbackServer((n, request, out) -> respond(out, "500 Internal Server Error", "", body));
                OpenAiChat chat = chat(server, 1, 0, Duration.ofSeconds(10))) {
            assertThat(complete(chat, 1).toString()).contains("status 500: x").doesNotContain(KEY.substring(0, 4));
        }
    }

    @Test
    void aRefusedConnectionIsSaidInWords() throws IOException {
        String url;
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(out, "Yes"))) {
            url = server.url();
        }
        try (OpenAiChat chat =
                new OpenAiChat(endpoint(url, 1, 0, Duration.ofSeconds(10)), Budget.unlimited(), this::pause)) {
            assertThat(complete(chat, 1)).containsExactly(new Reply.Failure("no connection, after 0 retries"));
        }
    }

    @Test
    void theRequestHasTheShapeOfTheApi() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(out, "Yes"));
                OpenAiChat chat = chat(server, 1, 0, Duration.ofSeconds(10))) {
            assertThat(complete(chat, 1)).containsExactly(new Reply.Text("Yes"));
            LoopbackServer.Received received = server.received().getFirst();
            assertThat(received.head())
                    .startsWith("POST /v1/chat/completions HTTP/1.1\r\n")
                    .contains("Authorization: Bearer " + KEY, "Content-Type: application/json");
            JsonNode body = new ObjectMapper().readTree(received.body());
            assertThat(body.path("model").asText()).isEqualTo("judge-1");
            assertThat(body.path("temperature").asDouble(-1)).isZero();
            assertThat(body.path("max_tokens").asInt()).isEqualTo(500);
            assertThat(body.path("messages").toString())
                    .isEqualTo(
                            "[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"question 0\"}]");
            assertThat(received.body()).doesNotContain(KEY);
        }
    }

    @Test
    void manyAreUnderWayAtOnceAndNoMoreThanAllowed() throws IOException {
        CyclicBarrier together = new CyclicBarrier(4); // opens only if four requests are there at the same time
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    try {
                        together.await(30, TimeUnit.SECONDS);
                    } catch (Exception e) {
                        throw new IOException(e);
                    }
                    String question = request.body().replaceAll(".*question (\\d+).*", "$1");
                    say(out, "reply " + question);
                });
                OpenAiChat chat = chat(server, 4, 0, Duration.ofSeconds(40))) {
            List<Reply> replies = complete(chat, 12);
            for (int i = 0; i < 12; i++) {
                assertThat(replies.get(i)).isEqualTo(new Reply.Text("reply " + i));
            }
            assertThat(server.mostOpen()).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "429 Too Many Requests",
                "500 Internal Server Error",
                "502 Bad Gateway",
                "503 Service Unavailable",
                "529 Overloaded",
                "408 Request Timeout"
            })
    void whatMayPassIsTriedAgain(String status) throws IOException {
        assertThat(afterOneMishap((n, request, out) -> respond(out, status, "", "busy")))
                .containsExactly(new Reply.Text("Answer: A"));
        assertThat(pauses).containsExactly(Duration.ofMillis(100));
    }

    @Test
    void halfAJsonIsTriedAgain() throws IOException {
        String half = completion("Answer: B").substring(0, 40);
        assertThat(afterOneMishap((n, request, out) -> respond(out, "200 OK", "", half)))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void htmlIsTriedAgain() throws IOException {
        assertThat(afterOneMishap((n, request, out) ->
                        respond(out, "200 OK", "Content-Type: text/html\r\n", "<html>Answer: B</html>")))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[]", "null", "", "{\"choices\":[]}", "{\"choices\":[{\"text\":\"Answer: B\"}]}"})
    void anotherShapeIsTriedAgain(String body) throws IOException {
        assertThat(afterOneMishap((n, request, out) -> respond(out, "200 OK", "", body)))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void aDroppedConnectionIsTriedAgain() throws IOException {
        assertThat(afterOneMishap((n, request, out) -> out.close())).containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void aBodyShorterThanItsHeaderSaysIsTriedAgain() throws IOException {
        assertThat(afterOneMishap((n, request, out) -> {
                    raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + completion("Answer: B"));
                }))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void aBodyLongerThanItsHeaderSaysIsTriedAgain() throws IOException {
        assertThat(afterOneMishap((n, request, out) -> {
                    raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + completion("Answer: B"));
                }))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void tenMegabytesAreBrokenOffAndTriedAgain() throws IOException {
        String large = completion("Answer: B" + "x".repeat(10 << 20));
        assertThat(afterOneMishap((n, request, out) -> respond(out, "200 OK", "", large)))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void tenMegabytesWithoutALengthAreBrokenOffToo() throws IOException {
        byte[] chunk = ("10000\r\n" + "y".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        assertThat(afterOneMishap((n, request, out) -> {
                    raw(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                    for (int i = 0; i < 160; i++) {
                        out.write(chunk);
                    }
                }))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    @Test
    void tenMegabytesOfAnErrorAreBrokenOffToo() throws IOException {
        String large = "x".repeat(10 << 20);
        assertThat(afterOneMishap((n, request, out) -> respond(out, "500 Oh", "", large)))
                .containsExactly(new Reply.Text("Answer: A"));
    }

    private static void raw(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    @Test
    void aServerThatDelaysIsLeft() throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    if (n == 0) {
                        over.await(); // says nothing at all
                    } else if (n == 1) {
                        raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"); // begins, and goes silent
                        over.await();
                    } else {
                        say(out, "Answer: A");
                    }
                });
                OpenAiChat chat = chat(server, 1, 2, Duration.ofMillis(400))) {
            assertThat(complete(chat, 1)).containsExactly(new Reply.Text("Answer: A"));
            over.countDown();
            assertThat(server.received()).hasSize(3);
        }
    }

    @Test
    void pausesDoubleAndRetryAfterIsObeyed() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    switch (n) {
                        case 0, 1, 2 -> respond(out, "500 Oh", "", "");
                        case 3 -> respond(out, "429 Slow", "Retry-After: 7\r\n", "");
                        case 4 -> respond(out, "503 Wait", "Retry-After: soon\r\n", "");
                        default -> say(out, "Yes");
                    }
                });
                OpenAiChat chat = chat(server, 1, 6, Duration.ofSeconds(10))) {
            assertThat(complete(chat, 1)).containsExactly(new Reply.Text("Yes"));
            assertThat(pauses)
                    .containsExactly(
                            Duration.ofMillis(100),
                            Duration.ofMillis(200),
                            Duration.ofMillis(400),
                            Duration.ofSeconds(7),
                            Duration.ofMillis(1600));
        }
    }

    @Test
    void whatDoesNotPassInTimeIsAFailureAndOthersGoOn() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    if (request.body().contains("question 1")) {
                        respond(out, "500 Oh", "", "cannot: " + KEY);
                    } else {
                        say(out, "Yes");
                    }
                });
                OpenAiChat chat = chat(server, 1, 2, Duration.ofSeconds(10))) {
            List<Reply> replies = complete(chat, 3);
            assertThat(replies.get(0)).isEqualTo(new Reply.Text("Yes"));
            assertThat(replies.get(1)).isEqualTo(new Reply.Failure("status 500: cannot: ***, after 2 retries"));
            assertThat(replies.get(2)).isEqualTo(new Reply.Text("Yes"));
            assertThat(server.received()).hasSize(1 + 3 + 1);
        }
    }

    @Test
    void anEndpointThatNeverAnswersEndsIt() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> respond(out, "500 Oh", "", "down"));
                OpenAiChat chat = chat(server, 1, 1, Duration.ofSeconds(10))) {
            assertThatThrownBy(() -> complete(chat, 100))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("the judge does not answer (status 500: down)");
            assertThat(server.received()).hasSize(16); // eight questions, each asked twice
        }
    }

    @Test
    void nobodyThereIsSaid() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0)) {
            port = closed.getLocalPort();
        }
        Endpoint endpoint = endpoint("http://127.0.0.1:" + port + "/v1", 2, 0, Duration.ofSeconds(5));
        try (OpenAiChat chat = new OpenAiChat(endpoint, Budget.unlimited(), this::pause)) {
            assertThatThrownBy(() -> complete(chat, 20))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("the judge does not answer");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"401 Unauthorized", "403 Forbidden", "404 Not Found", "400 Bad Request", "302 Found"})
    void whatWillNotPassEndsItAtOnceWithoutTheKey(String status) throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) ->
                        respond(out, status, "Location: http://127.0.0.1:1/\r\n", "no: " + request.head()));
                OpenAiChat chat = chat(server, 1, 5, Duration.ofSeconds(10))) {
            assertThatThrownBy(() -> complete(chat, 5))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("status " + status.substring(0, 3))
                    .hasMessageNotContaining(KEY);
            assertThat(server.received()).hasSize(1);
        }
    }

    @Test
    void aServerThatRepeatsTheKeyDoesNotGetItIntoAReply() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(out, "Yes " + request.head()));
                OpenAiChat chat = chat(server, 1, 0, Duration.ofSeconds(10))) {
            assertThat(((Reply.Text) complete(chat, 1).getFirst()).text())
                    .contains("Bearer ***")
                    .doesNotContain(KEY);
            assertThat(chat.identity().toString()).doesNotContain(KEY);
            assertThat(endpoint(server.url(), 1, 0, Duration.ofSeconds(1)).toString())
                    .doesNotContain(KEY);
        }
    }

    @Test
    void theBoundOnMoneyHoldsAndIsReserved() throws IOException {
        // 100 tokens in at 10 and 10 out at 100 a million are 0.002 a question; the most it can cost is far above.
        Budget budget = new Budget(Optional.empty(), Optional.of(0.06), 10, 100, System::nanoTime);
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(out, "Yes"));
                OpenAiChat chat =
                        new OpenAiChat(endpoint(server.url(), 1, 0, Duration.ofSeconds(10)), budget, this::pause)) {
            assertThatThrownBy(() -> complete(chat, 100))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("the judge's bound on cost is reached");
            assertThat(budget.spent()).isBetween(0.002, 0.06);
            int asked = server.received().size();
            assertThat(budget.spent()).isCloseTo(asked * 0.002, org.assertj.core.api.Assertions.within(1e-9));
        }
    }

    @Test
    void theBoundOnTimeHolds() throws IOException {
        AtomicLong now = new AtomicLong();
        Budget budget = new Budget(Optional.of(Duration.ofSeconds(60)), Optional.empty(), 0, 0, now::get);
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    now.addAndGet(Duration.ofSeconds(25).toNanos());
                    say(out, "Yes");
                });
                OpenAiChat chat =
                        new OpenAiChat(endpoint(server.url(), 1, 0, Duration.ofSeconds(10)), budget, this::pause)) {
            assertThatThrownBy(() -> complete(chat, 100))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("--judge-max-seconds 60");
            assertThat(server.received()).hasSize(3);
        }
    }

    /** What a study does between two benchmarks is not judging. */
    @Test
    void timeBetweenQuestionsIsNotCounted() throws IOException {
        AtomicLong now = new AtomicLong();
        Budget budget = new Budget(Optional.of(Duration.ofSeconds(60)), Optional.empty(), 0, 0, now::get);
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    now.addAndGet(Duration.ofSeconds(25).toNanos());
                    say(out, "Yes");
                });
                OpenAiChat chat =
                        new OpenAiChat(endpoint(server.url(), 1, 0, Duration.ofSeconds(10)), budget, this::pause)) {
            complete(chat, 2);
            now.addAndGet(Duration.ofHours(1).toNanos());
            assertThat(complete(chat, 1)).hasSize(1);
            now.addAndGet(Duration.ofHours(1).toNanos());
            assertThatThrownBy(() -> complete(chat, 1))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("bound on time");
        }
    }

    @Test
    void aPauseBeyondTheBoundOnTimeIsNotWaitedFor() throws IOException {
        Budget budget = new Budget(Optional.of(Duration.ofSeconds(60)), Optional.empty(), 0, 0, () -> 0);
        try (LoopbackServer server =
                        new LoopbackServer((n, request, out) -> respond(out, "429 Slow", "Retry-After: 100\r\n", ""));
                OpenAiChat chat =
                        new OpenAiChat(endpoint(server.url(), 1, 3, Duration.ofSeconds(10)), budget, this::pause)) {
            assertThatThrownBy(() -> complete(chat, 1))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("bound on time");
            assertThat(pauses).isEmpty();
        }
    }

    @Test
    void whatIsUnderWayAtAnEndIsDeliveredTooAndPausesEnd() throws IOException {
        List<Integer> delivered = new ArrayList<>();
        CountDownLatch ended = new CountDownLatch(1);
        CountDownLatch paused = new CountDownLatch(1);
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    if (request.body().contains("question 0")) {
                        paused.await();
                        respond(out, "401 Unauthorized", "", "");
                    } else if (request.body().contains("question 1")) {
                        ended.await();
                        say(out, "Yes");
                    } else {
                        respond(out, "429 Slow", "Retry-After: 600\r\n", "");
                    }
                });
                OpenAiChat chat = new OpenAiChat(
                        endpoint(server.url(), 3, 3, Duration.ofSeconds(30)),
                        Budget.unlimited(),
                        (duration, ending) -> {
                            paused.countDown();
                            OpenAiChat.Pause.REAL.of(duration, ending);
                            ended.countDown();
                        })) {
            List<Request> requests = IntStream.range(0, 9)
                    .mapToObj(i -> new Request(List.of(Turn.user("question " + i)), 500))
                    .toList();
            assertThatThrownBy(() -> chat.complete(requests, (i, reply) -> {
                        if (reply instanceof Reply.Text) {
                            delivered.add(i);
                        }
                    }))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("refuses the key");
            assertThat(delivered).containsExactly(1);
            assertThat(server.received()).hasSize(3);
        }
    }

    @Test
    void aStopFromOutsideEndsALongPause() throws IOException {
        CountDownLatch waiting = new CountDownLatch(1);
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    respond(out, "429 Slow", "Retry-After: 600\r\n", "");
                    waiting.countDown();
                });
                OpenAiChat chat = new OpenAiChat(
                        endpoint(server.url(), 1, 3, Duration.ofSeconds(30)),
                        Budget.unlimited(),
                        OpenAiChat.Pause.REAL)) {
            ChatModel.Sink sink = new ChatModel.Sink() {
                @Override
                public void replied(int request, Reply reply) {}

                @Override
                public boolean stopped() {
                    return waiting.getCount() == 0;
                }
            };
            assertThatThrownBy(() -> chat.complete(List.of(new Request(List.of(Turn.user("q")), 5)), sink))
                    .isInstanceOf(Stopped.class);
            assertThat(server.received()).hasSize(1);
        }
    }

    @Test
    void whatWasAnsweredBeforeAnEndIsDelivered() throws IOException {
        List<Integer> delivered = new ArrayList<>();
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                    if (n < 3) {
                        say(out, "Yes");
                    } else {
                        respond(out, "401 Unauthorized", "", "");
                    }
                });
                OpenAiChat chat = chat(server, 1, 0, Duration.ofSeconds(10))) {
            List<Request> requests = Collections.nCopies(9, new Request(List.of(Turn.user("q")), 500));
            assertThatThrownBy(() -> chat.complete(requests, (i, reply) -> delivered.add(i)))
                    .isInstanceOf(BadInput.class);
            assertThat(delivered).containsExactly(0, 1, 2);
        }
    }

    private static Endpoint reasoning(LoopbackServer server, Optional<String> effort, boolean bounded) {
        return new Endpoint(
                Endpoint.address(server.url()),
                "judge-1",
                Optional.of(KEY),
                Optional.empty(),
                effort,
                "max_tokens",
                bounded,
                1,
                0,
                Duration.ofMillis(100),
                Duration.ofSeconds(5));
    }

    private static List<String> bodies(LoopbackServer server) {
        return server.received().stream().map(LoopbackServer.Received::body).toList();
    }

    /** As OpenAI's models that reason refuse the older name; what they then get is room for that. */
    @Test
    void theNameOfTheBoundIsLearntFromTheEndpointsError() throws Exception {
        for (boolean bounded : new boolean[] {false, true}) {
            try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
                        if (request.body().contains("\"max_tokens\"")) {
                            respond(
                                    out,
                                    "400 Bad Request",
                                    "",
                                    "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with this"
                                            + " model. Use 'max_completion_tokens' instead.\"}}");
                        } else {
                            say(out, "Answer: A");
                        }
                    });
                    OpenAiChat chat = new OpenAiChat(
                            reasoning(server, Optional.empty(), bounded), Budget.unlimited(), OpenAiChat.Pause.REAL)) {
                assertThat(complete(chat, 2)).containsExactly(new Reply.Text("Answer: A"), new Reply.Text("Answer: A"));
                List<String> bodies = bodies(server);
                assertThat(bodies)
                        .as("once by the wrong name, then by the right one")
                        .hasSize(3);
                int tokens = bounded ? 500 : 4096;
                assertThat(bodies.get(0)).contains("\"max_tokens\":500");
                assertThat(bodies.get(1)).contains("\"max_completion_tokens\":" + tokens);
                assertThat(bodies.get(2)).contains("\"max_completion_tokens\":" + tokens);
            }
        }
    }

    @Test
    void theEffortOfReasoningIsSentAndRecorded() throws Exception {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(out, "Yes"));
                OpenAiChat chat = new OpenAiChat(
                        reasoning(server, Optional.of("low"), true), Budget.unlimited(), OpenAiChat.Pause.REAL)) {
            complete(chat, 1);
            assertThat(bodies(server).getFirst()).contains("\"reasoning_effort\":\"low\"");
            assertThat(chat.identity().path("reasoning_effort").asText()).isEqualTo("low");
        }
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(out, "Yes"))) {
            assertThatThrownBy(() -> reasoning(server, Optional.of("very much"), true))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("--judge-reasoning-effort very much: must be a word such as");
        }
    }

    @Test
    void whyAReplyEndedIsRead() throws Exception {
        String[] bodies = {
            "{\"choices\":[{\"finish_reason\":\"length\",\"message\":{\"content\":\"Yes, but\"}}]}",
            "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":null,\"refusal\":\"I cannot.\"}}]}",
            "{\"choices\":[{\"finish_reason\":\"content_filter\",\"message\":{\"content\":\"\"}}]}",
            "{\"choices\":[{\"finish_reason\":null,\"message\":{\"content\":\"Yes\"}}]}"
        };
        List<String> finishes = new ArrayList<>();
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> respond(out, "200 OK", "", bodies[n]));
                OpenAiChat chat = chat(server, 1, 0, Duration.ofSeconds(5))) {
            complete(chat, bodies.length).forEach(reply -> finishes.add(((Reply.Text) reply).finish()));
        }
        assertThat(finishes).containsExactly("length", "refused", "content_filter", "stop");
    }
}
