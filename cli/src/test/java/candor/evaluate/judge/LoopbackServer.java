package candor.evaluate.judge;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP server on loopback that can do what no good server does: it writes whatever bytes a test wants. */
public final class LoopbackServer implements AutoCloseable {
    /** A request as it came. */
    public record Received(String head, String body) {}

    /** Answers the n-th request, n from 0, on the raw stream; the connection closes behind it. */
    public interface Handler {
        void answer(int n, Received request, OutputStream out) throws IOException, InterruptedException;
    }

    private final ServerSocket socket;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger mostOpen = new AtomicInteger();

    public LoopbackServer(Handler handler) throws IOException {
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        threads.execute(() -> {
            while (!socket.isClosed()) {
                try {
                    Socket connection = socket.accept();
                    threads.execute(() -> serve(connection, handler));
                } catch (IOException e) {
                    return; // closed
                }
            }
        });
    }

    private void serve(Socket connection, Handler handler) {
        try (connection) {
            Received request = read(connection.getInputStream());
            if (request == null) {
                return;
            }
            mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
            received.add(request);
            try {
                handler.answer(count.getAndIncrement(), request, connection.getOutputStream());
                connection.getOutputStream().flush();
            } finally {
                open.decrementAndGet();
            }
        } catch (IOException e) {
            return; // the client went away, which is its right
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Received read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.write(b);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        int length = text.lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
                .mapToInt(line ->
                        Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()))
                .findFirst()
                .orElse(0);
        return new Received(text, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    public String url() {
        return "http://127.0.0.1:" + socket.getLocalPort() + "/v1";
    }

    public List<Received> received() {
        return received;
    }

    /** The most requests that were under way at once. */
    int mostOpen() {
        return mostOpen.get();
    }

    /** A response with the right length. */
    public static void respond(OutputStream out, String status, String headers, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        out.write(("HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + bytes.length
                        + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        out.write(bytes);
    }

    /** A completion whose message has this content. */
    public static String completion(String content) {
        var json = JsonNodeFactory.instance.objectNode();
        json.putArray("choices")
                .addObject()
                .putObject("message")
                .put("role", "assistant")
                .put("content", content);
        json.putObject("usage").put("prompt_tokens", 100).put("completion_tokens", 10);
        return json.toString();
    }

    public static void say(OutputStream out, String content) throws IOException {
        respond(out, "200 OK", "Content-Type: application/json\r\n", completion(content));
    }

    @Override
    public void close() throws IOException {
        socket.close();
        threads.shutdownNow();
    }
}
