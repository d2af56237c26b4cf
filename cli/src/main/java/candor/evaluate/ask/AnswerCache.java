package candor.evaluate.ask;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Sha256;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers on disk, of the model and of judges, under a hash of everything that was asked. A run that was stopped anywhere
 * goes on with what is there, and the same evaluation a second time asks nothing.
 *
 * <p>Every opened cache appends to a file of its own, a line an answer, and reads those of all others that were there when it was
 * opened; so processes and machines may share a folder. A line that is not what it should be (cut, too long) is passed over, and its
 * question asked anew. Nothing is forced to the disk: a killed process loses no answer, a machine without power may lose some.
 */
public final class AnswerCache {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerCache.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_BYTES = 16 << 20;
    private static final int MAX_FILES = 100_000;
    private static final String PREFIX = "answers-";
    private static final String SUFFIX = ".jsonl";
    private static final String BEFORE_KEY = "{\"key\":\"";
    private static final int KEY_END = BEFORE_KEY.length() + 64;

    /** Where a line stands. */
    private record Place(Path file, long offset, int length) {}

    private final Path folder;
    private final Map<String, Place> places = new HashMap<>();
    private Path own;
    private long ownBytes;

    private AnswerCache(Path folder) {
        this.folder = folder;
    }

    /** A cache in a folder, which is made where it is missing. */
    public static AnswerCache in(Path folder) {
        AnswerCache cache = new AnswerCache(folder);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be created as a folder; choose another one", e);
        }
        for (Path file : cache.files()) {
            try {
                cache.index(file);
            } catch (IOException e) {
                throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
            }
        }
        return cache;
    }

    private List<Path> files() {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> {
                        String name = file.getFileName().toString();
                        return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
                    })
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + IoReason.of(e), e);
        }
    }

    /** Notes where each whole line of a file stands, without reading more of it than its key. */
    private void index(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            byte[] head = new byte[KEY_END];
            long offset = 0;
            long length = 0;
            int last = -1;
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b != '\n') {
                    if (length < KEY_END) {
                        head[(int) length] = (byte) b;
                    }
                    length++;
                    last = b;
                    continue;
                }
                String start = new String(head, 0, (int) Math.min(length, KEY_END), StandardCharsets.UTF_8);
                if (length > KEY_END && length <= MAX_BYTES && last == '}' && start.startsWith(BEFORE_KEY)) {
                    places.put(start.substring(BEFORE_KEY.length()), new Place(file, offset, (int) length));
                } else {
                    LOG.warn("{}: has a line at byte {} that is not one of our answers; it is skipped", file, offset);
                }
                offset += length + 1;
                length = 0;
            }
        }
    }

    /** What was answered to this; empty where it was not asked yet. */
    public synchronized Optional<JsonNode> get(ObjectNode asked) {
        String key = key(asked);
        Place place = places.get(key);
        if (place == null) {
            return Optional.empty();
        }
        try {
            JsonNode kept = JSON.readTree(read(place));
            if (key.equals(kept.path("key").asText()) && kept.has("answer")) {
                return Optional.of(kept.get("answer"));
            }
            LOG.warn("{}: is not one of our answers; asking again", place.file());
        } catch (JsonProcessingException e) {
            LOG.warn("{}: is not whole; asking again", place.file());
        } catch (IOException e) {
            throw new BadInput(place.file() + ": cannot be read: " + IoReason.of(e), e);
        }
        places.remove(key);
        return Optional.empty();
    }

    private static byte[] read(Place place) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(place.length());
        try (FileChannel channel = FileChannel.open(place.file(), StandardOpenOption.READ)) {
            for (int n = 0; n >= 0 && bytes.hasRemaining(); ) {
                n = channel.read(bytes, place.offset() + bytes.position());
            }
        }
        return bytes.array();
    }

    /** Keeps an answer. */
    public synchronized void put(ObjectNode asked, JsonNode answer) {
        String key = key(asked);
        ObjectNode kept = JsonNodeFactory.instance.objectNode().put("key", key);
        kept.set("answer", answer);
        try {
            byte[] line = JSON.writeValueAsBytes(kept);
            if (own == null) {
                own = begin();
            }
            ByteBuffer bytes = ByteBuffer.allocate(line.length + 1)
                    .put(line)
                    .put((byte) '\n')
                    .flip();
            try (FileChannel channel = FileChannel.open(own, StandardOpenOption.APPEND)) {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
            places.put(key, new Place(own, ownBytes, line.length));
            ownBytes += line.length + 1;
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": an answer cannot be written: " + IoReason.of(e) + "; check the folder and the disk", e);
        }
    }

    /** A file that nobody else has. */
    private Path begin() throws IOException {
        for (int n = 1; n <= MAX_FILES; n++) {
            Path file = folder.resolve(PREFIX + n + SUFFIX);
            try {
                return Files.createFile(file);
            } catch (FileAlreadyExistsException taken) {
                continue;
            }
        }
        throw new BadInput(folder + ": holds " + MAX_FILES + " files of answers; clear it, or choose another folder");
    }

    private static String key(ObjectNode asked) {
        return Sha256.hex(asked.toString());
    }
}
