package candor.hub;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * Files on their way to a repository of the Hub: it is made where it is not there; the Hub says of each file whether git-lfs shall have it;
 * these go to the store that it names (git-lfs batch API, "basic", and Hugging Face's "multipart"), all others into the one commit that
 * makes them appear together.
 */
public final class Upload implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Map<String, String> AS_JSON = Map.of("Content-Type", "application/json");
    private static final Map<String, String> AS_LFS =
            Map.of("Content-Type", "application/vnd.git-lfs+json", "Accept", "application/vnd.git-lfs+json");
    private static final Map<String, String> AS_LINES = Map.of("Content-Type", "application/x-ndjson");

    /** A page that may be printed. */
    private static final Pattern ADDRESS = Pattern.compile("https?://[\\x21-\\x7e]{1,500}");

    /** Small files travel in the text of the commit. */
    private static final long MOST_IN_COMMIT = 32L << 20;

    private final HubSettings settings;
    private final Surroundings around;
    private final HubClient client;

    public Upload(HubSettings settings, Surroundings around) {
        if (settings.offline()) {
            throw new BadInput("HF_HUB_OFFLINE forbids to upload; unset it");
        }
        if (settings.token().isEmpty()) {
            throw new BadInput(
                    "an upload needs a token that may write: make one at https://huggingface.co/settings/tokens, and"
                            + " set HF_TOKEN to it");
        }
        this.settings = settings;
        this.around = around;
        client = new HubClient(settings, around);
    }

    /**
     * Uploads, and gives the address of the commit.
     *
     * @param repo the branch is its revision
     * @param hidden whether a new repository is private
     * @throws DownloadStopped if the user stopped it: large files that have gone are not sent again
     */
    public String run(RepoName repo, UploadFolder folder, boolean hidden, String message) {
        try {
            create(repo, hidden);
            if (!repo.isMain()) {
                branch(repo);
            }
            Map<UploadFile, Boolean> large = modes(repo, folder.files());
            Map<UploadFile, String> sums = new LinkedHashMap<>();
            large.forEach((file, lfs) -> {
                if (lfs) {
                    sums.put(file, file.sha256());
                }
            });
            long size = large.keySet().stream().mapToLong(UploadFile::size).sum();
            around.progress().begins(repo.toString(), large.size(), size, 0);
            try {
                store(repo, sums);
                return commit(repo, large.keySet(), sums, message);
            } finally {
                around.progress().ended();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DownloadStopped();
        }
    }

    private String api(RepoName repo) {
        return "api/" + repo.kind().plural() + "/" + HubClient.encoded(repo.name());
    }

    private void create(RepoName repo, boolean hidden) throws InterruptedException {
        try {
            JsonNode there = client.get(repo, client.address(api(repo))).json();
            if (hidden && !there.path("private").asBoolean()) {
                throw new BadInput(
                        repo.name() + ": is there already, and everybody can see it; leave out --private, or choose"
                                + " another name");
            }
            return;
        } catch (HubErrors.NoRepository missing) {
            around.notes().accept(repo.name() + ": making the repository" + (hidden ? ", which only you can see" : ""));
        }
        String[] parts = repo.name().split("/");
        ObjectNode asked = NODES.objectNode()
                .put("name", parts[1])
                .put("organization", parts[0])
                .put("private", hidden);
        client.persist(repo, () -> client.send(repo, client.address("api/repos/create"), AS_JSON, bytes(asked)));
    }

    private void branch(RepoName repo) throws InterruptedException {
        try {
            client.get(repo, client.address(api(repo) + "/revision/" + HubClient.encodedPart(repo.revision())));
        } catch (HubErrors.NoRevision missing) {
            URI uri = client.address(api(repo) + "/branch/" + HubClient.encodedPart(repo.revision()));
            client.persist(repo, () -> client.send(repo, uri, AS_JSON, bytes(NODES.objectNode())));
        }
    }

    /** Which files git-lfs shall have; those that the repository ignores are left out. */
    private Map<UploadFile, Boolean> modes(RepoName repo, List<UploadFile> files) throws InterruptedException {
        ObjectNode asked = NODES.objectNode();
        ArrayNode list = asked.putArray("files");
        files.forEach(file -> list.addObject()
                .put("path", file.path())
                .put("sample", Base64.getEncoder().encodeToString(file.sample()))
                .put("size", file.size()));
        URI uri = client.address(api(repo) + "/preupload/" + HubClient.encodedPart(repo.revision()));
        JsonNode answer = client.persist(repo, () -> client.send(repo, uri, AS_JSON, bytes(asked)));
        Map<String, JsonNode> said = new HashMap<>();
        answer.path("files").forEach(file -> said.put(file.path("path").asText(), file));
        Map<UploadFile, Boolean> large = new LinkedHashMap<>();
        for (UploadFile file : files) {
            JsonNode how = said.getOrDefault(file.path(), NODES.objectNode());
            if (how.path("shouldIgnore").asBoolean()) {
                around.notes().accept(file.path() + ": stays here, the repository's .gitignore names it");
                continue;
            }
            String mode = how.path("uploadMode").asText();
            if (!mode.equals("lfs") && !mode.equals("regular")) {
                throw new BadInput(
                        repo.name() + ": " + settings.endpoint() + " does not say how it takes " + file.path());
            }
            boolean lfs = mode.equals("lfs") && file.size() > 0; // the store takes nothing empty
            if (!lfs && file.size() > MOST_IN_COMMIT) {
                throw new BadInput(repo.name() + ": " + settings.endpoint() + " wants " + file.path() + " ("
                        + file.size() + " bytes) within a commit, which is too large for one");
            }
            large.put(file, lfs);
        }
        return large;
    }

    /** Brings large files to where the Hub says; those that it has already are not sent. */
    private void store(RepoName repo, Map<UploadFile, String> sums) throws InterruptedException {
        if (sums.isEmpty()) {
            return;
        }
        ObjectNode asked = NODES.objectNode().put("operation", "upload").put("hash_algo", "sha256");
        asked.putArray("transfers").add("basic").add("multipart");
        asked.putObject("ref").put("name", repo.revision());
        ArrayNode objects = asked.putArray("objects");
        sums.forEach((file, sum) -> objects.addObject().put("oid", sum).put("size", file.size()));
        URI uri = client.address(HubClient.encoded(repo.name()) + ".git/info/lfs/objects/batch");
        JsonNode answer = client.persist(repo, () -> client.send(repo, uri, AS_LFS, bytes(asked)));
        Map<String, JsonNode> answers = new HashMap<>();
        answer.path("objects").forEach(object -> answers.put(object.path("oid").asText(), object));
        for (Map.Entry<UploadFile, String> entry : sums.entrySet()) {
            JsonNode object = answers.get(entry.getValue());
            if (object == null || object.has("error")) {
                throw new BadInput(repo.name() + ": " + settings.endpoint() + " does not take "
                        + entry.getKey().path()
                        + (object == null
                                ? ""
                                : " ("
                                        + client.shown(object.path("error")
                                                .path("message")
                                                .asText())
                                        + ")"));
            }
            JsonNode upload = object.path("actions").path("upload");
            if (upload.isMissingNode()) {
                around.notes().accept(entry.getKey().path() + ": is there already");
                around.progress().moved(entry.getKey().size());
                continue;
            }
            send(repo, entry.getKey(), entry.getValue(), upload);
            JsonNode verify = object.path("actions").path("verify");
            if (!verify.isMissingNode()) {
                ObjectNode sent = NODES.objectNode()
                        .put("oid", entry.getValue())
                        .put("size", entry.getKey().size());
                URI check = client.named(verify.path("href").asText());
                client.persist(repo, () -> client.send(repo, check, AS_JSON, bytes(sent)));
            }
        }
    }

    private void send(RepoName repo, UploadFile file, String sum, JsonNode upload) throws InterruptedException {
        JsonNode header = upload.path("header");
        URI target = client.named(upload.path("href").asText());
        if (!header.has("chunk_size")) {
            put(repo, file, target, 0, file.size());
            return;
        }
        long chunk = header.path("chunk_size").asLong();
        Map<Integer, URI> parts = new TreeMap<>();
        header.properties().forEach(entry -> {
            if (entry.getKey().matches("\\d{1,5}")) {
                parts.put(
                        Integer.parseInt(entry.getKey()),
                        client.named(entry.getValue().asText()));
            }
        });
        if (chunk < 1 || parts.size() != Math.ceilDiv(file.size(), chunk)) {
            throw new BadInput(repo.name() + ": " + settings.endpoint() + " names " + parts.size()
                    + " places for the parts of " + file.path() + ", which are of another number");
        }
        ObjectNode done = NODES.objectNode().put("oid", sum);
        ArrayNode list = done.putArray("parts");
        long from = 0;
        int number = 0;
        for (URI part : parts.values()) {
            HttpHeaders answer = put(repo, file, part, from, Math.min(chunk, file.size() - from));
            list.addObject()
                    .put("partNumber", ++number)
                    .put("etag", answer.firstValue("ETag").orElse(""));
            from += chunk;
        }
        client.persist(repo, () -> client.send(repo, target, AS_LFS, bytes(done)));
    }

    private HttpHeaders put(RepoName repo, UploadFile file, URI target, long from, long length)
            throws InterruptedException {
        return client.persist(repo, () -> {
            AtomicLong lastByte = new AtomicLong(System.nanoTime());
            AtomicLong counted = new AtomicLong();
            try {
                return client.put(
                        repo,
                        file.path(),
                        target,
                        () -> new Counted(file.open(from), length, lastByte, counted),
                        length,
                        lastByte::get);
            } catch (Passing again) {
                around.progress().moved(-counted.get());
                throw again;
            }
        });
    }

    /** So many bytes of a stream, which tells of each that is taken. */
    private final class Counted extends FilterInputStream {
        private final AtomicLong lastByte;
        private final AtomicLong counted;
        private long left;

        Counted(InputStream in, long length, AtomicLong lastByte, AtomicLong counted) {
            super(in);
            left = length;
            this.lastByte = lastByte;
            this.counted = counted;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = super.read(into, offset, (int) Math.min(length, left));
            if (read < 0) {
                throw new IOException("the file has become shorter");
            }
            left -= read;
            lastByte.set(System.nanoTime());
            counted.addAndGet(read);
            around.progress().moved(read);
            return read;
        }
    }

    /** Sent once: should its answer get lost, a second one would be a commit of its own. */
    private String commit(RepoName repo, Collection<UploadFile> files, Map<UploadFile, String> sums, String message)
            throws InterruptedException {
        List<ObjectNode> lines = new ArrayList<>();
        ObjectNode head = NODES.objectNode().put("key", "header");
        head.putObject("value").put("summary", message).put("description", "");
        lines.add(head);
        for (UploadFile file : files) {
            ObjectNode line = NODES.objectNode();
            if (sums.containsKey(file)) {
                line.put("key", "lfsFile");
                line.putObject("value")
                        .put("path", file.path())
                        .put("algo", "sha256")
                        .put("oid", sums.get(file))
                        .put("size", file.size());
            } else {
                line.put("key", "file");
                line.putObject("value")
                        .put("content", Base64.getEncoder().encodeToString(file.all()))
                        .put("path", file.path())
                        .put("encoding", "base64");
                around.progress().moved(file.size());
            }
            lines.add(line);
        }
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(line).append('\n'));
        URI uri = client.address(api(repo) + "/commit/" + HubClient.encodedPart(repo.revision()));
        try {
            JsonNode answer = client.send(repo, uri, AS_LINES, text.toString().getBytes(StandardCharsets.UTF_8));
            String address = answer.path("commitUrl").asText();
            return ADDRESS.matcher(address).matches() ? address : settings.page(repo);
        } catch (Passing lost) {
            throw new BadInput(
                    repo.name() + ": " + settings.endpoint() + " does not say whether it made the commit ("
                            + lost.getMessage()
                            + "); look at " + settings.page(repo)
                            + "/commits/" + repo.revision() + ", and give the same command again if it is not there",
                    lost);
        }
    }

    private static byte[] bytes(ObjectNode json) {
        try {
            return JSON.writeValueAsBytes(json);
        } catch (IOException e) {
            throw new IllegalStateException("texts and numbers always make JSON", e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
