package candor.serve;

import candor.serve.http.Exchange;
import candor.serve.http.Gone;
import candor.serve.http.Handler;
import candor.serve.http.Reply;
import candor.serve.work.Served;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Guards a request, and has it answered. */
public final class Api implements Handler {
    private static final Logger LOG = LoggerFactory.getLogger(Api.class);
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private static final String MODELS = "/v1/models";
    private static final String OTHER = "other";
    private static final int LARGE_BYTES = 1 << 16;
    /** What others call a request whose client did not wait for the answer; nobody is told. */
    private static final int CLIENT_GONE = 499;

    /** Answers one kind of request. */
    private interface Route {
        /** @return what was done, for a line of the log; empty for none */
        String answer(Exchange exchange) throws ApiError, Gone, InterruptedException;
    }

    private final Serving serving;
    private final Guard guard;
    private final AdapterLoading loading;
    private final Metrics metrics = new Metrics();
    private final TokenTexts texts;
    private final Semaphore turns =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2), true);
    private final Map<String, Map<String, Route>> routes;

    public Api(Serving serving) {
        this.serving = serving;
        guard = new Guard(serving.apiKey(), serving.localHostsOnly());
        loading = new AdapterLoading(serving);
        texts = new TokenTexts(serving.tokenizer());
        routes = Map.of(
                "/health",
                Map.of("GET", this::health),
                "/metrics",
                Map.of("GET", this::metrics),
                MODELS,
                Map.of("GET", this::models),
                "/v1/chat/completions",
                Map.of("POST", this::chat),
                "/v1/completions",
                Map.of("POST", this::completion),
                "/v1/load_lora_adapter",
                Map.of("POST", loading::load),
                "/v1/unload_lora_adapter",
                Map.of("POST", loading::unload));
        metrics.add("candor_requests_waiting", "gauge", "Requests that wait for a place.", serving.desk()::waiting);
        metrics.add("candor_requests_running", "gauge", "Requests that are being answered.", serving.desk()::running);
        Runtime runtime = Runtime.getRuntime();
        metrics.add(
                "candor_heap_used_bytes",
                "gauge",
                "The Java heap in use, with what is not collected yet.",
                () -> runtime.totalMemory() - runtime.freeMemory());
    }

    /** Adds a number to the page of metrics. */
    public void meter(String name, String type, String help, DoubleSupplier value) {
        metrics.add(name, type, help, value);
    }

    /** Nothing is taken in any more. */
    static ApiError closing() {
        return ApiError.notNow(503, "shutting_down", "the server is about to end and takes nothing in any more", 5);
    }

    @Override
    public Reply refuse(int status, String message) {
        metrics.request(OTHER, status);
        return ApiError.refused(status, message).reply();
    }

    @Override
    public void handle(Exchange exchange) throws Gone, InterruptedException {
        long begun = System.nanoTime();
        Optional<Map<String, Route>> found = route(exchange.path());
        String path = known(exchange.path(), found.isPresent());
        String done = "";
        int status;
        try {
            done = answer(exchange, found);
            status = exchange.status();
        } catch (ApiError e) {
            status = e.status();
            done = e.label();
            exchange.reply(e.reply());
        } catch (Gone e) {
            status = CLIENT_GONE;
            done = "the client is gone";
        } catch (RuntimeException | Error e) {
            status = 500;
            LOG.error("this is a bug in Candor: please report it with the lines below", e);
            if (exchange.status() == 0) {
                exchange.reply(ApiError.ours("something went wrong here, which the server's log tells")
                        .reply());
            }
        }
        long nanos = System.nanoTime() - begun;
        metrics.request(path, status);
        if (path.endsWith("completions") && status == 200) {
            metrics.answered(nanos);
        }
        if (exchange.method().equals("POST") || status >= 400) {
            LOG.info("{} {} {}", path, status, String.format(Locale.ROOT, "%.3f s; %s", nanos / 1e9, done));
        }
    }

    private String answer(Exchange exchange, Optional<Map<String, Route>> found)
            throws ApiError, Gone, InterruptedException {
        guard.requireHost(exchange);
        Map<String, Route> methods = found.orElseThrow(
                () -> ApiError.refused(404, "there is nothing at this path: GET /v1/models lists the models"));
        Route route = methods.get(exchange.method().equals("HEAD") ? "GET" : exchange.method());
        if (route == null) {
            String allowed = String.join(", ", methods.keySet());
            throw ApiError.refused(405, "only " + allowed + " is answered here").with("Allow", allowed);
        }
        if (exchange.path().startsWith("/v1/") || exchange.path().equals("/metrics")) {
            guard.requireKey(exchange);
        }
        if (exchange.method().equals("POST")) {
            guard.requireJson(exchange);
        }
        return route.answer(exchange);
    }

    private Optional<Map<String, Route>> route(String path) {
        if (Page.has(path)) {
            return Optional.of(Map.of("GET", exchange -> {
                exchange.reply(Page.reply(path));
                return "";
            }));
        }
        if (path.startsWith(MODELS + "/")) {
            return Optional.of(Map.of("GET", this::model));
        }
        return Optional.ofNullable(routes.get(path));
    }

    /** A path as metrics and the log name it: nothing that clients made up. */
    private static String known(String path, boolean found) {
        return !found ? OTHER : path.startsWith(MODELS + "/") ? MODELS + "/{id}" : path;
    }

    private String health(Exchange exchange) throws Gone, InterruptedException {
        exchange.reply(Reply.json(200, "{\"status\":\"ok\"}"));
        return "";
    }

    private String metrics(Exchange exchange) throws Gone, InterruptedException {
        byte[] text = metrics.text().getBytes(StandardCharsets.UTF_8);
        exchange.reply(new Reply(200, "text/plain; version=0.0.4; charset=utf-8", text, Map.of()));
        return "";
    }

    private String models(Exchange exchange) throws Gone, InterruptedException {
        ObjectNode answer = JSON.objectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        serving.models().all().forEach(model -> data.add(describe(model)));
        exchange.reply(Reply.json(200, answer.toString()));
        return "";
    }

    private String model(Exchange exchange) throws ApiError, Gone, InterruptedException {
        String name = decoded(exchange.path().substring(MODELS.length() + 1));
        Served model = serving.models()
                .find(name)
                .orElseThrow(() -> ApiError.unknownModel("there is no model '" + AskReader.shown(name) + "'"));
        exchange.reply(Reply.json(200, describe(model).toString()));
        return "";
    }

    private static String decoded(String name) throws ApiError {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw ApiError.bad(null, "the model's name in the path is not encoded as in URLs");
        }
    }

    private ObjectNode describe(Served model) {
        String base = serving.models().base().name();
        ObjectNode node = JSON.objectNode()
                .put("id", model.name())
                .put("object", "model")
                .put("created", model.since().getEpochSecond())
                .put("owned_by", "candor")
                .put("root", base)
                .put("max_model_len", serving.positions());
        return model.name().equals(base) ? node.putNull("parent") : node.put("parent", base);
    }

    /** Makes out what is asked. */
    private interface Reader {
        Ask read(Serving serving, Fields fields) throws ApiError;
    }

    /** Tokenizing keeps a processor: those with a lot of text take turns, so that others are answered meanwhile. */
    private Ask read(Exchange exchange, Reader reader) throws ApiError, InterruptedException {
        boolean takesTurns = exchange.body().length > LARGE_BYTES;
        if (takesTurns) {
            turns.acquire();
        }
        try {
            return reader.read(serving, Fields.of(exchange.body()));
        } finally {
            if (takesTurns) {
                turns.release();
            }
        }
    }

    private String chat(Exchange exchange) throws ApiError, Gone, InterruptedException {
        Ask ask = read(exchange, ChatReader::read);
        return new Answering(serving, ask, new ChatShape(ask, texts), metrics).answer(exchange);
    }

    private String completion(Exchange exchange) throws ApiError, Gone, InterruptedException {
        Ask ask = read(exchange, CompletionReader::read);
        Shape shape = new CompletionShape(ask, texts);
        return new Answering(serving, ask, shape, metrics).answer(exchange);
    }
}
