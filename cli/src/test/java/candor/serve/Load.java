package candor.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Many conversations from many clients at once, some of whom vanish in the middle of a reply. Each conversation is one of a few
 * that are had again and again, so that every reply is known from the first time on.
 *
 * <p>By hand: {@code java … candor.serve.Load http://127.0.0.1:8000 MODEL,MODEL CLIENTS CONVERSATIONS ROUNDS} prints a line for each
 * round.
 */
final class Load {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int KINDS = 40;
    private static final int TURNS = 4;
    private static final List<String> SAID = List.of(
            "Hello! What can you do?",
            "What is the name of the ship?",
            "Count the words: one two three four five.",
            "Are you sure?",
            "Thank you.");

    private final String url;
    private final List<String> models;
    private final Map<String, String> replies = new ConcurrentHashMap<>();
    private final AtomicInteger whole = new AtomicInteger();
    private final AtomicInteger vanished = new AtomicInteger();
    private final AtomicInteger turnedAway = new AtomicInteger();
    private final AtomicInteger different = new AtomicInteger();

    /** What a round came to. */
    record Outcome(int whole, int vanished, int turnedAway, int different) {}

    Load(String url, List<String> models) {
        this.url = url;
        this.models = models;
    }

    /** Has so many conversations, each client one after another. */
    Outcome round(int clients, int conversations, long seed) throws Exception {
        whole.set(0);
        vanished.set(0);
        turnedAway.set(0);
        different.set(0);
        AtomicInteger next = new AtomicInteger();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = IntStream.range(0, clients)
                    .<Future<?>>mapToObj(client -> threads.submit(() -> {
                        try (HttpClient http = HttpClient.newHttpClient()) {
                            for (int i = next.getAndIncrement(); i < conversations; i = next.getAndIncrement()) {
                                converse(http, i, new SplittableRandom(seed + i));
                            }
                        }
                        return null;
                    }))
                    .toList();
            for (Future<?> each : all) {
                each.get();
            }
        }
        return new Outcome(whole.get(), vanished.get(), turnedAway.get(), different.get());
    }

    private void converse(HttpClient http, int number, SplittableRandom random)
            throws IOException, InterruptedException {
        int kind = number % KINDS;
        ObjectNode body = JSON.createObjectNode()
                .put("model", models.get(kind % models.size()))
                .put("seed", kind)
                .put("temperature", kind % 3 == 0 ? 0 : 1)
                .put("max_tokens", 40)
                .put("stream", true);
        ArrayNode messages = body.putArray("messages");
        for (int turn = 0; turn < TURNS; turn++) {
            messages.addObject().put("role", "user").put("content", SAID.get((kind + turn) % SAID.size()));
            boolean stays = random.nextInt(8) > 0;
            String reply = reply(http, body, stays ? Integer.MAX_VALUE : random.nextInt(6));
            if (reply == null) {
                vanished.incrementAndGet();
                return;
            }
            String before = replies.putIfAbsent(kind + "/" + turn, reply);
            if (before != null && !before.equals(reply)) {
                different.incrementAndGet();
            }
            messages.addObject().put("role", "assistant").put("content", reply);
        }
        whole.incrementAndGet();
    }

    /** The reply; null for a client that has gone after so many lines. */
    private String reply(HttpClient http, ObjectNode body, int leavesAfter) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .timeout(Duration.ofMinutes(5))
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        while (true) {
            HttpResponse<InputStream> response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                if (response.statusCode() == 429) {
                    turnedAway.incrementAndGet();
                    lines.readLine();
                    Thread.sleep(Duration.ofMillis(100L
                            * Integer.parseInt(
                                    response.headers().firstValue("Retry-After").orElseThrow())));
                    continue;
                }
                if (response.statusCode() != 200) {
                    throw new IOException(response.statusCode() + " " + lines.readLine());
                }
                return read(lines, leavesAfter);
            }
        }
    }

    private static String read(BufferedReader lines, int leavesAfter) throws IOException {
        StringBuilder text = new StringBuilder();
        String reason = null;
        int count = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (count++ == leavesAfter) {
                return null;
            }
            if (line.equals("data: [DONE]")) {
                if (reason == null) {
                    throw new IOException("an end without a reason");
                }
                return text.toString();
            }
            if (line.startsWith("data: ")) {
                JsonNode choice =
                        JSON.readTree(line.substring(6)).path("choices").path(0);
                text.append(choice.at("/delta/content").asText(""));
                reason = choice.path("finish_reason").asText(reason);
            }
        }
        throw new IOException("a stream that ended without its end, after " + count + " lines");
    }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Load load = new Load(args[0], List.of(args[1].split(",")));
        for (int round = 0; round < Integer.parseInt(args[4]); round++) {
            long begun = System.nanoTime();
            Outcome outcome = load.round(Integer.parseInt(args[2]), Integer.parseInt(args[3]), 1000L * round);
            System.out.printf("round %d: %s in %.1f s%n", round, outcome, (System.nanoTime() - begun) / 1e9);
        }
    }
}
