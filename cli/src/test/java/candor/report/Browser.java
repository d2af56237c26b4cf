package candor.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A Chromium without a window, spoken to by the DevTools protocol. */
public final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What the page asked for, said or complained about. */
    private final List<String> requests = new ArrayList<>();

    private final List<String> complaints = new ArrayList<>();
    private final BlockingQueue<JsonNode> messages = new LinkedBlockingQueue<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final WebSocket socket;
    private int last;

    /** The browser's program, if this machine has one. */
    public static Optional<Path> program() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    public Browser(Path program, Path profile) throws Exception {
        process = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--hide-scrollbars",
                        "--no-first-run",
                        "--disable-dev-shm-usage",
                        "--user-data-dir=" + profile,
                        "--remote-debugging-port=0",
                        "--remote-allow-origins=*",
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Path port = profile.resolve("DevToolsActivePort");
        for (int i = 0;
                i < 600 && (!Files.exists(port) || Files.readAllLines(port).size() < 2);
                i++) {
            if (!process.isAlive()) {
                throw new IOException("the browser ended with " + process.exitValue());
            }
            Thread.sleep(50);
        }
        List<String> lines = Files.readAllLines(port);
        JsonNode targets = JSON.readTree(http.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + lines.getFirst() + "/json/list"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body());
        String url = "";
        for (JsonNode target : targets) {
            if (target.path("type").asText().equals("page")) {
                url = target.path("webSocketDebuggerUrl").asText();
            }
        }
        socket = http.newWebSocketBuilder()
                .buildAsync(URI.create(url), new Listener())
                .get(30, TimeUnit.SECONDS);
        for (String domain : List.of("Page", "Network", "Runtime", "Log")) {
            send(domain + ".enable");
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean end) {
            text.append(part);
            if (end) {
                try {
                    messages.add(JSON.readTree(text.toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private JsonNode send(String method, Object... parameters) throws Exception {
        ObjectNode message = JSON.createObjectNode().put("id", ++last).put("method", method);
        ObjectNode params = message.putObject("params");
        for (int i = 0; i < parameters.length; i += 2) {
            params.set((String) parameters[i], JSON.valueToTree(parameters[i + 1]));
        }
        socket.sendText(message.toString(), true).get(30, TimeUnit.SECONDS);
        while (true) {
            JsonNode answer = next();
            if (answer.path("id").asInt() == last) {
                if (answer.has("error")) {
                    throw new IOException(method + ": " + answer.path("error"));
                }
                return answer.path("result");
            }
        }
    }

    private JsonNode next() throws Exception {
        JsonNode message = messages.poll(120, TimeUnit.SECONDS);
        if (message == null) {
            throw new IOException("the browser does not answer");
        }
        switch (message.path("method").asText()) {
            case "Network.requestWillBeSent" ->
                requests.add(message.at("/params/request/url").asText());
            case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded" ->
                complaints.add(message.path("params").toString());
            default -> {}
        }
        return message;
    }

    /** Opens a file at a width in CSS pixels; dark or light. */
    void open(Path file, int width, boolean dark) throws Exception {
        open(file, width, 900, dark);
    }

    void open(Path file, int width, int height, boolean dark) throws Exception {
        open(file.toUri().toString(), width, height, dark);
    }

    /** Opens a page. */
    public void open(String url, int width, int height, boolean dark) throws Exception {
        send(
                "Emulation.setDeviceMetricsOverride",
                "width",
                width,
                "height",
                height,
                "deviceScaleFactor",
                1,
                "mobile",
                width < 600);
        send(
                "Emulation.setEmulatedMedia",
                "features",
                List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light")));
        send("Page.navigate", "url", url);
        while (!next().path("method").asText().equals("Page.loadEventFired")) {}
    }

    /** Shows the open page as it prints, before it is cut into sheets. */
    void asPrinted() throws Exception {
        send("Emulation.setEmulatedMedia", "media", "print");
    }

    /** What an expression comes to in the page. */
    public JsonNode evaluate(String expression) throws Exception {
        JsonNode result = send("Runtime.evaluate", "expression", expression, "returnByValue", true);
        if (result.has("exceptionDetails")) {
            throw new IOException(result.path("exceptionDetails").toString());
        }
        return result.at("/result/value");
    }

    /** A picture of a part of the page. */
    public void screenshot(Path to, int top, int height, int width) throws Exception {
        JsonNode result = send(
                "Page.captureScreenshot",
                "captureBeyondViewport",
                true,
                "clip",
                Map.of("x", 0, "y", top, "width", width, "height", height, "scale", 1));
        Files.write(to, Base64.getDecoder().decode(result.path("data").asText()));
    }

    /** The page as it prints. */
    byte[] pdf() throws Exception {
        JsonNode result = send("Page.printToPDF", "printBackground", true, "preferCSSPageSize", true);
        return Base64.getDecoder().decode(result.path("data").asText());
    }

    public List<String> requests() {
        return requests;
    }

    public List<String> complaints() {
        return complaints;
    }

    @Override
    public void close() throws IOException {
        try {
            try {
                send("Browser.close");
            } finally {
                if (!process.waitFor(20, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
                }
                http.shutdownNow();
            }
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
