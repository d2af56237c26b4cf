package candor.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The end of a file of lines. What is appended is handed to the operating system whole: a process that is killed leaves whole lines and
 * perhaps a torn last one, and a full disk leaves nothing of what did not fit.
 */
public final class LineAppender implements Closeable {
    private final FileChannel channel;
    private long end;

    /**
     * Appends to a file.
     *
     * @param channel for writing; it is closed with this
     * @param end where the last whole line ends; what stands behind it is dropped
     */
    public LineAppender(FileChannel channel, long end) throws IOException {
        this.channel = channel;
        this.end = end;
        channel.truncate(end);
    }

    /** Appends these bytes, all of them or none; where they begin comes back. */
    public long append(byte[] lines) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(lines);
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes, end + bytes.position());
            }
        } catch (IOException e) {
            channel.truncate(end); // half a line is of no use to anyone
            throw e;
        }
        long start = end;
        end += lines.length;
        return start;
    }

    /** Puts what was appended on the disk. */
    public void force() throws IOException {
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
