package candor.watch;

import candor.BadInput;
import candor.io.IoReason;
import candor.serve.http.Exchange;
import candor.serve.http.Gone;
import candor.serve.http.Handler;
import candor.serve.http.HttpServer;
import candor.serve.http.Limits;
import candor.serve.http.OwnSite;
import candor.serve.http.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The page behind a port of this machine that no other machine reaches. */
public final class WatchServer implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final Limits LIMITS =
            new Limits(64, 32 << 10, 1 << 10, 1 << 20, Duration.ofSeconds(10), Duration.ofSeconds(75));

    private final HttpServer server;

    private WatchServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Begins to answer.
     *
     * @param port 0 for any that is free
     */
    public static WatchServer open(Board board, int port) {
        try {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(HOST), port);
            return new WatchServer(HttpServer.open(address, LIMITS, new Answers(new WatchPage(board))));
        } catch (IOException e) {
            throw new BadInput(
                    "cannot listen on " + HOST + ":" + port + ": " + IoReason.of(e), "choose another {port}", e);
        }
    }

    /** Where it listens, as {@code http://127.0.0.1:PORT}. */
    public String url() {
        return "http://" + HOST + ":" + server.address().getPort();
    }

    @Override
    public void close() {
        server.close();
    }

    /** Four paths, which are read alone. */
    private record Answers(WatchPage page) implements Handler {
        @Override
        public void handle(Exchange exchange) throws Gone, InterruptedException {
            exchange.reply(answer(exchange));
        }

        private Reply answer(Exchange exchange) {
            Optional<String> refusal = OwnSite.refusal(exchange, true);
            if (refusal.isPresent()) {
                return refuse(403, refusal.get());
            }
            Optional<Reply> reply =
                    switch (exchange.path()) {
                        case "/" -> Optional.of(page.whole());
                        case "/live" ->
                            Optional.of(
                                    page.changed(exchange.header(WatchPage.HAVE).orElse("")));
                        case "/watch.css" -> Optional.of(page.style());
                        case "/watch.js" -> Optional.of(page.script());
                        default -> Optional.empty();
                    };
            if (reply.isEmpty()) {
                return refuse(404, "there is nothing at this path: the page is at /");
            }
            return exchange.method().equals("GET")
                    ? reply.get()
                    : refuse(405, "only GET is answered here").with("Allow", "GET");
        }

        @Override
        public Reply refuse(int status, String message) {
            return new Reply(
                    status, "text/plain; charset=utf-8", (message + "\n").getBytes(StandardCharsets.UTF_8), Map.of());
        }
    }
}
