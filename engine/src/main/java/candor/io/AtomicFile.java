package candor.io;

import candor.BadInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that appears whole or not at all: it is written beside its place, forced to the disk, and moved there in one
 * step. Closed without {@link #commit}, it leaves nothing. What cannot be written is a {@link BadInput}: a full disk
 * and a read-only folder are for the user to mend.
 */
public final class AtomicFile implements AutoCloseable {
    private final Path target;
    private final Path partial;
    private final FileChannel channel;
    private boolean committed;

    private AtomicFile(Path target, Path partial, FileChannel channel) {
        this.target = target;
        this.partial = partial;
        this.channel = channel;
    }

    /** Begins a file; one that is there already stays untouched until {@link #commit}. */
    public static AtomicFile create(Path target) {
        Path partial = target.resolveSibling(
                "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".partial");
        try {
            Files.deleteIfExists(partial);
            FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new AtomicFile(target, partial, channel);
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    /** Begins a file with these bytes; where they cannot be written, nothing of it is left. */
    public static AtomicFile begin(Path target, byte[] first) {
        AtomicFile file = create(target);
        try {
            file.write(ByteBuffer.wrap(first));
            return file;
        } catch (BadInput e) {
            file.close();
            throw e;
        }
    }

    /** Writes all bytes, whole. */
    public static void write(Path target, byte[] bytes) {
        try (AtomicFile file = create(target)) {
            file.write(ByteBuffer.wrap(bytes));
            file.commit();
        }
    }

    /** Appends everything that remains in the buffer. */
    public void write(ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    /** Makes the file appear in its place. */
    public void commit() {
        try {
            channel.force(true);
            channel.close();
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw unwritable(target, e);
        }
        committed = true;
        forceFolder();
    }

    /** The move itself must reach the disk too; some systems cannot open a folder for that, and need not. */
    private void forceFolder() {
        try (FileChannel folder = FileChannel.open(target.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            return;
        }
    }

    @Override
    public void close() {
        if (committed) {
            return;
        }
        try {
            channel.close();
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    static BadInput unwritable(Path file, IOException e) {
        return new BadInput(
                file + ": cannot be written (" + InputFile.reason(e)
                        + "); check the folder, its permissions and the disk",
                e);
    }
}
