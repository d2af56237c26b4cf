package candor.io;

import candor.BadInput;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What long work has done so far, so that it goes on where it was stopped: a line with the settings that it was begun under, then a line
 * for each thing that is done, under a key of its own, in the order in which they came. A torn last line, as a killed process leaves it,
 * is dropped. One process writes a journal at a time. Of the values the journal keeps in memory only where they stand.
 */
public final class Journal implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Room for a line: a row that was read, and what was said. */
    private static final int MOST_LINE_BYTES = 1 << 28;

    private static final String SETTINGS = "settings";
    private static final String KEY = "key";
    private static final String VALUE = "value";

    /** Where the JSON of a value stands in the file. */
    private record Place(long start, int length) {}

    private final Path file;
    private final FileChannel channel;
    private final String startOver;
    private final Map<String, Place> places = new HashMap<>();
    private LineAppender lines;

    private Journal(Path file, FileChannel channel, String startOver) {
        this.file = file;
        this.channel = channel;
        this.startOver = startOver;
    }

    /**
     * Begins a journal, or goes on with one.
     *
     * @param settings what it must have been begun under to be gone on with
     * @param startOver how to start over, as advice of a {@link BadInput}: "start over with {force}"
     * @throws BadInput where it was begun under others, is damaged, or another process writes it
     */
    public static Journal open(Path file, ObjectNode settings, String startOver) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (!Locks.take(channel)) {
                    throw new BadInput(
                            file + ": another process is writing it", "wait for it, or choose another {output}");
                }
                Journal journal = new Journal(file, channel, startOver);
                journal.read(settings);
                return journal;
            } catch (RuntimeException | IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw AtomicFile.unwritable(file, e);
        }
    }

    private void read(ObjectNode settings) throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 16);
        long end = 0;
        int number = 0;
        for (byte[] line = line(in, 1); line != null; line = line(in, number + 1)) {
            number++;
            JsonNode node = parse(line, number);
            if (number == 1) {
                begun(node.path(SETTINGS), settings);
            } else {
                take(node, line, number, end);
            }
            end += line.length + 1;
        }
        lines = new LineAppender(channel, end);
        if (number == 0) {
            append(JSON.writeValueAsBytes(JSON.createObjectNode().set(SETTINGS, settings)));
        }
    }

    /** The next whole line; null where there is none. */
    private byte[] line(InputStream in, int number) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            if (b == '\n') {
                return bytes.toByteArray();
            }
            if (bytes.size() == MOST_LINE_BYTES) {
                throw damaged(number);
            }
            bytes.write(b);
        }
        return null;
    }

    private JsonNode parse(byte[] line, int number) {
        try {
            return JSON.readTree(new String(line, StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw damaged(number);
        }
    }

    private void begun(JsonNode then, ObjectNode settings) {
        if (!then.isObject()) {
            throw new BadInput(file + ": is not a journal of ours", startOver);
        }
        difference(then, settings).ifPresent(difference -> {
            throw new BadInput(
                    file + ": was begun with other settings: " + difference, "give the old ones, or " + startOver);
        });
    }

    /** Notes where the value of a line stands: our own lines alone are as we write them. */
    private void take(JsonNode node, byte[] line, int number, long start) {
        String key = node.path(KEY).textValue();
        if (key == null || !node.has(VALUE)) {
            throw damaged(number);
        }
        byte[] before = before(key);
        boolean ours = line.length > before.length
                && line[line.length - 1] == '}'
                && ByteBuffer.wrap(line, 0, before.length).equals(ByteBuffer.wrap(before));
        if (!ours) {
            throw damaged(number);
        }
        Place place = new Place(start + before.length, line.length - before.length - 1);
        if (places.put(key, place) != null) {
            throw new BadInput(file + ", line " + number + ": is there twice", startOver);
        }
    }

    private static byte[] before(String key) {
        return ("{\"" + KEY + "\":" + JsonNodeFactory.instance.textNode(key) + ",\"" + VALUE + "\":")
                .getBytes(StandardCharsets.UTF_8);
    }

    private BadInput damaged(int line) {
        return new BadInput(file + ", line " + line + ": is damaged", startOver);
    }

    /** Where settings differ from those of another time, as in "top_p was 0.95, is 0.9"; empty where they do not. */
    public static Optional<String> difference(JsonNode then, ObjectNode now) {
        JsonNode asRead;
        try {
            asRead = JSON.readTree(now.toString()); // read back, a number may be of another Java type
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("settings always make JSON", e);
        }
        return difference("", then, asRead);
    }

    private static Optional<String> difference(String path, JsonNode then, JsonNode now) {
        Set<String> keys = new LinkedHashSet<>();
        now.fieldNames().forEachRemaining(keys::add);
        then.fieldNames().forEachRemaining(keys::add);
        for (String key : keys) {
            JsonNode before = then.path(key);
            JsonNode after = now.path(key);
            if (!before.equals(after)) {
                return before.isObject() && after.isObject()
                        ? difference(path + key + ".", before, after)
                        : Optional.of(path + key + " was " + shortened(before) + ", is " + shortened(after));
            }
        }
        return Optional.empty();
    }

    private static String shortened(JsonNode value) {
        String text = value.isMissingNode() ? "not there" : value.toString();
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    public boolean has(String key) {
        return places.containsKey(key);
    }

    /** How many things are done. */
    public int size() {
        return places.size();
    }

    /** What was kept under a key; null where nothing was. */
    public JsonNode get(String key) {
        if (!has(key)) {
            return null;
        }
        try {
            return JSON.readTree(bytes(key));
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    /** The JSON of what was kept under a key, as it stands in the file. */
    public byte[] bytes(String key) {
        Place place = places.get(key);
        ByteBuffer bytes = ByteBuffer.allocate(place.length());
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, place.start() + bytes.position()) < 0) {
                    throw new BadInput(file + ": has become shorter", startOver);
                }
            }
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
        return bytes.array();
    }

    /** Keeps something under a key that is new. */
    public void put(String key, JsonNode value) {
        if (has(key)) {
            throw new IllegalStateException(key + " is there already");
        }
        try {
            byte[] json = JSON.writeValueAsBytes(value);
            byte[] before = before(key);
            byte[] line = ByteBuffer.allocate(before.length + json.length + 1)
                    .put(before)
                    .put(json)
                    .put((byte) '}')
                    .array();
            places.put(key, new Place(append(line) + before.length, json.length));
        } catch (IOException e) {
            throw AtomicFile.unwritable(file, e);
        }
    }

    private long append(byte[] line) throws IOException {
        byte[] ended = Arrays.copyOf(line, line.length + 1);
        ended[line.length] = '\n';
        return lines.append(ended);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw AtomicFile.unwritable(file, e);
        }
    }
}
