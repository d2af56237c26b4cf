package candor.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import candor.serve.ServiceSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpServerTest {
    /** Its thread is in the server's hands still: what it says next would find no one. */
    @Test
    void itIsQuietOnceHandlersHaveLeftAndNotWhenClientsHave() throws Exception {
        CountDownLatch leave = new CountDownLatch(1);
        Handler handler = new Handler() {
            @Override
            public void handle(Exchange exchange) throws InterruptedException, Gone {
                exchange.reply(Reply.json(200, "{}"));
                leave.await();
            }

            @Override
            public Reply refuse(int status, String message) {
                return Reply.json(status, "{}");
            }
        };
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (HttpServer server = HttpServer.open(any, ServiceSettings.LIMITS, handler)) {
            try (Socket client = new Socket(any.getAddress(), server.address().getPort())) {
                client.getOutputStream()
                        .write("GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
                                .getBytes(StandardCharsets.UTF_8));
                assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .startsWith("HTTP/1.1 200 ");
            }
            server.drain();
            assertThat(server.awaitQuiet(Duration.ofMillis(200))).isFalse();
            leave.countDown();
            assertThat(server.awaitQuiet(Duration.ofSeconds(30))).isTrue();
        }
    }
}
