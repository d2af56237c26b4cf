package candor.generate.file;

import candor.BadInput;
import candor.io.AtomicFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * What a run has done so far: a line with the run's settings, then a line for each row, in the order in which they came. A
 * line is handed to the operating system whole, so a process that is killed leaves whole lines and perhaps a torn last one,
 * which is dropped when the run goes on.
 */
final class Journal implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SETTINGS = "settings";

    /** Room for a line: a row that was read, and what was said. */
    private static final int MOST_LINE_BYTES = 1 << 28;

    private final Path file;
    private final FileChannel channel;
    private final int adapters;
    /** Where each row's JSON begins; −1 where it is not done. */
    private final long[] starts;

    private final int[] lengths;
    private int done;
    private long end;

    private Journal(Path file, FileChannel channel, int prompts, int adapters) {
        this.file = file;
        this.channel = channel;
        this.adapters = adapters;
        starts = new long[Math.multiplyExact(prompts, adapters)];
        lengths = new int[starts.length];
        Arrays.fill(starts, -1);
    }

    /**
     * Begins a journal, or goes on with one.
     *
     * @param settings what a run must have been started with to be gone on with
     * @throws BadInput where it was started with others, where the file is damaged, and where another process writes it
     */
    static Journal open(Path file, ObjectNode settings, int prompts, int adapters) {
        try {
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                lock(file, channel);
                Journal journal = new Journal(file, channel, prompts, adapters);
                journal.begin(settings);
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
            FileLock lock = channel.tryLock();
            locked = lock != null;
        } catch (OverlappingFileLockException e) {
            locked = false;
        }
        if (!locked) {
            throw new BadInput(file + ": another run is writing it; wait for it, or choose another --output");
        }
    }

    private void begin(ObjectNode settings) throws IOException {
        String first = line();
        if (first == null) {
            channel.truncate(0);
            end = 0;
            append(JSON.writeValueAsString(JSON.createObjectNode().set(SETTINGS, settings)));
            return;
        }
        RunSettings.requireSame(file, header(first), settings);
        for (String line = line(); line != null; line = line()) {
            take(line);
        }
        channel.truncate(end);
    }

    private JsonNode header(String line) {
        try {
            JsonNode header = JSON.readTree(line).path(SETTINGS);
            if (header.isObject()) {
                return header;
            }
        } catch (JsonProcessingException e) {
            // Then it is none.
        }
        throw new BadInput(file + ": is not the journal of a run; move it away, or start over with --force");
    }

    /** The line at {@link #end}, which moves behind it; null where there is no whole one. */
    private String line() throws IOException {
        byte[] bytes = new byte[1 << 12];
        int length = 0;
        for (ByteBuffer part = ByteBuffer.allocate(1 << 12); channel.read(part.clear(), end + length) > 0; ) {
            part.flip();
            while (part.hasRemaining()) {
                byte b = part.get();
                if (b == '\n') {
                    end += length + 1;
                    return new String(bytes, 0, length, StandardCharsets.UTF_8);
                }
                if (length == MOST_LINE_BYTES) {
                    throw damaged();
                }
                if (length == bytes.length) {
                    bytes = Arrays.copyOf(bytes, Math.min(MOST_LINE_BYTES, 2 * length));
                }
                bytes[length++] = b;
            }
        }
        return null;
    }

    private static String prefix(int prompt, int adapter) {
        return "{\"prompt\":" + prompt + ",\"adapter\":" + adapter + ",\"row\":";
    }

    /** Notes where the row of a line is. */
    private void take(String line) {
        int prompt;
        int adapter;
        try {
            JsonNode node = JSON.readTree(line);
            prompt = node.path("prompt").asInt(-1);
            adapter = node.path("adapter").asInt(-1);
            if (!node.path("row").isObject() || !line.startsWith(prefix(prompt, adapter))) {
                throw damaged();
            }
        } catch (JsonProcessingException e) {
            throw damaged();
        }
        int bytes = line.getBytes(StandardCharsets.UTF_8).length;
        if (prompt < 0 || adapter < 0 || adapter >= adapters || prompt >= starts.length / adapters) {
            throw damaged();
        }
        note(prompt, adapter, end - 1 - bytes, bytes);
    }

    private BadInput damaged() {
        return new BadInput(file + ": is damaged before byte " + end + "; start over with --force");
    }

    private void note(int prompt, int adapter, long lineStart, int lineBytes) {
        int index = prompt * adapters + adapter;
        if (starts[index] >= 0) {
            throw new BadInput(file + ": holds prompt " + (prompt + 1) + " twice; start over with --force");
        }
        int skipped = prefix(prompt, adapter).length();
        starts[index] = lineStart + skipped;
        lengths[index] = lineBytes - skipped - 1;
        done++;
    }

    boolean has(int prompt, int adapter) {
        return starts[prompt * adapters + adapter] >= 0;
    }

    /** How many rows are done. */
    int done() {
        return done;
    }

    /** Adds a row that is done. */
    void add(int prompt, int adapter, ObjectNode row) {
        try {
            String line = prefix(prompt, adapter) + JSON.writeValueAsString(row) + "}";
            long start = end;
            append(line);
            note(prompt, adapter, start, (int) (end - 1 - start));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private void append(String line) throws IOException {
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

    /** Writes all rows, in the order of prompts and adapters, each on a line; all of them must be done. */
    void writeInOrder(Path output) {
        try (AtomicFile to = AtomicFile.create(output)) {
            for (int i = 0; i < starts.length; i++) {
                ByteBuffer row = ByteBuffer.allocate(lengths[i] + 1);
                row.limit(lengths[i]);
                while (row.hasRemaining()) {
                    if (channel.read(row, starts[i] + row.position()) < 0) {
                        throw new BadInput(file + ": has become shorter; start over with --force");
                    }
                }
                row.limit(lengths[i] + 1).put((byte) '\n').flip();
                to.write(row);
            }
            to.commit();
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read (" + e.getMessage() + "); check the disk", e);
        }
    }

    private static BadInput unwritable(Path file, IOException e) {
        return new BadInput(
                file + ": cannot be written (" + e.getMessage() + "); check the folder, its permissions and the disk",
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
