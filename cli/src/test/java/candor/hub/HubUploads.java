package candor.hub;

import candor.hub.HubServer.Request;
import candor.io.Sha256;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Base64;
import java.util.TreeMap;

/** How a {@link HubServer} takes files: it tells how each shall come, gives addresses for large ones, and makes a commit of all. */
final class HubUploads {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HubServer server;

    HubUploads(HubServer server) {
        this.server = server;
    }

    void post(Request request, String[] parts, OutputStream out) throws IOException {
        if (request.path().equals("/api/verify") || request.path().equals("/api/validate-yaml")) {
            HubServer.json(request, out, JSON.createObjectNode());
        } else if (request.path().equals("/api/repos/create")) {
            JsonNode asked = JSON.readTree(request.body());
            String name = asked.path("organization").asText() + "/"
                    + asked.path("name").asText();
            server.model(name);
            HubServer.json(request, out, JSON.createObjectNode().put("url", server.url() + "/" + name));
        } else if (request.path().endsWith(".git/info/lfs/objects/batch")) {
            batch(request, out);
        } else if (parts[4].equals("branch")) {
            HubServer.json(request, out, JSON.createObjectNode());
        } else if (parts[4].equals("preupload")) {
            ArrayNode files = JSON.createArrayNode();
            JSON.readTree(request.body()).path("files").forEach(file -> files.addObject()
                    .put("path", file.path("path").asText())
                    .put("uploadMode", file.path("path").asText().endsWith(".safetensors") ? "lfs" : "regular")
                    .put("shouldIgnore", false));
            ObjectNode answer = JSON.createObjectNode();
            answer.set("files", files);
            HubServer.json(request, out, answer);
        } else {
            commit(request, parts[2] + "/" + parts[3], out);
        }
    }

    private void batch(Request request, OutputStream out) throws IOException {
        ObjectNode answer = JSON.createObjectNode().put("transfer", "basic");
        ArrayNode objects = answer.putArray("objects");
        JSON.readTree(request.body()).path("objects").forEach(object -> {
            ObjectNode entry = objects.addObject();
            entry.setAll((ObjectNode) object);
            String oid = object.path("oid").asText();
            boolean there = server.stored.values().stream()
                    .anyMatch(bytes -> Sha256.hex(bytes).equals(oid));
            if (!there) {
                ObjectNode actions = entry.putObject("actions");
                actions.putObject("upload").put("href", server.elsewhere() + "/put/" + oid + "?signature=secret");
                actions.putObject("verify").put("href", server.url() + "/api/verify");
            }
        });
        HubServer.json(request, out, answer);
    }

    /** What came in one piece, or in parts. */
    private byte[] stored(String oid) {
        return server.stored.values().stream()
                .filter(bytes -> Sha256.hex(bytes).equals(oid))
                .findFirst()
                .orElseGet(() -> {
                    ByteArrayOutputStream parts = new ByteArrayOutputStream();
                    new TreeMap<>(server.stored).values().forEach(parts::writeBytes);
                    if (!Sha256.hex(parts.toByteArray()).equals(oid)) {
                        throw new IllegalStateException("a commit names a file that nobody sent");
                    }
                    return parts.toByteArray();
                });
    }

    private void commit(Request request, String name, OutputStream out) throws IOException {
        for (String line : request.text().lines().toList()) {
            JsonNode value = JSON.readTree(line).path("value");
            switch (JSON.readTree(line).path("key").asText()) {
                case "file" ->
                    server.model(name)
                            .small(
                                    value.path("path").asText(),
                                    Base64.getDecoder()
                                            .decode(value.path("content").asText()));
                case "lfsFile" -> {
                    String oid = value.path("oid").asText();
                    byte[] bytes = stored(oid);
                    server.model(name).large(value.path("path").asText(), bytes);
                }
                default -> {}
            }
        }
        HubServer.json(
                request,
                out,
                JSON.createObjectNode()
                        .put("commitUrl", server.url() + "/" + name + "/commit/" + HubServer.COMMIT)
                        .put("commitOid", HubServer.COMMIT));
    }
}
