package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.serve.http.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that mean no good, or know no better, byte by byte. After each, the server answers as before. */
@Timeout(60)
class ConnectionTest {
    private static TestServer served;

    @BeforeAll
    static void open() {
        served = TestServer.with()
                .limits(new Limits(20, 4096, 1 << 16, 1 << 18, Duration.ofMillis(800), Duration.ofMillis(1500)))
                .open();
    }

    @AfterAll
    static void close() throws InterruptedException {
        served.close();
    }

    @AfterEach
    void itStillAnswers() throws Exception {
        assertThat(raw("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200");
        served.awaitIdle();
    }

    private static Socket socket() throws IOException {
        return new Socket(
                InetAddress.getLoopbackAddress(), URI.create(served.url).getPort());
    }

    /** Everything that comes until the server closes. */
    private static String all(Socket socket) throws IOException {
        StringBuilder all = new StringBuilder();
        byte[] buffer = new byte[4096];
        InputStream in = socket.getInputStream();
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                all.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            }
        } catch (SocketException e) {
            // closed with bytes of ours unread: what came before counts
        }
        return all.toString();
    }

    private static String raw(String request) throws IOException {
        try (Socket socket = socket()) {
            write(socket, request);
            return all(socket);
        }
    }

    private static void write(Socket socket, String text) throws IOException {
        try {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (SocketException e) {
            // refused already
        }
    }

    private static String post(String body, String... headers) {
        return "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + String.join("", headers)
                + "Content-Length: " + body.getBytes(StandardCharsets.ISO_8859_1).length + "\r\n\r\n" + body;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
                "GET / HTTP/1.1\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000 hello in TLS \r\n\r\n",
                "nonsense\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 6\r\n\r\nhello",
                "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            })
    void whatIsNotHttpIsRefused(String request) throws Exception {
        assertThat(raw(request)).matches("(?s)HTTP/1\\.1 4\\d\\d .*\"error\".*");
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, 200",
        "LOCALHOST:8000, 200",
        "127.0.0.1, 200",
        "127.0.0.2:1, 200",
        "[::1]:8000, 200",
        "evil.example, 403",
        "localhost.evil.example, 403",
        "127.0.0.1.evil.example, 403",
        "127.0.0.1:x, 403",
        "10.0.0.1, 403",
        "'', 403",
    })
    void anotherMachinesNameIsNotOurs(String host, int status) throws Exception {
        assertThat(raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 " + status);
    }

    @Test
    void longLinesAndHeadersAreRefused() throws Exception {
        assertThat(raw("GET /" + "a".repeat(10_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 414");
        assertThat(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(10_000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: a\r\n".repeat(2000) + "\r\n"))
                .startsWith("HTTP/1.1 431");
    }

    @Test
    void slowRequestsAreRefusedHoweverTheirBytesCome() throws Exception {
        String whole = post("{\"prompt\": \"a\"}");
        for (int start : new int[] {5, whole.length() - 5}) {
            try (Socket socket = socket()) {
                write(socket, whole.substring(0, start));
                Thread drip = Thread.ofVirtual().start(() -> {
                    try {
                        for (int i = start; i < whole.length(); i++) {
                            Thread.sleep(250);
                            write(socket, whole.substring(i, i + 1));
                        }
                    } catch (IOException | InterruptedException e) {
                        // refused
                    }
                });
                assertThat(all(socket)).startsWith("HTTP/1.1 408");
                drip.interrupt();
                drip.join();
            }
        }
    }

    @Test
    void whoSaysNothingIsLetGo() throws Exception {
        try (Socket socket = socket()) {
            assertThat(all(socket)).isEmpty();
        }
        try (Socket socket = socket()) {
            write(socket, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(all(socket)).startsWith("HTTP/1.1 200").contains("keep-alive");
        }
    }

    @Test
    void largeBodiesAreRefusedBeforeTheyAreThere() throws Exception {
        String head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        assertThat(raw(head + "Content-Length: 99999999999\r\n\r\n")).startsWith("HTTP/1.1 413");
        assertThat(raw(head + "Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n"))
                .startsWith("HTTP/1.1 413");
        String chunk = "2000\r\n" + " ".repeat(0x2000) + "\r\n";
        assertThat(raw(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk.repeat(10)))
                .startsWith("HTTP/1.1 413");
        assertThat(raw(post("{\"prompt\": \"a\"}", "Expect: 100-continue\r\n", "Connection: close\r\n")))
                .startsWith("HTTP/1.1 100 Continue")
                .contains("HTTP/1.1 200");
    }

    /** It sends all that it has to say before it reads: most clients do. */
    @Test
    void whoSendsTooMuchIsToldWhenTheyHaveSentIt() throws Exception {
        try (Socket socket = socket()) {
            OutputStream out = socket.getOutputStream();
            byte[] piece = new byte[1 << 16];
            out.write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + 200L * piece.length
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            for (int i = 0; i < 200; i++) {
                out.write(piece);
            }
            assertThat(all(socket)).startsWith("HTTP/1.1 413").contains("more than 65536 bytes");
        }
    }

    /** What is refused is not read for ever, either. */
    @Test
    void whoGoesOnSendingIsLetGo() throws Exception {
        try (Socket socket = socket()) {
            OutputStream out = socket.getOutputStream();
            out.write("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
                    .getBytes(StandardCharsets.ISO_8859_1));
            assertThat(all(socket)).startsWith("HTTP/1.1 413");
            assertThatThrownBy(() -> {
                        while (true) {
                            out.write(0);
                            Thread.sleep(10);
                        }
                    })
                    .isInstanceOf(SocketException.class);
        }
    }

    @Test
    void bodiesThatAreBeingAnsweredCountUntilTheyAre() throws Exception {
        String large = post("{\"prompt\": \"The ship\", \"max_tokens\": 480, \"ignore_eos\": true, \"n\": 8"
                + " ".repeat(60_000) + "}");
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                sockets.add(socket());
                write(sockets.getLast(), large.replace("Host:", "Connection: close\r\nHost:"));
            }
            List<String> answers = new ArrayList<>();
            for (Socket socket : sockets) {
                answers.add(all(socket));
            }
            assertThat(answers).anyMatch(answer -> answer.startsWith("HTTP/1.1 503"));
            assertThat(answers).anyMatch(answer -> answer.startsWith("HTTP/1.1 200"));
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        for (int i = 0; i < 8; i++) { // they leave nothing behind that counts
            assertThat(raw(post(
                            "{\"prompt\": \"a\", \"max_tokens\": 1" + " ".repeat(60_000) + "}",
                            "Connection: close\r\n")))
                    .startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void manyHalfBodiesTogetherHaveABound() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try {
            String half = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65000\r\n\r\n"
                    + "a".repeat(60_000);
            for (int i = 0; i < 5; i++) {
                sockets.add(socket());
                write(sockets.getLast(), half);
            }
            List<String> answers = new ArrayList<>();
            for (Socket socket : sockets) {
                answers.add(all(socket));
            }
            assertThat(answers).anyMatch(answer -> answer.startsWith("HTTP/1.1 503"));
            assertThat(answers).anyMatch(answer -> answer.startsWith("HTTP/1.1 408"));
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void moreConnectionsThanThereMayBeAreSentAway() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 30; i++) {
                sockets.add(socket());
            }
            assertThat(all(sockets.getLast())).startsWith("HTTP/1.1 503").contains("too many connections");
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        TestServer.await(() -> {
            try {
                return raw("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        .startsWith("HTTP/1.1 200");
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"prompt\": \"a\u00ff\u00fe\"}",
                "{\"prompt\": \"a\u00c3\"}",
                "{\"prompt\": \"a\u00ed\u00a0\u0080\"}",
                "\u00ff\u00fe{\u0000}\u0000",
            })
    void whatIsNotUtf8IsRefused(String body) throws Exception {
        assertThat(raw(post(body, "Connection: close\r\n")))
                .startsWith("HTTP/1.1 400")
                .contains("UTF-8");
    }

    @Test
    void deepAndLongJsonIsRefused() throws Exception {
        assertThat(raw(post("[".repeat(30_000), "Connection: close\r\n")))
                .startsWith("HTTP/1.1 400")
                .contains("not JSON");
        assertThat(raw(post("{\"a\":".repeat(10_000), "Connection: close\r\n"))).startsWith("HTTP/1.1 400");
        assertThat(raw(post("{\"max_tokens\": 1" + "0".repeat(30_000) + "}", "Connection: close\r\n")))
                .startsWith("HTTP/1.1 400");
    }

    @Test
    void requestsOneBehindAnotherAreAnsweredInTheirOrder() throws Exception {
        String one = post("{\"prompt\": \"The ship\", \"max_tokens\": 30, \"ignore_eos\": true}");
        String answers = raw(one + "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + one
                + "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertThat(answers.split("HTTP/1.1 200 OK", -1)).hasSize(5);
        assertThat(answers).containsSubsequence("text_completion", "\"ok\"", "text_completion", "\"list\"");
    }

    @Test
    void tooManyBehindOneAnotherEndTheConnection() throws Exception {
        String one = post("{\"prompt\": \"The ship\", \"max_tokens\": 400, \"ignore_eos\": true}");
        assertThat(raw(one.repeat(40))).doesNotContain("\"finish_reason\":null");
    }

    /** It has said all that it will, and reads: an end of what it sends is the end of it. */
    @Test
    void whoClosesTheirHalfIsGone() throws Exception {
        double before = served.metric("candor_http_requests_total{path=\"/v1/completions\",code=\"499\"}");
        try (Socket socket = socket()) {
            write(socket, post("{\"prompt\": \"The ship\", \"max_tokens\": 480, \"ignore_eos\": true}"));
            Thread.sleep(20);
            socket.shutdownOutput();
            assertThat(all(socket)).isEmpty();
        }
        TestServer.await(() -> {
            try {
                return served.metric("candor_http_requests_total{path=\"/v1/completions\",code=\"499\"}") > before;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void anOldClientIsAnswered() throws Exception {
        assertThat(raw("GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"))
                .contains("200 OK")
                .endsWith("{\"status\":\"ok\"}");
        String body = "{\"prompt\": \"The ship\", \"stream\": true, \"max_tokens\": 4}";
        String answer = raw(post(body).replace("HTTP/1.1", "HTTP/1.0"));
        assertThat(answer)
                .contains("text/event-stream")
                .endsWith("data: [DONE]\n\n")
                .doesNotContain("chunked");
    }

    /** It asks for a lot and reads none of it. */
    @Test
    void whoReadsNothingIsLetGo() throws Exception {
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(1024);
            socket.connect(new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), URI.create(served.url).getPort()));
            OutputStream out = socket.getOutputStream();
            String one = post(
                    "{\"prompt\": \"The ship\", \"max_tokens\": 480, \"ignore_eos\": true, \"stream\": true, \"n\": 8,"
                            + " \"logprobs\": 20}");
            out.write(one.getBytes(StandardCharsets.ISO_8859_1));
            Thread.sleep(500);
            served.awaitIdle();
        }
    }
}
