package candor.evaluate.judge;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.http.BoundedBody;
import candor.http.RetryAfter;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * A judge behind an OpenAI-compatible endpoint.
 *
 * <p>What may pass is tried again after a pause that doubles, or that Retry-After sets: 408, 409, 425, 429, 5xx, a time-out,
 * a broken connection, an answer that is no answer. What will not pass (a refused key, an unknown model) ends judging at
 * once. So does an endpoint that never answers anything.
 */
public final class OpenAiChat implements ChatModel {
    /** Waits; tests put another in its place. */
    public interface Pause {
        Pause REAL = (duration, ending) -> ending.await(duration);

        /** Waits so long, or until it is over anyway. */
        void of(Duration duration, Ending ending) throws InterruptedException;
    }

    /** The end of it all before all is asked: something fatal, or a stop from outside. */
    public static final class Ending {
        private final CountDownLatch fatal = new CountDownLatch(1);
        private final BooleanSupplier stopped;

        private Ending(BooleanSupplier stopped) {
            this.stopped = stopped;
        }

        private void come() {
            fatal.countDown();
        }

        private boolean hasCome() {
            return fatal.getCount() == 0 || stopped.getAsBoolean();
        }

        /** The answer, if it comes in time; after a stop from outside there is a short time left for it. */
        private <T> T await(CompletableFuture<T> answer, Duration timeout)
                throws InterruptedException, ExecutionException, TimeoutException {
            long left = timeout.toNanos();
            while (true) {
                long slice = Math.min(left, LOOK.toNanos());
                try {
                    return answer.get(slice, TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    left -= slice;
                    if (left <= 0) {
                        throw e;
                    }
                    left = stopped.getAsBoolean() ? Math.min(left, GRACE.toNanos()) : left;
                }
            }
        }

        private void await(Duration duration) throws InterruptedException {
            for (long left = duration.toNanos(); left > 0 && !hasCome(); left -= LOOK.toNanos()) {
                fatal.await(Math.min(left, LOOK.toNanos()), TimeUnit.NANOSECONDS);
            }
        }
    }

    private static final int MAX_BODY = 1 << 20;
    private static final int MAX_SHOWN = 200;

    /** How often a long wait looks whether it shall end. */
    private static final Duration LOOK = Duration.ofMillis(200);

    /** What an answer under way may still take once the user has asked to stop. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private static final Duration MAX_DELAY = Duration.ofSeconds(60);

    /** So many questions given up, and none answered yet: it will not get better. */
    private static final int HOPELESS = 8;

    private final Endpoint endpoint;
    private final Budget budget;
    private final Pause pause;
    private final HttpClient client;
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger givenUp = new AtomicInteger();

    /** What the bound on tokens is called there, and whether the model is known to reason: both may be learnt on the way. */
    private volatile String tokenField;

    private volatile boolean reasons;

    public OpenAiChat(Endpoint endpoint, Budget budget, Pause pause) {
        this.endpoint = endpoint;
        this.budget = budget;
        this.pause = pause;
        tokenField = endpoint.tokenField();
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                // A redirect would carry the key to a place that the user did not name.
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(endpoint.timeout())
                .build();
    }

    @Override
    public ObjectNode identity() {
        ObjectNode identity = JsonNodeFactory.instance
                .objectNode()
                .put(JudgeSettings.KIND.key(), JudgeSettings.Kind.ENDPOINT.word())
                .put(JudgeSettings.URL.key(), endpoint.uri().toString())
                .put(JudgeSettings.MODEL.key(), endpoint.model());
        endpoint.temperature().ifPresent(temperature -> identity.put(JudgeSettings.TEMPERATURE.key(), temperature));
        endpoint.reasoningEffort().ifPresent(effort -> identity.put(JudgeSettings.REASONING_EFFORT.key(), effort));
        return identity;
    }

    @Override
    public void complete(List<Request> requests, Sink sink) {
        if (requests.isEmpty()) {
            return;
        }
        AtomicInteger next = new AtomicInteger();
        AtomicReference<RuntimeException> fatal = new AtomicReference<>();
        // Once it ends before its time, no further request begins; those under way are paid for, and may still arrive.
        Ending ending = new Ending(sink::stopped);
        int workers = Math.min(endpoint.concurrency(), requests.size());
        budget.begin();
        try (ExecutorService pool =
                Executors.newFixedThreadPool(workers, Thread.ofVirtual().factory())) {
            Runnable work = () -> {
                for (int i = next.getAndIncrement();
                        i < requests.size() && !ending.hasCome();
                        i = next.getAndIncrement()) {
                    try {
                        Reply reply = ask(requests.get(i), ending);
                        synchronized (sink) {
                            sink.replied(i, reply);
                        }
                    } catch (InterruptedException e) {
                        end(
                                new BadInput("judging was interrupted; what was answered is kept"),
                                fatal,
                                next,
                                requests,
                                ending);
                    } catch (RuntimeException e) {
                        end(e, fatal, next, requests, ending);
                    }
                }
            };
            for (int w = 0; w < workers; w++) {
                pool.execute(work);
            }
        } finally {
            budget.end();
        }
        if (fatal.get() != null) {
            throw fatal.get();
        }
        if (ending.hasCome()) {
            throw new Stopped();
        }
    }

    private static void end(
            RuntimeException why,
            AtomicReference<RuntimeException> fatal,
            AtomicInteger next,
            List<Request> requests,
            Ending ending) {
        fatal.compareAndSet(null, why);
        next.set(requests.size());
        ending.come();
    }

    /** How one attempt went. */
    private sealed interface Attempt {
        record Done(ChatBody answer) implements Attempt {}

        /** Why there is no answer yet, and how long the server asks to wait. */
        record Trouble(String what, Optional<Duration> retryAfter) implements Attempt {}

        /** The endpoint calls the bound on tokens otherwise: to be asked again at once, by that name. */
        record OtherName() implements Attempt {}
    }

    private Reply ask(Request request, Ending ending) throws InterruptedException {
        Attempt.Trouble trouble = null;
        for (int attempt = 0; attempt <= endpoint.retries(); attempt++) {
            if (trouble != null) {
                rest(trouble, attempt, ending);
                if (ending.hasCome()) {
                    break;
                }
            }
            Attempt how = once(request, ending);
            if (how instanceof Attempt.OtherName) {
                how = once(request, ending);
            }
            switch (how) {
                case Attempt.Done(ChatBody answer) -> {
                    answered.incrementAndGet();
                    return new Reply.Text(
                            endpoint.redact(answer.content()), answer.choices(), endpoint.redact(answer.finish()));
                }
                case Attempt.Trouble found -> trouble = found;
                case Attempt.OtherName _ ->
                    trouble = new Attempt.Trouble("no name of the bound suits it", Optional.empty());
            }
        }
        String why = endpoint.redact(trouble.what());
        if (givenUp.incrementAndGet() >= HOPELESS && answered.get() == 0) {
            throw new BadInput(endpoint.uri() + ": the judge does not answer (" + why + "); " + givenUp
                    + " questions were given up, each after " + endpoint.retries() + " retries");
        }
        return new Reply.Failure(why + ", after " + endpoint.retries() + " retries");
    }

    private void rest(Attempt.Trouble trouble, int attempt, Ending ending) throws InterruptedException {
        Duration delay = trouble.retryAfter().orElseGet(() -> {
            Duration doubled = endpoint.firstDelay().multipliedBy(1L << Math.min(attempt - 1, 20));
            return doubled.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : doubled;
        });
        if (delay.compareTo(budget.remaining()) >= 0) {
            throw budget.timeIsOver();
        }
        pause.of(delay, ending);
    }

    private Attempt once(Request request, Ending ending) throws InterruptedException {
        String field = tokenField;
        int maxTokens = reasons && !endpoint.bounded() ? room(request.maxTokens()) : request.maxTokens();
        byte[] body = ChatBody.request(endpoint, request, field, maxTokens);
        // A token is at least a byte long; the few that a template adds are in the margin.
        double reservation = budget.reserve(body.length, maxTokens);
        Duration left = budget.remaining();
        Duration timeout = left.compareTo(endpoint.timeout()) < 0 ? left : endpoint.timeout();
        HttpRequest.Builder builder = HttpRequest.newBuilder(endpoint.uri())
                .header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        endpoint.key().ifPresent(key -> builder.header("Authorization", "Bearer " + key));
        // The client's own time-out ends with the headers; ours covers the body too.
        CompletableFuture<HttpResponse<byte[]>> sent =
                client.sendAsync(builder.build(), headers -> new BoundedBody(MAX_BODY));
        try {
            HttpResponse<byte[]> response = ending.await(sent, timeout);
            if (response.statusCode() == 200) {
                ChatBody answer = ChatBody.parse(response.body(), request.choices());
                budget.settle(reservation, answer.inputTokens(), answer.outputTokens());
                return new Attempt.Done(answer);
            }
            budget.release(reservation);
            return calledOtherwise(response, field) ? new Attempt.OtherName() : refusal(response);
        } catch (TimeoutException e) {
            sent.cancel(true);
            budget.settle(reservation, -1, -1);
            return new Attempt.Trouble("no answer within " + timeout.toMillis() + " ms", Optional.empty());
        } catch (ExecutionException e) {
            budget.settle(reservation, -1, -1);
            return new Attempt.Trouble(reason(e.getCause()), Optional.empty());
        } catch (IOException e) {
            budget.settle(reservation, -1, -1);
            return new Attempt.Trouble(reason(e), Optional.empty());
        } catch (InterruptedException e) {
            sent.cancel(true);
            throw e;
        }
    }

    /** What a model that reasons needs for an answer of so many tokens: at least its least, and more where more is asked for. */
    private static int room(int tokens) {
        long scaled = (long) tokens * ModelJudge.REASONING_TOKENS / ModelJudge.DEFAULT_TOKENS;
        return Math.clamp(scaled, ModelJudge.REASONING_TOKENS, Integer.MAX_VALUE);
    }

    /** Whether the endpoint says that max_tokens is called max_completion_tokens there, as for models that reason. */
    private boolean calledOtherwise(HttpResponse<byte[]> response, String field) {
        boolean otherwise = response.statusCode() == 400
                && field.equals(Endpoint.MAX_TOKENS)
                && new String(response.body(), StandardCharsets.UTF_8).contains(Endpoint.MAX_COMPLETION_TOKENS);
        if (otherwise) {
            tokenField = Endpoint.MAX_COMPLETION_TOKENS;
            reasons = true;
        }
        return otherwise;
    }

    private Attempt.Trouble refusal(HttpResponse<byte[]> response) {
        int status = response.statusCode();
        String said = "status " + status + said(response.body());
        if (status == 401 || status == 403) {
            throw new BadInput(endpoint.redact(endpoint.uri() + ": the judge refuses the key (" + said
                    + "); is the variable that --judge-key-env names set to a valid one?"));
        }
        boolean passing = status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
        if (!passing) {
            throw new BadInput(endpoint.redact(endpoint.uri() + ": the judge refuses the request (" + said
                    + "); check --judge-url and --judge-model " + endpoint.model()
                    + (said.contains("temperature") ? "; --judge-temperature none sends no temperature" : "")));
        }
        return new Attempt.Trouble(
                said,
                response.headers()
                        .firstValue("Retry-After")
                        .flatMap(header -> RetryAfter.parse(header, Instant.now())));
    }

    private String said(byte[] body) {
        // Without the key before it is cut: half a key would not be found any more.
        String text = endpoint.redact(new String(body, StandardCharsets.UTF_8)).strip();
        return text.isEmpty() ? "" : ": " + text.substring(0, Math.min(MAX_SHOWN, text.length()));
    }

    private static String reason(Throwable thrown) {
        if (thrown instanceof ConnectException) {
            return "no connection"; // the JDK's own exception has no message
        }
        String message = thrown.getMessage();
        return message == null || message.isBlank() ? thrown.getClass().getSimpleName() : message;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
