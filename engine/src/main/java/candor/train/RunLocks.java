package candor.train;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Locks;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right to write the folders of runs, which one process has at a time. The operating system takes it back when a process
 * ends, however it ends; the empty file stays, since taking it away would let two have it.
 */
final class RunLocks implements AutoCloseable {
    private static final String FILE = ".lock";

    /** What this process has: asking the system about it would give it back (closing any channel of a file does, see fcntl(2)). */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final List<FileChannel> channels = new ArrayList<>();
    private final List<Path> folders = new ArrayList<>();

    private RunLocks() {}

    /**
     * Takes the folders of all runs, or none.
     *
     * @throws BadInput where another process has one, or has changed it since its record was read
     */
    static RunLocks take(List<RunRecord> runs) {
        RunLocks locks = new RunLocks();
        try {
            for (RunRecord run : runs) {
                locks.take(run.folder());
                run.requireUnchanged();
            }
            return locks;
        } catch (RuntimeException e) {
            locks.close();
            throw e;
        }
    }

    /** Of a process that writes no folder. */
    static RunLocks none() {
        return new RunLocks();
    }

    private void take(Path folder) {
        Path file = folder.resolve(FILE);
        boolean locked;
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            channels.add(channel);
            locked = Locks.take(channel);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be locked (" + IoReason.of(e) + ")", "choose another {output}", e);
        }
        if (locked) {
            folders.add(key(folder));
            HELD.add(key(folder));
        } else {
            throw new BadInput(
                    folder + ": another process is training there", "wait for it, or choose another {output}");
        }
    }

    /** Whether a process has a run's folder now, this one or another; true where that cannot be told. */
    static boolean held(Path folder) {
        return HELD.contains(key(folder)) || Locks.held(folder.resolve(FILE));
    }

    private static Path key(Path folder) {
        return folder.toAbsolutePath().normalize();
    }

    @Override
    public void close() {
        folders.forEach(HELD::remove);
        for (FileChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new BadInput("a lock cannot be given back: " + IoReason.of(e), e);
            }
        }
    }
}
