package candor.hub;

import candor.io.GitHash;
import candor.io.Sha256;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A Hub on loopback, over plain sockets: what huggingface_hub and Candor ask it answers as the real one does, large files from another
 * server beside it, unless a {@link Fault} does what no good server would. What was asked is kept.
 */
public final class HubServer implements AutoCloseable {
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** A request as it came. */
    public record Request(String method, String path, Map<String, String> headers, byte[] body) {
        public String header(String name) {
            return headers.get(name.toLowerCase(Locale.ROOT));
        }

        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** Where a range begins; 0 without one. */
        public long from() {
            String range = header("Range");
            return range == null ? 0 : Long.parseLong(range.replaceAll("bytes=(\\d+)-.*", "$1"));
        }
    }

    /** Does something else than a good server, or gives false. */
    @FunctionalInterface
    public interface Fault {
        boolean answers(Request request, OutputStream out) throws IOException, InterruptedException;
    }

    /** A file of a repository. */
    record Content(byte[] bytes, boolean large) {
        String sha256() {
            return Sha256.hex(bytes);
        }

        String git(byte[] of) {
            return new GitHash(of.length).add(of, 0, of.length).hex();
        }

        /** Git's name of it, or of its pointer. */
        String blob() {
            return git(large ? ("pointer " + sha256()).getBytes(StandardCharsets.UTF_8) : bytes);
        }

        String etag() {
            return large ? sha256() : blob();
        }
    }

    /** A repository at {@link #COMMIT}. */
    public static final class Repository {
        private final Map<String, Content> files = new TreeMap<>();
        String commit = COMMIT;
        Object gated = false;
        String licence = "mit";

        public Repository small(String path, String text) {
            files.put(path, new Content(text.getBytes(StandardCharsets.UTF_8), false));
            return this;
        }

        public Repository large(String path, byte[] bytes) {
            files.put(path, new Content(bytes, true));
            return this;
        }

        public Repository small(String path, byte[] bytes) {
            files.put(path, new Content(bytes, false));
            return this;
        }

        Content content(String path) {
            return files.get(path);
        }
    }

    private final ServerSocket socket;
    private final ServerSocket elsewhere;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Repository> repositories = new ConcurrentHashMap<>();
    private final List<Request> received = new CopyOnWriteArrayList<>();
    private final List<Request> receivedElsewhere = new CopyOnWriteArrayList<>();
    final Map<String, byte[]> stored = new ConcurrentHashMap<>();
    public volatile Fault fault = (request, out) -> false;
    public volatile Fault faultElsewhere = (request, out) -> false;
    volatile String token;
    volatile int pageSize = 1000;

    public HubServer() throws IOException {
        this(0);
    }

    private HubServer(int port) throws IOException {
        socket = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        elsewhere = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        listen(socket, received, false);
        listen(elsewhere, receivedElsewhere, true);
    }

    private void listen(ServerSocket at, List<Request> log, boolean other) {
        threads.execute(() -> {
            while (!at.isClosed()) {
                try {
                    Socket connection = at.accept();
                    threads.execute(() -> serve(connection, log, other));
                } catch (IOException e) {
                    return; // closed
                }
            }
        });
    }

    private void serve(Socket connection, List<Request> log, boolean other) {
        try (connection) {
            Request request = read(connection.getInputStream());
            if (request == null) {
                return;
            }
            log.add(request);
            OutputStream out = connection.getOutputStream();
            Fault first = other ? faultElsewhere : fault;
            if (!first.answers(request, out)) {
                if (other) {
                    storage(request, out);
                } else {
                    hub(request, out);
                }
            }
            out.flush();
        } catch (IOException e) {
            return; // the client went away, which is its right
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Request read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.write(b);
        }
        List<String> lines = head.toString(StandardCharsets.ISO_8859_1).lines().toList();
        String[] first = lines.getFirst().split(" ");
        Map<String, String> headers = new LinkedHashMap<>();
        lines.stream()
                .skip(1)
                .filter(line -> line.contains(":"))
                .forEach(line -> headers.put(
                        line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT),
                        line.substring(line.indexOf(':') + 1).strip()));
        byte[] body = headers.getOrDefault("transfer-encoding", "").equals("chunked")
                ? chunked(in)
                : in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        return new Request(first[0], first[1], headers, body);
    }

    private static byte[] chunked(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            StringBuilder line = new StringBuilder();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                line.append((char) b);
            }
            int length = Integer.parseInt(line.toString().strip(), 16);
            body.write(in.readNBytes(length));
            in.readNBytes(2);
            if (length == 0) {
                return body.toByteArray();
            }
        }
    }

    public String url() {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    /** Of the server beside it: another host by name. */
    String elsewhere() {
        return "http://localhost:" + elsewhere.getLocalPort();
    }

    public Repository model(String name) {
        return repositories.computeIfAbsent("models/" + name, key -> new Repository());
    }

    public Repository dataset(String name) {
        return repositories.computeIfAbsent("datasets/" + name, key -> new Repository());
    }

    /** Lets only go in who shows this. */
    public void requireToken(String required) {
        token = required;
    }

    public List<Request> received() {
        return received;
    }

    /** What the server beside it was asked. */
    public List<Request> receivedElsewhere() {
        return receivedElsewhere;
    }

    /** Requests for a file's bytes, here and elsewhere. */
    List<Request> transfers(String path) {
        List<Request> all = new ArrayList<>(received);
        all.addAll(receivedElsewhere);
        return all.stream()
                .filter(request -> request.path().endsWith("/" + path))
                .toList();
    }

    private void hub(Request request, OutputStream out) throws IOException {
        if (token != null && !("Bearer " + token).equals(request.header("Authorization"))) {
            error(request, out, "401 Unauthorized", "RepoNotFound", "Repository not found");
            return;
        }
        String path = request.path().replaceAll("\\?.*", "");
        String[] parts = Arrays.stream(path.substring(1).split("/"))
                .map(part -> URLDecoder.decode(part, StandardCharsets.UTF_8))
                .toArray(String[]::new);
        if (request.method().equals("POST")) {
            new HubUploads(this).post(request, parts, out);
            return;
        }
        if (!parts[0].equals("api")) {
            resolve(request, parts, out);
            return;
        }
        Repository repository =
                parts.length < 4 ? null : repositories.get(String.join("/", parts[1], parts[2], parts[3]));
        if (repository == null) {
            error(request, out, "404 Not Found", "RepoNotFound", "Repository not found");
        } else if (parts.length < 6 || parts[4].equals("revision")) {
            String revision = parts.length < 6 ? "main" : parts[5];
            if (!revision.equals("main") && !revision.equals(repository.commit)) {
                error(request, out, "404 Not Found", "RevisionNotFound", "Invalid rev id: " + revision);
                return;
            }
            ObjectNode info = JSON.createObjectNode();
            info.put("id", parts[2] + "/" + parts[3])
                    .put("sha", repository.commit)
                    .put("private", false);
            info.putPOJO("gated", repository.gated);
            info.putObject("cardData").put("license", repository.licence);
            ArrayNode siblings = info.putArray("siblings");
            repository.files.keySet().forEach(file -> siblings.addObject().put("rfilename", file));
            respond(
                    request,
                    out,
                    "200 OK",
                    "Content-Type: application/json\r\n",
                    info.toString().getBytes(StandardCharsets.UTF_8));
        } else {
            tree(request, repository, out);
        }
    }

    private void tree(Request request, Repository repository, OutputStream out) throws IOException {
        int from = request.path().contains("cursor=")
                ? Integer.parseInt(request.path().replaceAll(".*cursor=(\\d+).*", "$1"))
                : 0;
        ArrayNode page = JSON.createArrayNode();
        List<String> paths = List.copyOf(repository.files.keySet());
        if (from == 0 && paths.stream().anyMatch(path -> path.contains("/"))) {
            page.addObject()
                    .put("type", "directory")
                    .put("path", "folder")
                    .put("oid", "0".repeat(40))
                    .put("size", 0);
        }
        for (String path : paths.subList(from, Math.min(paths.size(), from + pageSize))) {
            Content content = repository.files.get(path);
            ObjectNode entry = page.addObject().put("type", "file").put("oid", content.blob());
            entry.put("size", content.bytes().length).put("path", path);
            if (content.large()) {
                entry.putObject("lfs")
                        .put("oid", content.sha256())
                        .put("size", content.bytes().length)
                        .put("pointerSize", 134);
            }
        }
        String next = from + pageSize < paths.size()
                ? "Link: <" + url() + request.path().replaceAll("\\?.*", "") + "?recursive=true&cursor="
                        + (from + pageSize) + ">; rel=\"next\"\r\n"
                : "";
        respond(
                request,
                out,
                "200 OK",
                "Content-Type: application/json\r\n" + next,
                page.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void resolve(Request request, String[] parts, OutputStream out) throws IOException {
        boolean dataset = parts[0].equals("datasets");
        int at = dataset ? 1 : 0;
        Repository repository = parts.length < at + 4
                ? null
                : repositories.get((dataset ? "datasets/" : "models/") + parts[at] + "/" + parts[at + 1]);
        if (repository == null) {
            error(request, out, "404 Not Found", "RepoNotFound", "Repository not found");
            return;
        }
        if (!repository.gated.equals(false) && request.header("Authorization") == null) {
            error(request, out, "401 Unauthorized", "GatedRepo", "Access to model is restricted");
            return;
        }
        String path = String.join("/", Arrays.copyOfRange(parts, at + 4, parts.length));
        Content content = repository.files.get(path);
        if (content == null) {
            error(request, out, "404 Not Found", "EntryNotFound", "Entry not found");
            return;
        }
        String facts = "X-Repo-Commit: " + repository.commit + "\r\n";
        if (content.large()) {
            respond(
                    request,
                    out,
                    "302 Found",
                    facts + "Location: " + elsewhere() + "/" + content.sha256() + "/" + path + "\r\nX-Linked-Etag: \""
                            + content.sha256() + "\"\r\nX-Linked-Size: " + content.bytes().length + "\r\n",
                    new byte[0]);
        } else {
            bytes(request, out, facts + "ETag: \"" + content.blob() + "\"\r\n", content.bytes());
        }
    }

    private void storage(Request request, OutputStream out) throws IOException {
        if (request.method().equals("PUT")) {
            stored.put(request.path(), request.body());
            respond(request, out, "200 OK", "ETag: \"part" + stored.size() + "\"\r\n", new byte[0]);
            return;
        }
        String hash = request.path().split("/")[1];
        byte[] found = repositories.values().stream()
                .flatMap(repository -> repository.files.values().stream())
                .filter(content -> content.sha256().equals(hash))
                .map(Content::bytes)
                .findFirst()
                .orElseThrow();
        bytes(request, out, "ETag: \"of-the-storage\"\r\n", found);
    }

    /** All bytes, or the range that was asked for. */
    static void bytes(Request request, OutputStream out, String headers, byte[] all) throws IOException {
        long from = request.from();
        if (request.header("Range") == null) {
            respond(request, out, "200 OK", headers + "Accept-Ranges: bytes\r\n", all);
        } else if (from >= all.length) {
            respond(
                    request,
                    out,
                    "416 Range Not Satisfiable",
                    "Content-Range: bytes */" + all.length + "\r\n",
                    new byte[0]);
        } else {
            respond(
                    request,
                    out,
                    "206 Partial Content",
                    headers + "Content-Range: bytes " + from + "-" + (all.length - 1) + "/" + all.length + "\r\n",
                    Arrays.copyOfRange(all, (int) from, all.length));
        }
    }

    static void error(Request request, OutputStream out, String status, String code, String message)
            throws IOException {
        respond(
                request,
                out,
                status,
                "X-Error-Code: " + code + "\r\nX-Error-Message: " + message + "\r\n",
                ("{\"error\": \"" + message + "\"}").getBytes(StandardCharsets.UTF_8));
    }

    public static void respond(Request request, OutputStream out, String status, String headers, byte[] body)
            throws IOException {
        out.write(("HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + body.length
                        + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        if (!request.method().equals("HEAD")) {
            out.write(body);
        }
    }

    static void json(Request request, OutputStream out, JsonNode json) throws IOException {
        respond(
                request,
                out,
                "200 OK",
                "Content-Type: application/json\r\n",
                json.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        socket.close();
        elsewhere.close();
        threads.shutdownNow();
    }

    /** Serves folders until it is ended, for a hand that tries things: PORT, then models/ORG/NAME=FOLDER each. */
    public static void main(String[] args) throws Exception {
        try (HubServer server = new HubServer(Integer.parseInt(args[0]))) {
            for (int i = 1; i < args.length; i++) {
                String[] pair = args[i].split("=", 2);
                Repository repository = server.repositories.computeIfAbsent(pair[0], key -> new Repository());
                java.nio.file.Path folder = java.nio.file.Path.of(pair[1]);
                try (var files = java.nio.file.Files.walk(folder)) {
                    for (java.nio.file.Path file :
                            files.filter(java.nio.file.Files::isRegularFile).toList()) {
                        byte[] bytes = java.nio.file.Files.readAllBytes(file);
                        boolean large =
                                bytes.length > 100_000 || file.toString().endsWith(".safetensors");
                        repository.files.put(folder.relativize(file).toString(), new Content(bytes, large));
                    }
                }
            }
            System.out.println(server.url());
            Thread.sleep(Long.MAX_VALUE);
        }
    }
}
