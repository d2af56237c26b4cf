package candor.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchServerTest {
    @TempDir
    Path temp;

    private WatchServer server;

    @BeforeEach
    void open() throws IOException {
        Files.writeString(temp.resolve("run.json"), "{\"config\":{},\"status\":\"done\",\"steps\":3}");
        Files.writeString(temp.resolve("metrics.jsonl"), "{\"step\":3,\"loss\":0.5}\n");
        server = WatchServer.open(new Board(temp), 0);
    }

    @AfterEach
    void close() {
        server.close();
    }

    private String ask(String first, String... headers) throws IOException {
        URI url = URI.create(server.url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            StringBuilder request = new StringBuilder(first + " HTTP/1.1\r\nConnection: close\r\n");
            for (String header : headers) {
                request.append(header).append("\r\n");
            }
            socket.getOutputStream().write((request + "\r\n").getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String host() {
        return "Host: " + URI.create(server.url()).getAuthority();
    }

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    @Test
    void thePageAsksNothingOfOthers() throws IOException {
        assertThat(server.url()).startsWith("http://127.0.0.1:");
        String page = ask("GET /", host());
        assertThat(page)
                .startsWith("HTTP/1.1 200 OK")
                .contains("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';"
                        + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n")
                .contains("x-content-type-options: nosniff")
                .contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>")
                .contains(">done</span>");
        assertThat(page).doesNotContain("style=").doesNotContainPattern("(src|href)=\"(?!/watch\\.)");
        assertThat(body(ask("GET /watch.css", host()))).contains("--paper").contains(".badge");
        assertThat(body(ask("GET /watch.js", host()))).contains("fetch('/live'").doesNotContain("http");
    }

    @Test
    void onlyWhatChangedIsSent() throws IOException {
        JsonNode all = new ObjectMapper().readTree(body(ask("GET /live?x=1", host())));
        assertThat(all).hasSize(2);
        assertThat(all.get(0).path("html").textValue()).startsWith("<section");
        StringBuilder have = new StringBuilder("X-Candor-Have: nonsense,,=,");
        all.forEach(part -> have.append(part.get("id").asText())
                .append('=')
                .append(part.get("hash").asText())
                .append(','));
        JsonNode none = new ObjectMapper().readTree(body(ask("GET /live", host(), have.toString())));
        assertThat(none).hasSize(2).allSatisfy(part -> assertThat(part.has("html"))
                .isFalse());
    }

    @Test
    void othersAreSentAway() throws IOException {
        assertThat(ask("GET /", "Host: attacker.example")).startsWith("HTTP/1.1 403 ");
        assertThat(ask("GET /")).startsWith("HTTP/1.1 400 ");
        assertThat(ask("GET /live", host(), "Origin: http://attacker.example")).startsWith("HTTP/1.1 403 ");
        assertThat(ask("POST /", host(), "Content-Length: 0"))
                .startsWith("HTTP/1.1 405 ")
                .contains("Allow: GET");
        for (String path : new String[] {"/run.json", "/../run.json", "/%2e%2e/", "//", "/watch.js/", "/live/"}) {
            assertThat(ask("GET " + path, host())).as(path).startsWith("HTTP/1.1 404 ");
        }
    }

    @Test
    void aPortThatIsTakenIsToldInALine() {
        int port = URI.create(server.url()).getPort();
        assertThatThrownBy(() -> WatchServer.open(new Board(temp), port))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("cannot listen on 127.0.0.1:" + port);
    }
}
