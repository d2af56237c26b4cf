package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.hub.HubServer.Request;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UploadTest {
    private static final String SECRET = "hf_mayWrite";
    private static final RepoName REPO = RepoName.of(RepoKind.MODEL, "org/adapter");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private HubServer server;
    private final byte[] weights = new byte[300_001];
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong moved = new AtomicLong();

    @BeforeEach
    void prepare() throws IOException {
        new Random(3).nextBytes(weights);
        server = new HubServer();
        server.requireToken(SECRET);
        Files.write(folder.resolve("adapter_model.safetensors"), weights);
        Files.writeString(
                folder.resolve("adapter_config.json"), "{\"base_model_name_or_path\": \"/home/me/llama\", \"r\": 8}");
        Files.writeString(folder.resolve("README.md"), """
            ---
            base_model: /home/me/llama
            library_name: peft
            tags:
            - base_model:adapter:/home/me/llama
            ---

            # LoRA adapter of `/home/me/llama`
            """);
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        Files.write(folder.resolve("optimizer.pt"), new byte[10]);
        Files.createDirectory(folder.resolve("checkpoints"));
    }

    @AfterEach
    void end() throws IOException {
        server.close();
    }

    private HubSettings settings() {
        return new HubSettings(
                URI.create(server.url()),
                folder.resolve("cache"),
                Optional.of(new Token(SECRET, "HF_TOKEN")),
                false,
                true,
                Duration.ofSeconds(2));
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
                    }

                    @Override
                    public void ended() {}
                },
                () -> false,
                (duration, stop) -> {},
                any -> Long.MAX_VALUE);
    }

    private UploadFolder files() {
        return UploadFolder.of(folder, "meta-llama/Llama-3.1-8B", "llama3.1");
    }

    private String upload(RepoName repo) {
        try (Upload upload = new Upload(settings(), around())) {
            return upload.run(repo, files(), false, "an adapter");
        }
    }

    private List<String> asked() {
        return server.received().stream()
                .map(request -> request.method() + " " + request.path())
                .toList();
    }

    @Test
    void aRepositoryIsMadeFilledAndCommittedInThisOrder() throws IOException {
        assertThat(upload(REPO)).isEqualTo(server.url() + "/org/adapter/commit/" + HubServer.COMMIT);
        assertThat(asked())
                .containsExactly(
                        "GET /api/models/org/adapter",
                        "POST /api/repos/create",
                        "POST /api/models/org/adapter/preupload/main",
                        "POST /org/adapter.git/info/lfs/objects/batch",
                        "POST /api/verify",
                        "POST /api/models/org/adapter/commit/main");
        Request put = server.receivedElsewhere().getFirst();
        assertThat(put.method()).isEqualTo("PUT");
        assertThat(put.body()).isEqualTo(weights);
        assertThat(put.header("Content-Length")).isEqualTo("300001");
        assertThat(put.headers().toString()).doesNotContain(SECRET);
        assertThat(server.model("org/adapter")
                        .content("adapter_model.safetensors")
                        .bytes())
                .isEqualTo(weights);
        assertThat(server.model("org/adapter").content("optimizer.pt")).isNull();
        assertThat(moved.get()).isEqualTo(files().size());
        assertThat(notes.toString()).doesNotContain(SECRET);
    }

    @Test
    void theStoreIsToldHashAndSize() throws IOException {
        upload(REPO);
        JsonNode batch = JSON.readTree(server.received().get(3).body());
        assertThat(batch.path("operation").asText()).isEqualTo("upload");
        assertThat(batch.path("objects").get(0).path("oid").asText())
                .isEqualTo(new HubServer.Content(weights, true).sha256());
        assertThat(batch.path("objects").get(0).path("size").asLong()).isEqualTo(weights.length);
        List<String> commit = server.received().getLast().text().lines().toList();
        assertThat(commit.getFirst()).contains("\"summary\":\"an adapter\"");
        assertThat(commit).hasSize(5); // the head, and four files
    }

    @Test
    void theCardNamesTheBaseAsOthersKnowIt() throws IOException {
        upload(REPO);
        String card =
                new String(server.model("org/adapter").content("README.md").bytes(), StandardCharsets.UTF_8);
        assertThat(card).isEqualTo("""
            ---
            base_model: meta-llama/Llama-3.1-8B
            library_name: peft
            tags:
            - base_model:adapter:meta-llama/Llama-3.1-8B
            license: llama3.1
            ---

            # LoRA adapter of `meta-llama/Llama-3.1-8B`
            """);
        JsonNode config = JSON.readTree(
                server.model("org/adapter").content("adapter_config.json").bytes());
        assertThat(config.path("base_model_name_or_path").asText()).isEqualTo("meta-llama/Llama-3.1-8B");
        assertThat(config.path("r").asInt()).isEqualTo(8);
        // The folder stays as it was.
        assertThat(folder.resolve("README.md")).content().contains("/home/me/llama");
    }

    @Test
    void aSecondUploadSendsOnlyWhatIsNew() {
        upload(REPO);
        upload(REPO);
        assertThat(server.receivedElsewhere()).hasSize(1);
        assertThat(notes).contains("adapter_model.safetensors: is there already");
        assertThat(asked()).filteredOn(line -> line.contains("create")).hasSize(1);
    }

    @Test
    void aStoreThatFailsIsAskedAgain() {
        AtomicBoolean first = new AtomicBoolean(true);
        server.faultElsewhere = (request, out) -> {
            if (!first.getAndSet(false)) {
                return false;
            }
            HubServer.respond(request, out, "500 Internal Server Error", "", new byte[0]);
            return true;
        };
        upload(REPO);
        assertThat(server.stored.values()).containsExactly(weights);
        assertThat(moved.get()).isEqualTo(files().size());
    }

    @Test
    void aLargeFileGoesInParts() throws IOException {
        server.fault = (request, out) -> {
            if (!request.path().endsWith("/objects/batch")) {
                return false;
            }
            var answer = JSON.createObjectNode();
            var object = answer.putArray("objects").addObject();
            object.setAll((com.fasterxml.jackson.databind.node.ObjectNode)
                    JSON.readTree(request.body()).path("objects").get(0));
            var upload = object.putObject("actions").putObject("upload");
            upload.put("href", server.url() + "/api/verify");
            var header = upload.putObject("header").put("chunk_size", "100000");
            for (int part = 1; part <= 4; part++) {
                header.put(String.format("%05d", part), server.elsewhere() + "/part/" + part);
            }
            HubServer.json(request, out, answer);
            return true;
        };
        upload(REPO);
        assertThat(server.model("org/adapter")
                        .content("adapter_model.safetensors")
                        .bytes())
                .isEqualTo(weights);
        assertThat(server.stored.get("/part/1")).isEqualTo(Arrays.copyOf(weights, 100_000));
        assertThat(server.stored.get("/part/4")).isEqualTo(new byte[] {weights[300_000]});
        JsonNode done = JSON.readTree(server.received().stream()
                .filter(request -> request.path().equals("/api/verify"))
                .findFirst()
                .orElseThrow()
                .body());
        assertThat(done.path("parts")).hasSize(4);
        assertThat(done.path("parts").get(3).path("partNumber").asInt()).isEqualTo(4);
        assertThat(done.path("parts").get(3).path("etag").asText()).isEqualTo("\"part4\"");
    }

    @Test
    void aBranchIsMadeWhereItIsNotThere() {
        upload(REPO.at("trial"));
        assertThat(asked()).contains("POST /api/models/org/adapter/branch/trial");
        assertThat(asked().getLast()).endsWith("/commit/trial");
    }

    @Test
    void aPublicRepositoryIsNotTakenForAPrivateOne() {
        server.model("org/adapter");
        try (Upload upload = new Upload(settings(), around())) {
            assertThatThrownBy(() -> upload.run(REPO, files(), true, "m")).hasMessageContaining("everybody can see it");
        }
        assertThat(asked()).hasSize(1);
    }

    @Test
    void aTokenThatMayNotWriteIsTold() {
        server.fault = (request, out) -> {
            if (!request.method().equals("POST")) {
                return false;
            }
            HubServer.error(
                    request,
                    out,
                    "403 Forbidden",
                    "",
                    "You don't have the rights to create a model under this namespace");
            return true;
        };
        assertThatThrownBy(() -> upload(REPO))
                .hasMessageContaining("refuses access (You don't have the rights")
                .hasMessageContaining("check what the token in HF_TOKEN may do")
                .hasMessageNotContaining(SECRET);
    }

    @Test
    void whatCannotGoIsRefusedBeforeAnythingIsSent() throws IOException {
        HubSettings nobody =
                new HubSettings(URI.create(server.url()), folder, Optional.empty(), false, true, Duration.ofSeconds(2));
        assertThatThrownBy(() -> new Upload(nobody, around())).hasMessageContaining("needs a token that may write");
        assertThatThrownBy(() -> UploadFolder.of(folder, null, null))
                .hasMessageContaining("is an adapter of /home/me/llama")
                .hasMessageContaining("--base-model ORG/NAME");
        assertThatThrownBy(() -> UploadFolder.of(folder, "not a name", null))
                .hasMessageContaining("is not a name on the Hub");
        assertThatThrownBy(() -> UploadFolder.of(folder, null, "My Own")).hasMessageContaining("--license My Own");
        assertThat(UploadFolder.of(folder, "org/base", null).remarks().getFirst())
                .contains("names no licence");
        assertThat(files().left()).containsExactly("checkpoints", "optimizer.pt");
        Files.delete(folder.resolve("adapter_model.safetensors"));
        assertThatThrownBy(this::files).hasMessageContaining("is not an adapter");
        assertThat(server.received()).isEmpty();
    }

    @Test
    void aFolderWithoutACardIsGivenOne() throws IOException {
        Files.delete(folder.resolve("README.md"));
        upload(REPO);
        assertThat(new String(server.model("org/adapter").content("README.md").bytes(), StandardCharsets.UTF_8))
                .isEqualTo("---\nbase_model: meta-llama/Llama-3.1-8B\nlibrary_name: peft\nlicense: llama3.1\n---\n");
    }

    private String card(String base, String card) throws IOException {
        Files.writeString(folder.resolve("adapter_config.json"), "{\"base_model_name_or_path\": \"" + base + "\"}");
        Files.writeString(folder.resolve("README.md"), card);
        UploadFile file = UploadFolder.of(folder, "org/base", null).files().stream()
                .filter(each -> each.path().equals("README.md"))
                .findFirst()
                .orElseThrow();
        return new String(file.all(), StandardCharsets.UTF_8);
    }

    /** A folder is often called as a word of the card is. */
    @Test
    void theBaseIsRenamedWhereItIsNamedAndNowhereElse() throws IOException {
        assertThat(card("model", """
            ---
            base_model: model
            library_name: peft
            tags:
            - base_model:adapter:model
            - model
            ---

            # LoRA adapter of `model`

            This model was trained; from_pretrained("model") loads the base_model.
            """)).isEqualTo("""
                            ---
                            base_model: org/base
                            library_name: peft
                            tags:
                            - base_model:adapter:org/base
                            - model
                            ---

                            # LoRA adapter of `org/base`

                            This model was trained; from_pretrained("org/base") loads the base_model.
                            """);
        assertThat(card("/home/me/llama", """
            ---
            base_model:
            - "/home/me/llama"
            library_name: peft
            ---
            Over /home/me/llama. Not /home/me/llama2, nor /home/me/llama/data.jsonl.
            """)).isEqualTo("""
                            ---
                            base_model:
                            - "org/base"
                            library_name: peft
                            ---
                            Over org/base. Not /home/me/llama2, nor /home/me/llama/data.jsonl.
                            """);
        // A name of none is not between all letters.
        assertThat(card("", "---\nlibrary_name: peft\n---\nNo base.\n"))
                .isEqualTo("---\nlibrary_name: peft\nbase_model: org/base\n---\nNo base.\n");
    }

    @Test
    void theFenceOfACardMayHaveBlanksBehindIt() throws IOException {
        assertThat(card("m", "--- \nbase_model: m\nlibrary_name: peft\n---  \nText.\n"))
                .isEqualTo("---\nbase_model: org/base\nlibrary_name: peft\n---\nText.\n");
    }

    @Test
    void whatTheRepositoryIgnoresStaysHere() throws IOException {
        server.fault = (request, out) -> {
            if (!request.path().contains("/preupload/")) {
                return false;
            }
            var answer = JSON.createObjectNode();
            var list = answer.putArray("files");
            JSON.readTree(request.body()).path("files").forEach(file -> list.addObject()
                    .put("path", file.path("path").asText())
                    .put("uploadMode", "regular")
                    .put("shouldIgnore", file.path("path").asText().equals("tokenizer.json")));
            HubServer.json(request, out, answer);
            return true;
        };
        upload(REPO);
        assertThat(server.model("org/adapter").content("tokenizer.json")).isNull();
        assertThat(server.model("org/adapter").content("README.md")).isNotNull();
        assertThat(notes).contains("tokenizer.json: stays here, the repository's .gitignore names it");
        assertThat(moved.get()).isEqualTo(files().size() - 2);
    }

    @Test
    void wordsOfTheStoreAreShownWithoutTheToken() {
        server.fault = (request, out) -> {
            if (!request.path().endsWith("/objects/batch")) {
                return false;
            }
            var answer = JSON.createObjectNode();
            var object = answer.putArray("objects").addObject();
            object.put("oid", new HubServer.Content(weights, true).sha256());
            object.putObject("error")
                    .put("code", 422)
                    .put("message", "too large for " + SECRET + "\u202e" + "x".repeat(500));
            HubServer.json(request, out, answer);
            return true;
        };
        assertThatThrownBy(() -> upload(REPO))
                .hasMessageContaining("does not take adapter_model.safetensors (too large for *** xxx")
                .hasMessageNotContaining(SECRET)
                .satisfies(thrown -> assertThat(thrown.getMessage()).hasSizeLessThan(400));
    }

    @Test
    void anAddressThatCannotBePrintedIsNot() {
        server.fault = (request, out) -> {
            if (!request.path().contains("/commit/")) {
                return false;
            }
            HubServer.json(request, out, JSON.createObjectNode().put("commitUrl", "https://x/\u001b[2J"));
            return true;
        };
        assertThat(upload(REPO)).isEqualTo(server.url() + "/org/adapter");
    }
}
