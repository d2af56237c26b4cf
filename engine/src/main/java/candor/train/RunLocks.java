package candor.train;

import candor.BadInput;
import candor.IoReason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The right to write the folders of runs, which one process has at a time. The operating system takes it back when a process
 * ends, however it ends; the empty file stays, since taking it away would let two have it.
 */
final class RunLocks implements AutoCloseable {
    private static final String FILE = ".lock";

    private final List<FileChannel> channels = new ArrayList<>();

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

    private void take(Path folder) {
        Path file = folder.resolve(FILE);
        boolean locked;
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            channels.add(channel);
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            locked = false; // held by this very process
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be locked (" + IoReason.of(e) + "); choose another --output", e);
        }
        if (!locked) {
            throw new BadInput(folder + ": another process is training there; wait for it, or choose another --output");
        }
    }

    @Override
    public void close() {
        for (FileChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new BadInput("a lock cannot be given back: " + IoReason.of(e), e);
            }
        }
    }
}
