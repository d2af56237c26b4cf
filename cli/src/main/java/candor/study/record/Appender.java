package candor.study.record;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.LineAppender;
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
    private final LineAppender end;

    private Appender(Path file, LineAppender end) {
        this.file = file;
        this.end = end;
    }

    static Appender open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        return new Appender(file, new LineAppender(channel, channel.size()));
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
        try {
            end.append(all.toByteArray());
        } catch (IOException e) {
            throw new BadInput(
                    file + ": cannot be written (" + IoReason.of(e) + "); make room, then start the study again", e);
        }
    }

    void force() throws IOException {
        end.force();
    }

    @Override
    public void close() throws IOException {
        end.close();
    }
}
