package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;

import candor.lora.Adapter;
import candor.lora.AdapterLayout;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.ModelFolder;
import candor.ops.BackendDescriptor;
import candor.serve.http.Limits;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.world.EmbeddedModel;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** The embedded model, served to a test. */
final class TestServer implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();

    final ServiceSettings settings;
    final Service service;
    final String url;
    final HttpClient http = HttpClient.newHttpClient();
    private final Thread runner;
    private Throwable failure;

    private TestServer(ServiceSettings settings) {
        this.settings = settings;
        service = Service.open(settings);
        url = service.url();
        runner = Thread.ofPlatform().daemon().start(() -> {
            try {
                service.run();
            } catch (Throwable e) {
                failure = e;
            }
        });
    }

    /** What is not usual about it. */
    static final class With {
        private final Map<String, Path> adapters = new LinkedHashMap<>();
        private ServiceSettings.Bounds bounds = new ServiceSettings.Bounds(8, 64, 4, 0, 0);
        private Limits limits = ServiceSettings.LIMITS;
        private Optional<String> key = Optional.empty();
        private Optional<Path> loadsFrom = Optional.empty();

        With adapter(String name, Path folder) {
            adapters.put(name, folder);
            return this;
        }

        With bounds(int running, int waiting, int adapters, int positions, int newTokens) {
            bounds = new ServiceSettings.Bounds(running, waiting, adapters, positions, newTokens);
            return this;
        }

        With limits(Limits other) {
            limits = other;
            return this;
        }

        With key(String text) {
            key = Optional.of(text);
            return this;
        }

        With loadsFrom(Path folder) throws IOException {
            loadsFrom = Optional.of(folder.toRealPath());
            return this;
        }

        TestServer open() {
            return new TestServer(new ServiceSettings(
                    EmbeddedModel.folder(),
                    null,
                    null,
                    "tiny-world",
                    adapters,
                    BackendDescriptor.CPU,
                    2,
                    new InetSocketAddress("127.0.0.1", 0),
                    bounds,
                    backend -> 64L << 20,
                    limits,
                    TemplateChoice.DEFAULT,
                    SpecialTextPolicy.REFUSE,
                    key,
                    loadsFrom,
                    "candor-test"));
        }
    }

    static With with() {
        return new With();
    }

    static TestServer plain() {
        return with().open();
    }

    /** Writes an adapter that changes a lot. */
    static Path adapter(Path folder, int rank, long seed) {
        try (Arena arena = Arena.ofConfined()) {
            LoraConfig config = new LoraConfig(rank, 2 * rank, false, LoraConfig.projections(List.of("all-linear")));
            Memory memory = Memory.of(arena);
            Adapter adapter = Adapter.frozen(
                    memory,
                    new AdapterLayout(ModelFolder.at(EmbeddedModel.folder()).config(), config));
            SplittableRandom random = new SplittableRandom(seed);
            float[] values = new float[adapter.layout().length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.3 * random.nextGaussian());
            }
            memory.upload(adapter.parameters(), values);
            PeftFiles.write(folder, adapter, null);
        }
        return folder;
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(60));
    }

    HttpRequest post(String path, String body) {
        return to(path).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> say(String path, String body) throws IOException, InterruptedException {
        return send(post(path, body));
    }

    /** The answer to what must be answered. */
    JsonNode ask(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = say(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    JsonNode chat(String body) throws IOException, InterruptedException {
        return ask("/v1/chat/completions", body);
    }

    JsonNode complete(String body) throws IOException, InterruptedException {
        return ask("/v1/completions", body);
    }

    /** The events of a stream, without its end, which must be there. */
    List<JsonNode> stream(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = say(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/event-stream");
        List<JsonNode> events = new ArrayList<>();
        String[] parts = response.body().split("\n\n");
        for (String part : parts) {
            assertThat(part).startsWith("data: ");
            if (!part.equals("data: [DONE]")) {
                events.add(JSON.readTree(part.substring(6)));
            }
        }
        assertThat(parts[parts.length - 1]).isEqualTo("data: [DONE]");
        return events;
    }

    /** The error with which something is refused. */
    JsonNode refused(int status, String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = say(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return JSON.readTree(response.body()).path("error");
    }

    /** A number from the page of metrics. */
    double metric(String line) throws IOException, InterruptedException {
        return send(to("/metrics").build())
                .body()
                .lines()
                .filter(text -> text.startsWith(line + " "))
                .mapToDouble(text -> Double.parseDouble(text.substring(line.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    static void await(BooleanSupplier holds) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!holds.getAsBoolean()) {
            assertThat(System.nanoTime()).as("what was awaited has not come").isLessThan(end);
            Thread.sleep(5);
        }
    }

    void awaitIdle() throws InterruptedException {
        await(() -> {
            try {
                return metric("candor_requests_running") == 0 && metric("candor_requests_waiting") == 0;
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    void ended() throws InterruptedException {
        runner.join(Duration.ofSeconds(30));
        assertThat(runner.isAlive()).isFalse();
        assertThat(failure).isNull();
    }

    @Override
    public void close() {
        try {
            service.drain(Duration.ZERO);
            ended();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        service.close();
        http.shutdownNow();
    }
}
