package candor.study.record;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Predicate;

/** The end of a file of lines. */
final class Appender implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private long end;

    private Appender(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        end = channel.size();
    }

    static Appender open(Path file) throws IOException {
        return new Appender(file, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
    }

    /** Keeps the lines that pass, and no half line; the file changes as a whole, and only where something is dropped. */
    static void keep(Path file, Predicate<Fields> passes) {
        boolean[] dropped = new boolean[1];
        try (AtomicFile kept = AtomicFile.create(file)) {
            boolean torn = JsonLines.read(file, line -> {
                if (passes.test(line.fields())) {
                    kept.write(ByteBuffer.wrap(line.bytes()));
                } else {
                    dropped[0] = true;
                }
            });
            if (torn || dropped[0]) {
                kept.commit();
            }
        }
    }

    /** Appends the lines, all of them or none. */
    void append(List<ObjectNode> lines) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        lines.forEach(line -> all.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8)));
        ByteBuffer bytes = ByteBuffer.wrap(all.toByteArray());
        int length = bytes.remaining();
        try {
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes, end + bytes.position());
                }
            } catch (IOException e) {
                channel.truncate(end); // on a full disk: half a line is of no use to anyone
                throw e;
            }
        } catch (IOException e) {
            throw new BadInput(
                    file + ": cannot be written (" + IoReason.of(e) + "); make room, then start the study again", e);
        }
        end += length;
    }

    void force() throws IOException {
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
