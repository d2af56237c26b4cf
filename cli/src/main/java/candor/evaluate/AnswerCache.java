package candor.evaluate;

import candor.BadInput;
import candor.IoReason;
import candor.model.AtomicFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers on disk, of the model and of judges, under a hash of everything that was asked. A run that was stopped anywhere
 * goes on with what is there, and the same evaluation a second time asks nothing.
 *
 * <p>One file an answer, which appears whole or not at all. A file that is not what it should be (cut, too large, of another
 * key) is passed over, and its question asked anew. Threads may share a cache; so may processes.
 */
public final class AnswerCache {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerCache.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MAX_BYTES = 16 << 20;

    private final Path folder;

    private AnswerCache(Path folder) {
        this.folder = folder;
    }

    /** A cache in a folder, which is made where it is missing. */
    public static AnswerCache in(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be made a folder; choose another one", e);
        }
        return new AnswerCache(folder);
    }

    /** What was answered to this; empty where it was not asked yet. */
    public Optional<JsonNode> get(ObjectNode asked) {
        String key = key(asked);
        Path file = file(key);
        try {
            if (!Files.isRegularFile(file)) {
                return Optional.empty();
            }
            if (Files.size(file) <= MAX_BYTES) {
                JsonNode kept = JSON.readTree(Files.readAllBytes(file));
                if (key.equals(kept.path("key").asText()) && kept.has("answer")) {
                    return Optional.of(kept.get("answer"));
                }
            }
            LOG.warn("{}: is no answer of ours; asking again", file);
        } catch (JsonProcessingException e) {
            LOG.warn("{}: is not whole; asking again", file);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        return Optional.empty();
    }

    /** Keeps an answer. One thread at a time: two with the same question must not write one file together. */
    public synchronized void put(ObjectNode asked, JsonNode answer) {
        String key = key(asked);
        Path file = file(key);
        ObjectNode kept = JsonNodeFactory.instance.objectNode().put("key", key);
        kept.set("answer", answer);
        try {
            Files.createDirectories(file.getParent());
            AtomicFile.write(file, JSON.writeValueAsBytes(kept));
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be written: " + e.getMessage() + "; check the folder and the disk", e);
        }
    }

    private Path file(String key) {
        return folder.resolve(key.substring(0, 2)).resolve(key.substring(2) + ".json");
    }

    private static String key(ObjectNode asked) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(asked.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
