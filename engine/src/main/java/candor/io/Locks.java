package candor.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;

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
}
