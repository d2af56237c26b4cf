package candor.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The right to write a file, which one process has at a time; the operating system takes it back when the process ends. */
public final class Locks {
    private Locks() {}

    /** Takes it until the channel is closed; false where another process has it, or this one through another channel. */
    public static boolean take(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /**
     * Whether another process has it now; true where that cannot be told. Asking has it for a moment, and a process that has it
     * itself must not ask: closing any channel of a file gives it back (see fcntl(2)).
     */
    public static boolean held(Path file) {
        if (!Files.exists(file)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.tryLock(0, Long.MAX_VALUE, true) == null;
        } catch (IOException | OverlappingFileLockException e) {
            return true;
        }
    }
}
