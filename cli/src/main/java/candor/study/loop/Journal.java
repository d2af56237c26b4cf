package candor.study.loop;

import candor.BadInput;
import candor.io.IoReason;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * What was said so far: a line with the settings that it was said under, then a line for each thing said, under a key of its
 * own, in the order in which they came. A line is handed to the operating system whole, so that a killed process leaves whole
 * lines and perhaps a torn last one, which is dropped. One process writes it at a time.
 */
final class Journal implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_LINE_BYTES = 1 << 22;
    private static final String SETTINGS = "settings";
    private static final String KEY = "key";
    private static final String VALUE = "value";

    private final Path file;
    private final FileChannel channel;
    private final Map<String, JsonNode> said = new HashMap<>();
    private long end;

    private Journal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Begins a journal, or goes on with one.
     *
     * @param settings what it must have been begun under to be gone on with
     * @throws BadInput where it was begun under others, is damaged, or another process writes it
     */
    static Journal open(Path file, ObjectNode settings) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                lock(file, channel);
                Journal journal = new Journal(file, channel);
                journal.read(settings);
                return journal;
            } catch (RuntimeException | IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static void lock(Path file, FileChannel channel) throws IOException {
        boolean locked;
        try {
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            locked = false;
        }
        if (!locked) {
            throw new BadInput(file + ": another process is writing it; wait for it, or choose another --output");
        }
    }

    private void read(ObjectNode settings) throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 16);
        int number = 0;
        for (String line = line(in); line != null; line = line(in)) {
            number++;
            JsonNode node = parse(line, number);
            if (number == 1) {
                requireSame(node.path(SETTINGS), settings);
            } else if (!node.path(KEY).isTextual()
                    || !node.has(VALUE)
                    || said.put(node.path(KEY).textValue(), node.get(VALUE)) != null) {
                throw damaged(number);
            }
        }
        channel.truncate(end);
        if (number == 0) {
            append(JSON.createObjectNode().set(SETTINGS, settings));
        }
    }

    /** The next whole line, and {@link #end} behind it; null where there is none. */
    private String line(InputStream in) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            if (b == '\n') {
                end += bytes.size() + 1;
                return bytes.toString(StandardCharsets.UTF_8);
            }
            if (bytes.size() == MOST_LINE_BYTES) {
                throw new BadInput(file + ": has a line of more than " + MOST_LINE_BYTES
                        + " bytes, which is not one of ours; move the file away to start over");
            }
            bytes.write(b);
        }
        return null;
    }

    private JsonNode parse(String line, int number) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw damaged(number);
        }
    }

    private BadInput damaged(int line) {
        return new BadInput(file + ", line " + line + ": is damaged; move the file away to start over");
    }

    private void requireSame(JsonNode before, ObjectNode settings) throws JsonProcessingException {
        // Through text, as a number read back may be of another Java type.
        JsonNode now = JSON.readTree(settings.toString());
        if (before.equals(now)) {
            return;
        }
        String different = "settings";
        for (Map.Entry<String, JsonNode> entry : now.properties()) {
            if (!entry.getValue().equals(before.path(entry.getKey()))) {
                different = entry.getKey();
                break;
            }
        }
        throw new BadInput(file + ": was begun with another " + different
                + "; choose another --output, or move the file" + " away to start over");
    }

    /** What was said under a key; null where nothing was. */
    JsonNode get(String key) {
        return said.get(key);
    }

    /** Keeps what was said under a key that is new. */
    void put(String key, JsonNode value) {
        if (said.putIfAbsent(key, value) != null) {
            throw new IllegalStateException(key + " was said already");
        }
        try {
            append(JsonNodeFactory.instance.objectNode().put(KEY, key).set(VALUE, value));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private void append(JsonNode line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        int length = bytes.remaining();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes, end + bytes.position());
            }
        } catch (IOException e) {
            channel.truncate(end); // on a full disk: half a line is of no use to anyone
            throw e;
        }
        end += length;
    }

    private static BadInput unwritable(Path file, IOException e) {
        return new BadInput(
                file + ": cannot be read or written (" + IoReason.of(e)
                        + "); check the folder, its permissions and the disk",
                e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }
}
