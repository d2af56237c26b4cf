package candor.hub;

import candor.BadInput;
import candor.http.BoundedBody;
import candor.http.RetryAfter;
import candor.io.JsonFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;

/**
 * Asks the Hub. The token goes to the Hub's own scheme, host and port alone, so redirects are followed here and not by the JDK's client:
 * large files are sent from elsewhere, without it.
 */
final class HubClient implements AutoCloseable {
    /** How often something is tried that may pass, without any progress in between. */
    static final int ATTEMPTS = 5;

    private static final int ATTEMPTS_WITHOUT_ANSWER = 2;

    /** What the Hub may take longer for than for an answer out of its head, such as a commit. */
    private static final Duration PATIENCE_FOR_WORK = Duration.ofMinutes(2);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final int MOST_REDIRECTS = 5;
    private static final int MOST_BODY = 16 << 20;
    private static final int MOST_ERROR = 1 << 16;
    private static final int MOST_PORT = 65_535;
    private static final Set<String> SCHEMES = Set.of("http", "https");
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    /** Seconds until a limit begins again, as the Hub says them (draft-ietf-httpapi-ratelimit-headers). */
    private static final Pattern RESET = Pattern.compile("(?:^|;)\\s*t=(\\d{1,6})\\b");

    private static final Pattern NEXT = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"?next\"?");

    private static final JsonMapper JSON = new JsonMapper(JsonFile.strict());

    private final HubSettings settings;
    private final Surroundings around;
    private final HubErrors errors;
    private final HttpClient client;

    /** Whether anything has answered: a line that was never there is not waited for so long. */
    private volatile boolean answered;

    HubClient(HubSettings settings, Surroundings around) {
        this.settings = settings;
        this.around = around;
        errors = new HubErrors(settings);
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // files in parallel, each on a connection of its own
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.patience())
                .build();
    }

    /** An address of the Hub: its parts are put behind the endpoint, each already encoded. */
    URI address(String rest) {
        return URI.create(settings.endpoint() + "/" + rest);
    }

    /** An address that the Hub names, where it may be any of the web; not to an unprotected one from a protected one. */
    URI named(String address) {
        URI target = resolved(settings.endpoint(), address);
        if (settings.endpoint().getScheme().equalsIgnoreCase("https")
                && !target.getScheme().equalsIgnoreCase("https")) {
            throw new BadInput(settings.endpoint() + ": names an unprotected address at " + host(target)
                    + "; nothing is sent there");
        }
        return target;
    }

    /** A path or revision as part of an address; slashes stay. */
    static String encoded(String path) {
        return Arrays.stream(path.split("/", -1)).map(HubClient::encodedPart).collect(Collectors.joining("/"));
    }

    /** The same, whose slashes are part of it. */
    static String encodedPart(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** An answer in JSON. */
    record Page(JsonNode json, Optional<URI> next) {}

    /** Asks for JSON, again where that may help. */
    Page get(RepoName repo, URI uri) throws InterruptedException {
        return persist(repo, () -> {
            Answer<byte[]> answer = follow(uri, Map.of("Accept", "application/json"), _ -> new BoundedBody(MOST_BODY));
            if (answer.status() != 200) {
                throw refused(repo, null, answer.by(), answer.status(), answer.headers(), answer.body());
            }
            Optional<URI> next = Optional.empty();
            Matcher link = NEXT.matcher(answer.headers().firstValue("Link").orElse(""));
            if (link.find()) {
                URI target = resolved(uri, link.group(1));
                if (!isHub(target)) {
                    throw new BadInput(settings.endpoint() + ": continues its list at another server, " + host(target));
                }
                next = Optional.of(target);
            }
            return new Page(read(answer.body()), next);
        });
    }

    private JsonNode read(byte[] body) throws Passing {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new Passing("an answer that is not JSON");
        } catch (IOException e) {
            throw new IllegalStateException("an array of bytes can be read", e);
        }
    }

    /** Sends JSON or the like to the Hub, once; an answer that is not a success is refused in words. */
    JsonNode send(RepoName repo, URI uri, Map<String, String> headers, byte[] body)
            throws InterruptedException, Passing {
        long start = System.nanoTime();
        HttpResponse<byte[]> response = exchange(
                uri,
                "POST",
                headers,
                BodyPublishers.ofByteArray(body),
                _ -> new BoundedBody(MOST_BODY),
                () -> start + PATIENCE_FOR_WORK.toNanos());
        if (response.statusCode() / 100 != 2) {
            throw refused(repo, null, uri, response.statusCode(), response.headers(), response.body());
        }
        return response.body().length == 0 ? JSON.createObjectNode() : read(response.body());
    }

    /**
     * Sends a part of a file to whatever address the Hub names for it.
     *
     * @param length in bytes
     * @param lastByte when the last of them was taken, on the clock of {@link System#nanoTime}
     * @return the headers of the answer
     */
    HttpHeaders put(
            RepoName repo, String path, URI uri, Supplier<InputStream> bytes, long length, LongSupplier lastByte)
            throws InterruptedException, Passing {
        HttpResponse<byte[]> response = exchange(
                uri,
                "PUT",
                Map.of(),
                BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(bytes), length),
                _ -> new BoundedBody(MOST_BODY),
                lastByte);
        int status = response.statusCode();
        if (status / 100 == 2) {
            return response.headers();
        }
        if (HubErrors.passes(status)) {
            throw refused(repo, path, uri, status, response.headers(), response.body());
        }
        throw new BadInput(repo.name() + ": " + host(uri) + " does not take " + path + " (status " + status + ")");
    }

    /**
     * The beginning of a file's bytes.
     *
     * @param from which byte they begin at
     * @param etag what the Hub itself says of the file it sends or redirects to; empty where it says nothing
     */
    record Bytes(InputStream in, long from, Optional<String> etag) {}

    /** One attempt at a file, from a byte on; a server may begin at the first one all the same. */
    Bytes open(RepoName repo, RepoFile file, URI uri, long from) throws InterruptedException, Passing {
        // Without a word on encodings a server may compress, and ranges would count other bytes.
        Map<String, String> headers = from == 0
                ? Map.of("Accept-Encoding", "identity")
                : Map.of("Accept-Encoding", "identity", "Range", "bytes=" + from + "-");
        Answer<InputStream> answer = follow(uri, headers, BodyHandlers.ofInputStream());
        boolean ranged = answer.status() == 206;
        if (answer.status() == 200 || ranged) {
            long begins = ranged ? begins(answer.headers(), file, from) : 0;
            if (begins < 0) {
                closeQuietly(answer.body());
                throw new Passing("another range than was asked for");
            }
            return new Bytes(answer.body(), begins, answer.etag());
        }
        throw refused(repo, file.path(), answer.by(), answer.status(), answer.headers(), beginning(answer.body()));
    }

    /** Where a range begins; -1 for one that was not asked for, or is of a file of another length. */
    private static long begins(HttpHeaders headers, RepoFile file, long from) {
        Matcher range = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)")
                .matcher(headers.firstValue("Content-Range").orElse(""));
        boolean right = range.matches()
                && Long.parseLong(range.group(1)) == from
                && (range.group(3).equals("*") || Long.parseLong(range.group(3)) == file.size());
        return right ? from : -1;
    }

    /** A server's words as they may be shown: see {@link HubErrors#shown}. */
    String shown(String words) {
        return errors.shown(words);
    }

    /** What to throw for an answer that is no success. */
    private BadInput refused(RepoName repo, String path, URI by, int status, HttpHeaders headers, byte[] body)
            throws Passing {
        if (HubErrors.passes(status)) {
            String said = errors.said(headers, body);
            Optional<Duration> after = headers.firstValue("Retry-After")
                    .flatMap(header -> RetryAfter.parse(header, Instant.now()))
                    .or(() -> headers.firstValue("RateLimit").flatMap(HubClient::reset));
            throw new Passing("status " + status + (said.isEmpty() ? "" : ": " + said), after, false);
        }
        if (status == 416) {
            throw new Passing("status 416: the file ends before that", Optional.empty(), true);
        }
        if (!isHub(by)) {
            // A store knows nothing of repositories and tokens, whatever its words are.
            return new BadInput(repo.name() + ": " + host(by) + ", where the Hub keeps " + (path == null ? "it" : path)
                    + ", answers with status " + status + "; try again later");
        }
        return errors.of(repo, path, status, headers, body);
    }

    private static Optional<Duration> reset(String header) {
        Matcher seconds = RESET.matcher(header);
        return seconds.find() ? RetryAfter.parse(seconds.group(1), Instant.now()) : Optional.empty();
    }

    /** One attempt at something. */
    @FunctionalInterface
    interface Attempt<T> {
        T make() throws InterruptedException, Passing;
    }

    /** Tries again, after longer and longer pauses, what may pass. */
    <T> T persist(RepoName repo, Attempt<T> attempt) throws InterruptedException {
        for (int n = 1; ; n++) {
            try {
                return attempt.make();
            } catch (Passing trouble) {
                rest(repo, n, trouble, around.stopped());
            }
        }
    }

    /**
     * Waits before another attempt.
     *
     * @param attempts made so far without progress
     * @param ended whether there shall be no other
     * @throws BadInput where these are enough
     */
    void rest(RepoName repo, int attempts, Passing trouble, BooleanSupplier ended) throws InterruptedException {
        if (attempts >= (answered ? ATTEMPTS : ATTEMPTS_WITHOUT_ANSWER)) {
            throw new BadInput(
                    repo.name() + ": " + settings.endpoint() + " does not deliver (" + trouble.getMessage() + ", "
                            + attempts
                            + " times); check the connection and HF_ENDPOINT, and give the same command again:"
                            + " what has come is kept",
                    trouble);
        }
        Duration pause = trouble.retryAfter().orElse(FIRST_PAUSE.multipliedBy(1L << (attempts - 1)));
        around.notes().accept(repo.name() + ": " + trouble.getMessage() + "; again in " + pause.toSeconds() + " s");
        around.pause().of(pause, ended);
        if (ended.getAsBoolean()) {
            throw new DownloadStopped();
        }
    }

    /** An answer at the end of all redirects; the etag is that of the Hub's own words on the way. */
    private record Answer<T>(URI by, int status, HttpHeaders headers, T body, Optional<String> etag) {}

    private <T> Answer<T> follow(URI uri, Map<String, String> headers, BodyHandler<T> handler)
            throws InterruptedException, Passing {
        URI at = uri;
        Optional<String> etag = Optional.empty();
        for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
            long start = System.nanoTime();
            HttpResponse<T> response = exchange(at, "GET", headers, BodyPublishers.noBody(), handler, () -> start);
            boolean redirect = REDIRECTS.contains(response.statusCode());
            if (isHub(at)) {
                etag = etag.or(() -> etag(response.headers(), redirect));
            }
            if (!redirect) {
                return new Answer<>(at, response.statusCode(), response.headers(), response.body(), etag);
            }
            if (response.body() instanceof InputStream in) {
                closeQuietly(in);
            }
            URI target = resolved(at, response.headers().firstValue("Location").orElse(""));
            if (at.getScheme().equalsIgnoreCase("https") && !target.getScheme().equalsIgnoreCase("https")) {
                throw new BadInput(
                        host(at) + ": leads to an unprotected address at " + host(target) + "; that is not followed");
            }
            at = target;
        }
        throw new BadInput(host(uri) + ": leads from one address to the next, more than " + MOST_REDIRECTS + " times");
    }

    /** Of what it redirects to, or of what it sends itself. */
    private static Optional<String> etag(HttpHeaders headers, boolean redirect) {
        return headers.firstValue("X-Linked-Etag")
                .or(() -> redirect ? Optional.empty() : headers.firstValue("ETag"))
                .map(text -> text.replaceFirst("^W/", "").replaceAll("^\"|\"$", ""));
    }

    /** Whether an address has a host, a port and a scheme that there are. */
    static boolean isWeb(URI uri) {
        return uri.getHost() != null
                && uri.getPort() <= MOST_PORT
                && SCHEMES.contains(String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT));
    }

    private static URI resolved(URI at, String location) {
        try {
            URI target = at.resolve(new URI(location));
            if (location.isEmpty() || !isWeb(target)) {
                throw new BadInput(host(at) + ": leads to an address that is not one of the web");
            }
            return target;
        } catch (URISyntaxException e) {
            throw new BadInput(host(at) + ": leads to an address that is not one of the web", e);
        }
    }

    /** Scheme, host and port alone: what is behind them may hold keys. */
    private static String host(URI uri) {
        return uri.getScheme() + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    /** Whether an address is the Hub's, which may see the token. */
    private boolean isHub(URI uri) {
        URI hub = settings.endpoint();
        return hub.getScheme().equalsIgnoreCase(uri.getScheme())
                && hub.getHost().equalsIgnoreCase(uri.getHost())
                && port(hub) == port(uri);
    }

    private static int port(URI uri) {
        boolean usual = uri.getPort() < 0;
        return usual ? (uri.getScheme().equalsIgnoreCase("https") ? 443 : 80) : uri.getPort();
    }

    /**
     * One request and its answer; redirects are answers, too.
     *
     * @param lastByte from when on silence is counted, on the clock of {@link System#nanoTime}
     */
    private <T> HttpResponse<T> exchange(
            URI uri,
            String method,
            Map<String, String> headers,
            BodyPublisher body,
            BodyHandler<T> handler,
            LongSupplier lastByte)
            throws InterruptedException, Passing {
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(uri).method(method, body).header("User-Agent", "candor");
        headers.forEach(builder::header);
        if (isHub(uri)) {
            settings.token().ifPresent(token -> builder.header("Authorization", "Bearer " + token.secret()));
        }
        CompletableFuture<HttpResponse<T>> sent = client.sendAsync(builder.build(), handler);
        while (true) {
            try {
                HttpResponse<T> response = sent.get(Surroundings.Pause.LOOK.toNanos(), TimeUnit.NANOSECONDS);
                answered = true;
                return response;
            } catch (TimeoutException e) {
                if (around.stopped().getAsBoolean()) {
                    sent.cancel(true);
                    throw new DownloadStopped();
                }
                if (System.nanoTime() - lastByte.getAsLong()
                        > settings.patience().toNanos()) {
                    sent.cancel(true);
                    throw new Passing("no answer within " + settings.patience().toSeconds() + " s");
                }
            } catch (ExecutionException e) {
                throw trouble(uri, e.getCause());
            }
        }
    }

    private static Passing trouble(URI uri, Throwable cause) {
        return switch (cause) {
            case HttpConnectTimeoutException _ -> new Passing("no connection to " + host(uri));
            case ConnectException refused ->
                new Passing(
                        refused.getCause() instanceof UnresolvedAddressException
                                ? "the name " + uri.getHost() + " is not known here"
                                : "no connection to " + host(uri));
            case SSLException unsafe ->
                throw new BadInput(host(uri) + ": no safe connection (" + unsafe.getMessage() + ")", unsafe);
            case IOException broken -> new Passing("a broken connection (" + reason(broken) + ")");
            default -> throw new IllegalStateException(cause);
        };
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private byte[] beginning(InputStream body) {
        try (body) {
            return body.readNBytes(MOST_ERROR);
        } catch (IOException e) {
            return new byte[0]; // the status says enough
        }
    }

    private static void closeQuietly(InputStream in) {
        try {
            in.close();
        } catch (IOException e) {
            return; // nothing of it was wanted
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
