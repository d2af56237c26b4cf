package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.hub.HubServer.Repository;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class DownloadTest {
    private static final String SECRET = "hf_nobodyShallSeeThis";
    private static final RepoName REPO = RepoName.of(RepoKind.MODEL, "org/tiny");

    @TempDir
    private Path folder;

    private HubServer server;
    private final byte[] weights = new byte[700_001];
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong moved = new AtomicLong();
    private BooleanSupplier stopped = () -> false;
    private Surroundings.Pause pause = (duration, stop) -> pauses.add(duration);
    private Runnable onMove = () -> {};
    private long room = Long.MAX_VALUE;

    @BeforeEach
    void serve() throws IOException {
        new Random(7).nextBytes(weights);
        server = new HubServer();
        tiny();
    }

    private Repository tiny() {
        return server.model("org/tiny")
                .small("config.json", "{\"model_type\": \"llama\"}")
                .small("tokenizer.json", "{}")
                .small("README.md", "# tiny")
                .small(".gitattributes", "*.bin lfs")
                .small("modeling.py", "print()")
                .large("pytorch_model.bin", new byte[] {1, 2, 3})
                .large("model.safetensors", weights);
    }

    @AfterEach
    void end() throws IOException {
        server.close();
    }

    private Path cache() {
        return folder.resolve("hub");
    }

    private HubSettings settings(Optional<Token> token) {
        return new HubSettings(URI.create(server.url()), cache(), token, false, true, Duration.ofSeconds(2));
    }

    private HubSettings settings() {
        return settings(Optional.empty());
    }

    private Surroundings around() {
        return new Surroundings(
                notes::add,
                new Surroundings.Progress() {
                    @Override
                    public void begins(String what, int files, long bytes, long there) {
                        moved.set(there);
                    }

                    @Override
                    public void moved(long bytes) {
                        moved.addAndGet(bytes);
                        onMove.run();
                    }

                    @Override
                    public void ended() {}
                },
                () -> stopped.getAsBoolean(),
                (duration, stop) -> pause.of(duration, stop),
                folder -> room);
    }

    private Path download() {
        return download(settings(), REPO);
    }

    private Path download(HubSettings settings, RepoName repo, String... includes) {
        try (Download download = new Download(settings, around())) {
            return download.fetch(download.choose(download.list(repo), List.of(includes)), 4);
        }
    }

    private Path blobs() {
        return cache().resolve("models--org--tiny/blobs");
    }

    private String sha256() {
        return new HubServer.Content(weights, true).sha256();
    }

    private void refused(String... parts) {
        assertThatThrownBy(this::download).isInstanceOf(BadInput.class).satisfies(thrown -> {
            assertThat(thrown.getMessage()).contains(parts).doesNotContain(SECRET);
            assertThat(thrown.getMessage().lines()).hasSize(1);
        });
    }

    /** The layout that huggingface_hub 2.0.0 makes of the same repository: names, links, refs (tried against it by hand). */
    @Test
    void theCacheIsLaidOutAsPythonLaysIt() throws IOException {
        Path snapshot = download();
        assertThat(snapshot)
                .isEqualTo(cache().resolve("models--org--tiny/snapshots").resolve(HubServer.COMMIT));
        assertThat(Files.readString(cache().resolve("models--org--tiny/refs/main")))
                .isEqualTo(HubServer.COMMIT);
        assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")))
                .hasToString("../../blobs/" + sha256());
        assertThat(Files.readSymbolicLink(snapshot.resolve("config.json")))
                .hasToString("../../blobs/"
                        + new HubServer.Content("{\"model_type\": \"llama\"}".getBytes(StandardCharsets.UTF_8), false)
                                .blob());
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(cache().resolve(".locks/models--org--tiny/" + sha256() + ".lock"))
                .isEmptyFile();
        var tree = new ObjectMapper()
                .readTree(cache().resolve("models--org--tiny/trees/" + HubServer.COMMIT + ".json")
                        .toFile());
        assertThat(tree.path("format_version").asInt()).isEqualTo(1);
        assertThat(tree.path("files")
                        .path("model.safetensors")
                        .path("lfs_sha256")
                        .asText())
                .isEqualTo(sha256());
        assertThat(tree.path("files").path("model.safetensors").path("lfs_size").asLong())
                .isEqualTo(weights.length);
        assertThat(tree.path("files").has("pytorch_model.bin")).isTrue();
        assertThat(cache().resolve("CACHEDIR.TAG")).content().startsWith("Signature: 8a477f597d28d172789f06886806bc55");
    }

    @Test
    void onlyWhatIsReadAsDataComes() throws IOException {
        tiny().small("original/params.json", "{}").large("consolidated.safetensors", new byte[9]);
        Path snapshot = download();
        try (Stream<Path> files = Files.list(snapshot)) {
            assertThat(files.map(file -> file.getFileName().toString()).sorted())
                    .containsExactly("README.md", "config.json", "model.safetensors", "tokenizer.json");
        }
        download(settings(), REPO, "original/*");
        assertThat(snapshot.resolve("original/params.json")).hasContent("{}");
        assertThat(Files.readSymbolicLink(snapshot.resolve("original/params.json"))
                        .toString())
                .startsWith("../../../blobs/");
        assertThatThrownBy(() -> download(settings(), REPO, "*.bin"))
                .hasMessageContaining("pytorch_model.bin is not downloaded")
                .hasMessageContaining("may run code");
        assertThatThrownBy(() -> download(settings(), REPO, "*.nothing")).hasMessageContaining("has no file *.nothing");
        assertThat(server.transfers("pytorch_model.bin")).isEmpty();
    }

    @Test
    void whatIsThereIsNotAskedForAgain() {
        download();
        int before = server.received().size();
        download();
        assertThat(server.received().size() - before).isEqualTo(1); // which commit it is
    }

    @Test
    void listsOfManyPagesAreReadToTheirEnd() {
        server.pageSize = 2;
        assertThat(download().resolve("tokenizer.json")).hasContent("{}");
        assertThat(server.received().stream().filter(request -> request.path().contains("/tree/")))
                .hasSize(4);
    }

    @Test
    void theTokenGoesToTheHubAlone() {
        server.requireToken(SECRET);
        download(settings(Optional.of(new Token(SECRET, "HF_TOKEN"))), REPO);
        assertThat(server.received()).allSatisfy(request -> assertThat(request.header("Authorization"))
                .isEqualTo("Bearer " + SECRET));
        assertThat(server.receivedElsewhere()).isNotEmpty().allSatisfy(request -> {
            assertThat(request.header("Authorization")).isNull();
            assertThat(request.headers().toString()).doesNotContain(SECRET);
        });
        assertThat(notes.toString()).doesNotContain(SECRET);
    }

    @Test
    void aRedirectOnTheHubKeepsTheToken() {
        server.requireToken(SECRET);
        server.fault = (request, out) -> {
            if (!request.path().startsWith("/api/models/org/tiny/revision")) {
                return false;
            }
            if (request.path().contains("?again")) {
                return false;
            }
            HubServer.respond(
                    request, out, "307 Temporary Redirect", "Location: " + request.path() + "?again\r\n", new byte[0]);
            return true;
        };
        assertThat(download(settings(Optional.of(new Token(SECRET, "HF_TOKEN"))), REPO))
                .isDirectory();
    }

    @Test
    void redirectsWithoutEndAreNotFollowedForEver() {
        server.fault = (request, out) -> {
            HubServer.respond(request, out, "302 Found", "Location: /api/round\r\n", new byte[0]);
            return true;
        };
        refused("from one address to the next");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///etc/passwd", "http://127.0.0.1:65536/", "http:///nowhere", "http://a b/", ""})
    void aRedirectToSomethingElseThanTheWebIsRefused(String location) {
        server.fault = (request, out) -> {
            HubServer.respond(request, out, "302 Found", "Location: " + location + "\r\n", new byte[0]);
            return true;
        };
        refused("not one of the web");
    }

    /** Cuts each answer of the storage after so many bytes, as a bad line does. */
    private void cutAfter(int bytes, AtomicInteger cuts) {
        server.faultElsewhere = (request, out) -> {
            int from = (int) request.from();
            if (from + bytes >= weights.length) {
                return false;
            }
            cuts.incrementAndGet();
            out.write(("HTTP/1.1 " + (from == 0 ? "200 OK" : "206 Partial Content") + "\r\nContent-Range: bytes " + from
                            + "-"
                            + (weights.length - 1) + "/" + weights.length + "\r\nContent-Length: "
                            + (weights.length - from)
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            out.write(weights, from, bytes);
            return true;
        };
    }

    @Test
    void aLineThatBreaksAgainAndAgainIsTakenUpWhereItBroke() {
        AtomicInteger cuts = new AtomicInteger();
        cutAfter(60_000, cuts);
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(cuts.get()).isGreaterThan(HubClient.ATTEMPTS); // each of them brought something
        assertThat(server.receivedElsewhere().getLast().from()).isPositive();
        assertThat(moved.get()).isEqualTo(weights.length + 23 + 2 + 6);
    }

    @Test
    void aServerThatSendsNothingMoreIsGivenUpAndWhatCameIsKept() {
        server.faultElsewhere = (request, out) -> {
            int from = (int) request.from();
            int to = Math.max(from, 100_000);
            out.write(("HTTP/1.1 " + (from == 0 ? "200 OK" : "206 Partial Content") + "\r\nContent-Range: bytes " + from
                            + "-"
                            + (weights.length - 1) + "/" + weights.length + "\r\nContent-Length: "
                            + (weights.length - from)
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            out.write(weights, from, to - from);
            return true;
        };
        refused("model.safetensors", "5 times", "same command again");
        assertThat(blobs().resolve(sha256() + ".incomplete")).hasSize(100_000);
        assertThat(blobs().resolve(sha256())).doesNotExist();
        server.faultElsewhere = (request, out) -> false;
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(server.receivedElsewhere().getLast().from()).isEqualTo(100_000);
        assertThat(moved.get()).isEqualTo(weights.length);
    }

    @Test
    void aServerThatFallsSilentIsLeft() {
        AtomicBoolean first = new AtomicBoolean(true);
        server.faultElsewhere = (request, out) -> {
            if (!first.getAndSet(false)) {
                return false;
            }
            out.write(("HTTP/1.1 200 OK\r\nContent-Length: " + weights.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            out.write(weights, 0, 1000);
            out.flush();
            Thread.sleep(60_000);
            return true;
        };
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(server.receivedElsewhere().getLast().from()).isEqualTo(1000);
    }

    @Test
    void aServerThatDoesNotAnswerIsAskedAgain() {
        AtomicBoolean first = new AtomicBoolean(true);
        server.fault = (request, out) -> {
            if (first.getAndSet(false)) {
                Thread.sleep(60_000);
            }
            return false;
        };
        assertThat(download()).isDirectory();
        assertThat(notes.getFirst()).contains("no answer within 2 s");
    }

    @Test
    void aServerWithoutRangesBeginsAgain() throws IOException {
        Files.createDirectories(blobs());
        Files.write(blobs().resolve(sha256() + ".incomplete"), Arrays.copyOf(weights, 5000));
        server.faultElsewhere = (request, out) -> {
            HubServer.respond(request, out, "200 OK", "", weights);
            return true;
        };
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(moved.get()).isEqualTo(weights.length + 23 + 2 + 6);
    }

    @Test
    void brokenBytesOfAnEarlierAttemptAreFetchedAnew() throws IOException {
        Files.createDirectories(blobs());
        Files.write(blobs().resolve(sha256() + ".incomplete"), new byte[5000]);
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(notes).anyMatch(note -> note.contains("from the beginning"));
        Files.delete(blobs().resolve(sha256()));
        Files.write(blobs().resolve(sha256() + ".incomplete"), new byte[weights.length + 5]);
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
    }

    @Test
    void aRangeThatIsNotThereAnyMoreBeginsAgain() throws IOException {
        Files.createDirectories(blobs());
        Files.write(blobs().resolve(sha256() + ".incomplete"), Arrays.copyOf(weights, 5000));
        AtomicBoolean first = new AtomicBoolean(true);
        server.faultElsewhere = (request, out) -> {
            if (!first.getAndSet(false)) {
                return false;
            }
            HubServer.respond(request, out, "416 Range Not Satisfiable", "", new byte[0]);
            return true;
        };
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(server.receivedElsewhere().getLast().from()).isZero();
    }

    /** A line that breaks in the middle, and a server that does not know where that was: again and again. */
    @Test
    void whatComesAgainIsNoProgress() {
        server.faultElsewhere = (request, out) -> {
            if (request.from() > 0) {
                HubServer.respond(request, out, "416 Range Not Satisfiable", "", new byte[0]);
                return true;
            }
            out.write(("HTTP/1.1 200 OK\r\nContent-Length: " + weights.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            out.write(weights, 0, 100_000);
            return true;
        };
        refused("model.safetensors", "5 times");
    }

    @Test
    void whatAFailureLeavesToDoIsNotWaitedFor() {
        AtomicBoolean let = new AtomicBoolean();
        CountDownLatch waits = new CountDownLatch(1);
        server.fault = (request, out) -> {
            if (request.path().endsWith("config.json")) {
                waits.await();
                HubServer.error(request, out, "403 Forbidden", "GatedRepo", "no");
                return true;
            }
            if (request.path().endsWith("model.safetensors")) {
                HubServer.respond(request, out, "429 Too Many Requests", "Retry-After: 600\r\n", new byte[0]);
                return true;
            }
            return false;
        };
        pause = (duration, stop) -> {
            waits.countDown();
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (!stop.getAsBoolean() && System.nanoTime() < end) {
                Thread.sleep(10);
            }
            let.set(stop.getAsBoolean());
        };
        refused("org/tiny: is gated");
        assertThat(let).isTrue();
    }

    @Test
    void aBugInATransferIsNotADownload() {
        onMove = () -> {
            throw new AssertionError("a bug");
        };
        assertThatThrownBy(this::download).isInstanceOf(AssertionError.class).hasMessage("a bug");
        assertThat(cache().resolve("models--org--tiny/refs/main")).doesNotExist();
    }

    /** Its store's answers are not the Hub's: they say nothing of who may read what. */
    @ParameterizedTest
    @ValueSource(strings = {"401 Unauthorized", "403 Forbidden", "404 Not Found"})
    void aStoreThatRefusesIsNamed(String status) {
        server.faultElsewhere = (request, out) -> {
            HubServer.error(request, out, status, "GatedRepo", "no");
            return true;
        };
        refused("org/tiny: " + server.elsewhere() + ", where the Hub keeps model.safetensors, answers with status "
                + status.substring(0, 3));
    }

    @Test
    void wordsOfAServerStayInTheirLine() {
        AtomicBoolean first = new AtomicBoolean(true);
        tiny().licence = "mit\n\u001b[2Jerror: x";
        server.fault = (request, out) -> {
            if (!first.getAndSet(false)) {
                return false;
            }
            HubServer.respond(
                    request,
                    out,
                    "503 Service Unavailable",
                    "",
                    "{\"error\": \"busy\\u001b[2J\\r\\nerror:\\u202e it\\u2028is\"}".getBytes(StandardCharsets.UTF_8));
            return true;
        };
        try (Download download = new Download(settings(), around())) {
            assertThat(download.list(REPO).licence()).isEmpty();
            tiny().licence = "llama3.1";
            assertThat(download.list(REPO).licence()).contains("llama3.1");
        }
        assertThat(notes).containsExactly("org/tiny: status 503: busy [2J error: it is; again in 1 s");
    }

    @Test
    void otherBytesThanTheHashSaysGetNoName() {
        server.faultElsewhere = (request, out) -> {
            byte[] other = weights.clone();
            other[350_000] ^= 1;
            HubServer.bytes(request, out, "", other);
            return true;
        };
        refused("model.safetensors came with the hash", sha256());
        assertThat(blobs().resolve(sha256())).doesNotExist();
        assertThat(blobs().resolve(sha256() + ".incomplete")).isEmptyFile();
    }

    @Test
    void aSmallFileIsHeldAgainstGitsHash() {
        server.fault = (request, out) -> {
            if (!request.path().endsWith("config.json")) {
                return false;
            }
            HubServer.respond(
                    request, out, "200 OK", "", "{\"model_type\": \"LLAMA\"}".getBytes(StandardCharsets.UTF_8));
            return true;
        };
        refused("config.json came with the hash");
    }

    @Test
    void moreBytesThanTheListSaysAreRefused() {
        server.faultElsewhere = (request, out) -> {
            HubServer.bytes(request, out, "", Arrays.copyOf(weights, weights.length + 1));
            return true;
        };
        refused("model.safetensors is longer than the 700001 bytes");
    }

    @Test
    void fewerBytesThanTheListSaysAreNotTheFile() {
        server.faultElsewhere = (request, out) -> {
            if (request.from() > 0) {
                return false;
            }
            HubServer.respond(
                    request, out, "200 OK", "", Arrays.copyOf(weights, 1234)); // its length is a lie, well kept
            return true;
        };
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(server.receivedElsewhere().getLast().from()).isEqualTo(1234);
    }

    @Test
    void aFileThatChangedUnderWayIsNotPatchedTogether() throws IOException {
        Files.createDirectories(blobs());
        Files.write(blobs().resolve(sha256() + ".incomplete"), Arrays.copyOf(weights, 5000));
        server.fault = (request, out) -> {
            if (!request.path().endsWith("model.safetensors")) {
                return false;
            }
            HubServer.respond(
                    request,
                    out,
                    "302 Found",
                    "Location: " + server.elsewhere() + "/other\r\nX-Linked-Etag: \"" + "ab".repeat(32) + "\"\r\n",
                    new byte[0]);
            return true;
        };
        server.faultElsewhere = (request, out) -> {
            HubServer.bytes(request, out, "", weights);
            return true;
        };
        refused("model.safetensors is another file on the server now");
        assertThat(blobs().resolve(sha256() + ".incomplete")).hasSize(5000);
    }

    @Test
    void aBusyServerIsObeyed() {
        AtomicInteger asked = new AtomicInteger();
        server.fault = (request, out) -> {
            int n = asked.getAndIncrement();
            String[] answers = {"429 Too Many Requests", "503 Service Unavailable", "500 Internal Server Error"};
            if (n >= answers.length) {
                return false;
            }
            String headers = n == 0 ? "Retry-After: 17\r\n" : n == 1 ? "RateLimit: \"api\";r=0;t=42\r\n" : "";
            HubServer.respond(
                    request, out, answers[n], headers, "{\"error\": \"busy\"}".getBytes(StandardCharsets.UTF_8));
            return true;
        };
        assertThat(download()).isDirectory();
        assertThat(pauses).containsExactly(Duration.ofSeconds(17), Duration.ofSeconds(42), Duration.ofSeconds(4));
        assertThat(notes.getFirst()).contains("status 429: busy").contains("again in 17 s");
    }

    @Test
    void aServerThatStaysBusyIsGivenUp() {
        server.fault = (request, out) -> {
            HubServer.respond(request, out, "503 Service Unavailable", "", new byte[0]);
            return true;
        };
        refused("status 503, 5 times");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "401 Unauthorized  | RepoNotFound     | there is no such model",
                "404 Not Found     | RepoNotFound     | or it is private",
                "404 Not Found     | RevisionNotFound | has no revision main",
                "403 Forbidden     | GatedRepo        | is gated; sign in and accept its terms at",
                "403 Forbidden     | Other            | refuses access (said so)",
                "418 I'm a teapot  | Other            | answers with status 418 (said so)",
            })
    void aRefusalIsExplainedInALine(String status, String code, String explained) {
        server.fault = (request, out) -> {
            HubServer.error(request, out, status, code, "said so");
            return true;
        };
        refused("org/tiny", explained);
        assertThat(pauses).isEmpty();
    }

    @Test
    void gatedFilesAreToldWithWhatToClick() {
        tiny().gated = "manual";
        refused("org/tiny: is gated", server.url() + "/org/tiny", "https://huggingface.co/settings/tokens", "HF_TOKEN");
    }

    @Test
    void aTokenWithoutAccessIsToldByItsPlace() {
        server.fault = (request, out) -> {
            HubServer.error(request, out, "403 Forbidden", "GatedRepo", "not for " + SECRET);
            return true;
        };
        assertThatThrownBy(() -> download(settings(Optional.of(new Token(SECRET, "HF_TOKEN"))), REPO))
                .hasMessageContaining("the account of the token in HF_TOKEN has no access yet")
                .hasMessageNotContaining(SECRET);
        server.fault = (request, out) -> {
            HubServer.error(request, out, "401 Unauthorized", "", "Invalid credentials in Authorization header");
            return true;
        };
        assertThatThrownBy(() -> download(settings(Optional.of(new Token(SECRET, "HF_TOKEN"))), REPO))
                .hasMessageContaining("does not know the token in HF_TOKEN")
                .hasMessageNotContaining(SECRET);
        server.fault = (request, out) -> {
            HubServer.error(request, out, "403 Forbidden", "Other", "you sent " + SECRET);
            return true;
        };
        assertThatThrownBy(() -> download(settings(Optional.of(new Token(SECRET, "HF_TOKEN"))), REPO))
                .hasMessageContaining("you sent ***");
    }

    @Test
    void aDataSetIsToldFromAModel() {
        server.dataset("org/rows").small("train.jsonl", "{}");
        assertThatThrownBy(() -> download(settings(), RepoName.of(RepoKind.MODEL, "org/rows")))
                .hasMessageContaining("is a data set")
                .hasMessageContaining("--dataset");
        assertThatThrownBy(() -> download(settings(), RepoName.of(RepoKind.DATASET, "org/tiny")))
                .hasMessageContaining("is a model");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../outside.json",
                "/etc/outside.json",
                "a\\b.json",
                "a/../../b.json",
                "a//b.json",
                "a\nb.json",
                "a\u2028b.json",
                "a\u202eb.json"
            })
    void namesThatLeadOutAreRefused(String path) {
        tiny().small(path, "{}");
        refused("has a file with the name");
        assertThat(cache().resolve("models--org--tiny/snapshots")).doesNotExist();
    }

    /** In JSON half a character can be written, which no file's name can have. */
    @Test
    void aNameWithHalfACharacterIsRefused() {
        server.fault = (request, out) -> {
            if (!request.path().contains("/tree/")) {
                return false;
            }
            String list = "[{\"type\": \"file\", \"path\": \"a\\ud800.json\", \"size\": 2, \"oid\": \"" + "a".repeat(40)
                    + "\"}]";
            HubServer.respond(request, out, "200 OK", "", list.getBytes(StandardCharsets.UTF_8));
            return true;
        };
        refused("which has characters that cannot be seen");
    }

    @ParameterizedTest
    @ValueSource(strings = {"con.json", "aux", "c:d.json", "dot..json.", "lpt1.json"})
    void namesThatNotEverySystemHasAreRefusedWhereTheyAreWanted(String path) {
        tiny().small(path, "{}");
        if (Wanted.isSafe(path)) {
            refused("has a file with the name");
        } else {
            assertThat(download()).isDirectory();
        }
    }

    @Test
    void listsThatCannotBeAreRefused() {
        for (String entry : List.of(
                "{\"type\": \"file\", \"path\": \"a.json\", \"oid\": \"../../up\", \"size\": 1}",
                "{\"type\": \"file\", \"path\": \"a.json\", \"oid\": \"" + "a".repeat(40) + "\", \"size\": -5}",
                "{\"type\": \"file\", \"path\": \"a.json\", \"oid\": \"" + "a".repeat(40)
                        + "\", \"size\": 99999999999999999}",
                "{\"type\": \"file\", \"path\": \"a.json\", \"oid\": \"" + "a".repeat(40)
                        + "\", \"size\": 3, \"lfs\": {\"oid\": \"x/y\", \"size\": 3}}")) {
            server.fault = (request, out) -> {
                if (!request.path().contains("/tree/")) {
                    return false;
                }
                HubServer.respond(request, out, "200 OK", "", ("[" + entry + "]").getBytes(StandardCharsets.UTF_8));
                return true;
            };
            refused("a.json: the server");
        }
    }

    @Test
    void aFullDiskIsToldBefore() {
        room = 64L << 20;
        refused("are to come", "64 MiB free", "HF_HUB_CACHE");
        assertThat(server.transfers("model.safetensors")).isEmpty();
    }

    @Test
    void aStopKeepsWhatCame() throws IOException {
        stopped = () -> moved.get() > 100_000;
        server.faultElsewhere = (request, out) -> {
            if (request.from() > 0) {
                return false;
            }
            dribble(out);
            return true;
        };
        assertThatThrownBy(this::download).isInstanceOf(DownloadStopped.class);
        long kept = Files.size(blobs().resolve(sha256() + ".incomplete"));
        assertThat(kept).isBetween(100_000L, weights.length - 1L);
        stopped = () -> false;
        assertThat(download().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(server.receivedElsewhere().getLast().from()).isEqualTo(kept);
    }

    /** Of a large file a part that was there may take minutes to be read again. */
    @Test
    void readingWhatIsThereCanBeStopped() throws IOException {
        Files.createDirectories(blobs());
        Files.write(blobs().resolve(sha256() + ".incomplete"), Arrays.copyOf(weights, 600_000));
        try (Download download = new Download(settings(), around())) {
            Download.Chosen chosen = download.choose(download.list(REPO), List.of("*.safetensors"));
            stopped = () -> true;
            assertThatThrownBy(() -> download.fetch(chosen, 1)).isInstanceOf(DownloadStopped.class);
        }
        assertThat(server.transfers("model.safetensors")).isEmpty();
        assertThat(blobs().resolve(sha256() + ".incomplete")).hasSize(600_000);
    }

    private void dribble(OutputStream out) throws IOException, InterruptedException {
        out.write(("HTTP/1.1 200 OK\r\nContent-Length: " + weights.length + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        for (int at = 0; at < weights.length; at += 10_000) {
            out.write(weights, at, Math.min(10_000, weights.length - at));
            out.flush();
            Thread.sleep(10);
        }
    }

    @Test
    void withoutLinksThereAreFiles() {
        HubSettings settings = new HubSettings(
                URI.create(server.url()), cache(), Optional.empty(), false, false, Duration.ofSeconds(2));
        Path snapshot = download(settings, REPO);
        assertThat(Files.isSymbolicLink(snapshot.resolve("model.safetensors"))).isFalse();
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(blobs().resolve(sha256())).doesNotExist();
    }

    @Test
    void anotherServerThanAHubIsTold() {
        server.fault = (request, out) -> {
            HubServer.respond(request, out, "200 OK", "", "<html>welcome".getBytes(StandardCharsets.UTF_8));
            return true;
        };
        refused("an answer that is not JSON");
        server.fault = (request, out) -> {
            HubServer.respond(request, out, "200 OK", "", "{}".getBytes(StandardCharsets.UTF_8));
            return true;
        };
        refused("is HF_ENDPOINT the address of a Hub?");
    }

    @Test
    void noServerAtAllIsToldSoon() throws IOException {
        server.close();
        refused("no connection to " + server.url(), "2 times");
    }

    @Test
    void weightsThatArePicklesAloneAreExplained() {
        server.model("org/old").small("config.json", "{}").large("pytorch_model.bin", new byte[3]);
        try (Download download = new Download(settings(), around())) {
            assertThatThrownBy(() -> download.model(download.list(RepoName.of(RepoKind.MODEL, "org/old"))))
                    .hasMessageContaining("has its weights as pickles alone (pytorch_model.bin)")
                    .hasMessageContaining("refs/pr/N");
            assertThatThrownBy(() -> download.whole(download.list(RepoName.of(RepoKind.MODEL, "org/old"))))
                    .hasMessageContaining("has its weights as pickles alone (pytorch_model.bin)");
            server.model("org/quantised").small("config.json", "{}").large("q4.gguf", new byte[3]);
            assertThatThrownBy(() -> download.whole(download.list(RepoName.of(RepoKind.MODEL, "org/quantised"))))
                    .hasMessageContaining("but as GGUF (q4.gguf)");
            // A tokenizer alone, and what is asked for by name, may come.
            server.model("org/words").small("tokenizer.json", "{}");
            assertThat(download.whole(download.list(RepoName.of(RepoKind.MODEL, "org/words")))
                            .count())
                    .isEqualTo(1);
            assertThat(download.choose(download.list(RepoName.of(RepoKind.MODEL, "org/old")), List.of("config.json"))
                            .count())
                    .isEqualTo(1);
            assertThatThrownBy(() -> download.model(download.list(RepoName.of(RepoKind.MODEL, "org/words"))))
                    .hasMessageContaining("has no weights as safetensors; it holds tokenizer.json");
        }
    }
}
